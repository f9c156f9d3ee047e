// The status as one line for a monitoring plug-in, by the rules that Nagios has for them: state, text, performance
// data, and the exit code. Pure.
import type { Status } from '../../model/status.js';
import { harmless } from './text.js';

export interface PluginAnswer {
  /** 0 sound, 1 degraded, 2 fault, 3 not reachable. */
  readonly code: 0 | 1 | 2 | 3;
  /** One line, without its end. */
  readonly line: string;
}

const WORDS = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;

/** The line would be cut there. */
const MOST_REASONS = 5;

/** What the agent says of itself. */
export function pluginAnswer(status: Status): PluginAnswer {
  const { health, readiness = [] } = status;
  const hindrances = readiness.flatMap((one) => one.hindrances.map(({ reason }) => reason));
  const reasons = [
    ...health.reasons,
    ...hindrances
      .filter((reason) => !health.reasons.includes(reason))
      .map((reason) => `failover would fail: ${reason}`),
  ];
  const told = [...reasons.slice(0, MOST_REASONS), ...more(reasons.length - MOST_REASONS)];
  const why = told.length === 0 ? '' : `; ${told.join('; ')}`;
  const text = `${status.name}: ${status.virtualRouters.map(roleText).join(', ')}${why}`;
  return answer(codeOf(status), text, performanceOf(status));
}

/** When no status could be had: `why` in one sentence. */
export const noAnswer = (why: string): PluginAnswer => answer(3, why, []);

const more = (count: number): string[] => (count > 0 ? [`${count} more reasons`] : []);

/** Nobody to take over is a lack, also where all that is here is well. */
function codeOf({ health, readiness = [] }: Status): 0 | 1 | 2 {
  if (health.state === 'fault') return 2;
  const isReady = readiness.every(({ ready }) => ready);
  return health.state === 'healthy' && isReady ? 0 : 1;
}

const roleText = ({ name, state }: Status['virtualRouters'][number]): string => `${name} ${state}`;

/** `|` would begin the performance data, and a line is all there is. */
const answer = (
  code: PluginAnswer['code'],
  text: string,
  performance: readonly string[],
): PluginAnswer => {
  const said = `UNDERSTUDY ${WORDS[code]} - ${harmless(text).replaceAll('|', '/')}`;
  return { code, line: performance.length === 0 ? said : `${said} | ${performance.join(' ')}` };
};

/** Label, value, unit; a counter has the unit `c`. */
function performanceOf({ virtualRouters, peers, flaps, readiness = [] }: Status): string[] {
  const count = (label: string, value: number, most: number): string =>
    `${label}=${value};;;0;${most}`;
  const limit = flaps === undefined || flaps.limit === 0 ? '' : flaps.limit;
  return [
    count(
      'active',
      virtualRouters.filter(({ state }) => state === 'Active').length,
      virtualRouters.length,
    ),
    count(
      'peers',
      (peers ?? []).filter(({ state }) => state === 'healthy').length,
      (peers ?? []).length,
    ),
    ...(readiness.length === 0
      ? []
      : [count('ready', readiness.every(({ ready }) => ready) ? 1 : 0, 1)]),
    ...(flaps === undefined ? [] : [`flaps=${flaps.count};${limit};;0`]),
    `transitions=${sum(virtualRouters.map(({ counters }) => counters?.transitions ?? 0))}c`,
    `discarded=${sum(virtualRouters.flatMap(({ counters }) => Object.values(counters?.errors ?? {})))}c`,
  ];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
