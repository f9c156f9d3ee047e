// Peers and monitors on the status screen. Pure.
import type { MonitorLine, PeerStatus } from '../../model/status.js';
import { harmless, type Colour, type Paint } from './text.js';

/** Each peer with what it says of itself, then every path to it. */
export function peerLines(peers: readonly PeerStatus[], paint: Paint): string[] {
  return peers.flatMap((peer) => {
    const width = Math.max(...peer.paths.map(({ address }) => address.length), 10);
    return [
      `peer ${harmless(peer.name)}  ${stateText(peer.state, paint)}${reportText(peer)}`,
      ...differenceLines(peer, paint),
      ...peer.paths.map(({ address, state, rttMs }) => {
        const rtt = rttMs === null || state !== 'healthy' ? '' : `, ${roundTrip(rttMs)}`;
        return `  ${harmless(address).padEnd(width)}  ${stateText(state, paint)}${rtt}`;
      }),
    ];
  });
}

const FITNESS: Readonly<Record<string, string>> = {
  sound: 'fit',
  'soft-fault': 'fit but for a soft fault',
  unfit: 'cannot hold the role',
};

/** `, fit; lan Backup 100`: as it reports itself. */
function reportText({ fitness, virtualRouters = [] }: PeerStatus): string {
  const fit = fitness === undefined ? '' : `, ${FITNESS[fitness] ?? harmless(fitness)}`;
  const roles = virtualRouters.map(
    ({ name, state, effectivePriority }) =>
      `${harmless(name)} ${harmless(state)} ${effectivePriority}`,
  );
  return roles.length === 0 ? fit : `${fit}; ${roles.join(', ')}`;
}

const differenceLines = ({ differences = [] }: PeerStatus, paint: Paint): string[] =>
  differences.length === 0
    ? []
    : [`  ${paint('yellow', '!')} has other ${differences.map(harmless).join(', ')} than we have`];

const roundTrip = (milliseconds: number): string =>
  `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;

/** One table: name, state, what was measured and how far it is from another verdict. */
export function monitorLines(monitors: readonly MonitorLine[], paint: Paint): string[] {
  if (monitors.length === 0) return [];
  const names = Math.max(...monitors.map(({ name }) => name.length));
  const states = Math.max(...monitors.map(({ state }) => state.length));
  return [
    'monitors',
    ...monitors.map(({ name, state, detail, weight }) => {
      const padding = ' '.repeat(states - state.length);
      const effect = state === 'failed' ? effectText(weight) : '';
      return `  ${harmless(name).padEnd(names)}  ${stateText(state, paint)}${padding}  ${harmless(detail)}${effect}`;
    }),
  ];
}

/** What the failure of a monitor does. */
function effectText(weight: MonitorLine['weight']): string {
  if (weight === undefined) return '';
  if (weight === 'hard') return ' (out of the election)';
  return weight === 'soft' ? ' (yields to a sound peer)' : ` (priority - ${weight})`;
}

const STATE_COLOUR: Readonly<Record<string, Colour>> = {
  healthy: 'green',
  ok: 'green',
  unknown: 'yellow',
};

const stateText = (state: string, paint: Paint): string =>
  paint(STATE_COLOUR[state] ?? 'red', harmless(state));
