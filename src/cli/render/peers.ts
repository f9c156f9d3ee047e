// Peers, HA port and monitors on the status screen. Pure.
import type { MonitorLine, PeerStatus, Status } from '../../model/status.js';
import { ageText, sinceLines, type Counting } from './counts.js';
import { hang, harmless, row, type Colour, type Line, type Paint } from './text.js';

/** Each peer with what it says of itself, then every path to it. */
export const peerBlocks = (peers: readonly PeerStatus[], paint: Paint): Line[][] =>
  peers.map((peer) => {
    const { name, state, fitness, cause, virtualRouters = [], differences = [] } = peer;
    const fit = fitness === undefined ? '' : `, ${FITNESS[fitness] ?? harmless(fitness)}`;
    return [
      `peer ${harmless(name)}  ${stateText(state, paint)}${fit}`,
      ...(cause === undefined ? [] : row('because', harmless(cause))),
      ...(virtualRouters.length === 0 ? [] : row('role', virtualRouters.map(roleText).join('; '))),
      ...(differences.length === 0
        ? []
        : row('differs', paint('yellow', differences.map(harmless).join('; ')))),
      ...pathRows(peer.paths, paint),
    ];
  });

const FITNESS: Readonly<Record<string, string>> = {
  sound: 'fit',
  'soft-fault': 'fit but for a soft fault',
  unfit: 'cannot take the role',
};

type Role = NonNullable<PeerStatus['virtualRouters']>[number];

/** `lan Backup, priority 100`: as it reports itself. */
const roleText = ({ name, state, effectivePriority }: Role): string =>
  state === 'Initialize'
    ? `${harmless(name)} ${state}`
    : `${harmless(name)} ${harmless(state)}, priority ${effectivePriority}`;

function pathRows(paths: PeerStatus['paths'], paint: Paint): Line[] {
  const widest = Math.max(0, ...paths.map(({ address }) => address.length));
  return paths.flatMap(({ address, state, rttMs, problem }, index) => {
    const rtt = rttMs === null || state !== 'healthy' ? '' : `, ${roundTrip(rttMs)}`;
    const why = problem === undefined ? '' : `: ${harmless(problem)}`;
    const title = index === 0 ? 'paths' : '';
    const prefix = `  ${title.padEnd(12)}${harmless(address).padEnd(widest)}  `;
    return hang(prefix, `${stateText(state, paint)}${rtt}${why}`);
  });
}

const roundTrip = (milliseconds: number): string =>
  `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;

/** Every start of either side discards some for want of a nonce: those say nothing. */
const USUAL: ReadonlySet<string> = new Set(['stale']);

/** Counted by the name of the check that failed. */
const CHECKS: Readonly<Record<string, string>> = { authentic: 'not authentic' };

/** `discarded   12 not authentic, the last 8 s ago`, a line for each; nothing when there is nothing to say. */
export function haPortLines({ haPort }: Status, clock: Counting): Line[] {
  if (haPort === undefined) return [];
  const { discarded, lastDiscarded: last = {}, since } = haPort;
  const lines = Object.entries(discarded)
    .filter(([reason, count]) => count > 0 && !USUAL.has(reason))
    .sort(([, a], [, b]) => b - a)
    .flatMap(([reason, count]) => {
      const age = Object.hasOwn(last, reason) ? ageText(last[reason] ?? '', clock) : '';
      return row('discarded', `${count} ${CHECKS[reason] ?? harmless(reason)}${age}`);
    });
  const opened = since === undefined ? undefined : (['the port was opened', since] as const);
  return lines.length === 0 ? [] : ['HA port', ...lines, ...sinceLines(lines, clock, opened)];
}

/** One table: name, state, what was measured and how far it is from another verdict. */
export function monitorLines(monitors: readonly MonitorLine[], paint: Paint): Line[] {
  if (monitors.length === 0) return [];
  const names = Math.max(...monitors.map(({ name }) => name.length));
  const states = Math.max(...monitors.map(({ state }) => state.length));
  return [
    'monitors',
    ...monitors.flatMap(({ name, state, detail, weight }) => {
      const padding = ' '.repeat(states - state.length);
      const effect = state === 'failed' ? effectText(weight) : '';
      const prefix = `  ${harmless(name).padEnd(names)}  ${stateText(state, paint)}${padding}  `;
      return hang(prefix, `${harmless(detail)}${effect}`);
    }),
  ];
}

/** What the failure of a monitor does. */
function effectText(weight: MonitorLine['weight']): string {
  if (weight === undefined) return '';
  if (weight === 'hard') return ' (out of the election)';
  if (weight === 0) return ' (moves no role)';
  return weight === 'soft' ? ' (yields to a sound peer)' : ` (priority - ${weight})`;
}

const STATE_COLOUR: Readonly<Record<string, Colour>> = {
  healthy: 'green',
  ok: 'green',
  unknown: 'yellow',
};

const stateText = (state: string, paint: Paint): string =>
  paint(STATE_COLOUR[state] ?? 'red', harmless(state));
