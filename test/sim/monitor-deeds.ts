// What the monitors of an appliance may say. What follows for the others: watch.ts.
import { PAIRS, type Appliance, type MonitorEvent } from './appliance.js';

export const MONITORS = ['gateway', 'bandwidth', 'upcheck', 'pairs'] as const;
/** `backend`: a second check with a weight, which few have. */
export type Monitor = (typeof MONITORS)[number] | 'backend';
export const WORDS = ['ok', 'failed', 'unknown', 'doubtful'] as const;
export type Word = (typeof WORDS)[number];

/** Upcheck and backend have a weight, link pairs are hard, the others soft. */
export function tellMonitor(appliance: Appliance, monitor: Monitor, word: Word): string {
  const state = word === 'doubtful' ? 'ok' : word;
  appliance.tell(statusOf(monitor, state, word === 'doubtful'));
  return `monitor ${monitor} ${word}`;
}

const WEIGHTS: Readonly<Partial<Record<Monitor, number>>> = { upcheck: 150, backend: 60 };

function statusOf(
  monitor: Monitor,
  state: 'ok' | 'failed' | 'unknown',
  doubtful: boolean,
): MonitorEvent {
  const name = monitor === 'pairs' ? PAIRS : monitor;
  const common = { name, state, detail: '', ...(doubtful ? { doubtful } : {}) };
  const weight = WEIGHTS[monitor] ?? 'soft';
  return {
    kind: 'monitor',
    status:
      monitor === 'pairs'
        ? { ...common, weight: 'hard', fault: 'links-below-minimum' }
        : { ...common, weight },
  };
}
