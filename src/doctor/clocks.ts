// How far the clocks of the peers are from ours: by the timestamps that kernels write into a packet on its way (RFC 791,
// Internet Timestamp), as ping shows them. Nothing that runs depends on it; whoever compares two journals does. Pure.
import type { ClockSight, DoctorFacts } from './facts.js';
import { orSound, type DoctorFinding } from './finding.js';

const DAY_MS = 86_400_000;
/** Events of the two cannot be put in order any more. What the packet takes on its way is far less. */
const APART_MS = 2_000;

/**
 * Milliseconds by which the other clock is ahead, from what `ping -T tsonly` prints: when it was sent, and from then to
 * when it was received there. Null where no such pair was printed. Half a day is as much as can be told.
 */
export function aheadIn(text: string): number | null {
  const there = /TS:\s+\d+ absolute\s+(-?\d+)/.exec(text)?.[1];
  if (there === undefined) return null;
  const ahead = ((Number(there) % DAY_MS) + DAY_MS) % DAY_MS;
  return ahead > DAY_MS / 2 ? ahead - DAY_MS : ahead;
}

export function clockFindings({ clocks }: DoctorFacts): readonly DoctorFinding[] {
  // Who does not answer, or has its options taken off on the way, tells nothing.
  if (clocks.length === 0) return [];
  const apart = clocks.filter(({ aheadMs }) => Math.abs(aheadMs) >= APART_MS);
  // Several paths lead to one clock.
  const peers = [...new Map(apart.map((one) => [one.peer, one])).values()];
  return orSound(
    peers.map((one) => finding(one, apart)),
    'clocks',
    'the clocks of the appliances agree',
  );
}

const finding = ({ peer, aheadMs }: ClockSight, all: readonly ClockSight[]): DoctorFinding => ({
  id: 'clocks',
  level: 'warning',
  message: `the clock of ${peer} is ${(Math.abs(aheadMs) / 1_000).toFixed(0)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} ours: events of the two cannot be put in order`,
  evidence: all
    .filter((one) => one.peer === peer)
    .map((one) => `ping -T tsonly ${one.address}: ${one.aheadMs} ms`),
  remedy: ['timedatectl set-ntp true, on both; timedatectl timesync-status says whether it works'],
});
