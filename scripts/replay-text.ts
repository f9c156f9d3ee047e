// What the core makes of a recording, event by event, in words and as data. No files, no command line.
import type { Recording } from '../src/agent/recorder.js';
import { ROWS } from '../src/core/decisions/rows.js';
import { Instance } from '../src/core/instance.js';
import type { InstanceEffect, InstanceEvent } from '../src/core/interface.js';

export interface ReplayedEvent {
  /** Several lines: when and what happened, each decision with its row, each effect. */
  readonly text: string;
  /** Whether it led to anything but the next check of a peer. */
  readonly isTelling: boolean;
  /** The same, for programs. */
  readonly record: object;
}

/** Gives the events of a recording to the core as it was then. */
export function replayed({ checkpoint, events }: Recording): readonly ReplayedEvent[] {
  const instance = Instance.restore(checkpoint);
  const [first] = events;
  return events.map(({ at, event }) => {
    const effects = instance.handle(event, at);
    const decisions = instance.decisions();
    const seconds = ((at - (first?.at ?? at)) / 1_000_000).toFixed(6).padStart(12);
    const lines = [
      `${seconds} ${eventText(event)}`,
      ...decisions.map(({ virtualRouter, row }) => {
        const [, evidence, action] = ROWS[row];
        return `${' '.repeat(13)}${virtualRouter}: ${row}: ${evidence}; ${action}`;
      }),
      ...effects.map((effect) => `${' '.repeat(13)}-> ${effectText(effect)}`),
    ];
    return {
      text: lines.join('\n'),
      isTelling: decisions.length > 0 || effects.some(({ kind }) => kind !== 'check-peer'),
      record: { at, event, decisions, effects },
    };
  });
}

/** Everything an event says, in one line; what a peer reports is long, and shortened to what it is about. */
function eventText(event: InstanceEvent): string {
  if (event.kind === 'advertisement') {
    const { virtualRouter, source, advertisement } = event;
    return `advertisement of ${virtualRouter} from ${source}, priority ${advertisement.priority}`;
  }
  if (event.kind === 'peer-report') return reportText(event);
  if (event.kind === 'configure') {
    const { mode, virtualRouters } = event.configuration;
    return `configure: mode ${mode}, ${virtualRouters.length} virtual routers`;
  }
  if (event.kind === 'monitor') return `monitor ${event.status.name} is ${event.status.state}`;
  const { kind, ...rest } = event;
  return [kind, ...Object.entries(rest).map(fieldText)].join(' ');
}

function reportText({
  peer,
  address,
  report,
  answered,
}: Extract<InstanceEvent, { kind: 'peer-report' }>): string {
  const routers = report.routers.map((router) => {
    const { state, effectivePriority, addressesPresent, releasing } = router;
    const more = `${addressesPresent ? ' with addresses' : ''}${releasing ? ' releasing' : ''}`;
    return `${state} ${effectivePriority}${more}`;
  });
  const stands = `${report.fit ? 'fit' : 'unfit'}${report.sound ? '' : ', not sound'}`;
  const what = answered ? 'answer' : 'message';
  return `${what} of ${peer} at ${address}: ${stands}; ${routers.join(', ')}`;
}

function effectText(effect: InstanceEffect): string {
  if (effect.kind === 'transition') {
    const { virtualRouter, from, to, reason, because } = effect;
    const why = because === '' ? '' : ` (${because})`;
    return `transition ${virtualRouter}: ${from} -> ${to}, ${reason}${why}`;
  }
  if (effect.kind === 'report') {
    const of = effect.virtualRouter === undefined ? '' : ` of ${effect.virtualRouter}`;
    return `report ${effect.report}${of}: ${effect.detail}`;
  }
  if (effect.kind === 'peer-news') return 'tell the peers';
  const { kind, ...rest } = effect;
  return [kind, ...Object.entries(rest).map(fieldText)].join(' ');
}

const fieldText = ([name, value]: [string, unknown]): string => `${name}=${JSON.stringify(value)}`;
