// A pair with a witness on the bench: what it says, a Backup beside an Active that holds the lease, an Active that holds
// it. No test cases.
import type { WitnessSnapshot } from '../../../src/core/interface.js';
import { assert as expect } from '../../../src/model/assert.js';
import { instant, microseconds } from '../../../src/model/units.js';
import type { WitnessFact } from '../../../src/model/witness.js';
import { SECOND, activeBench, backupBench, type Begin, type PairBench } from '../pair-bench.js';

export const TTL = 6 * SECOND;
export const MARGIN = SECOND;
export const SURE = 0.99 * TTL;
export const witness = { ttl: microseconds(TTL), margin: microseconds(MARGIN) };
export const overrides = { witness };

export const ours = (at: number, token = '1'): WitnessFact => ({
  kind: 'ours',
  token,
  until: instant(at + SURE),
  ttl: microseconds(TTL),
});
export const others = (expiresIn = TTL): WitnessFact => ({
  kind: 'others',
  holder: 'there',
  token: '1',
  expiresIn: microseconds(expiresIn),
});
export const AWAY: WitnessFact = { kind: 'away', why: 'no answer within 1500 ms' };
export const FREE: WitnessFact = { kind: 'free' };

export const tell = (bench: PairBench, fact: WitnessFact, at: number): string[] =>
  bench.take({ kind: 'witness', fact }, at);

/** The orders to the client among the effects. */
export const orders = (lines: readonly string[]): string[] =>
  lines.filter((text) => text.includes('witness '));

export function known(bench: PairBench, at = 0): WitnessSnapshot {
  const { witness: found } = bench.instance.snapshot(instant(at));
  expect(found !== null, 'there is a witness');
  return found;
}

/** A Backup beside an Active that holds the lease, as the witness has said for long. */
export function standby(more: Begin = {}): PairBench {
  const bench = backupBench({ overrides, ...more });
  tell(bench, others(), 0);
  bench.says({ witness: 'seen' }, null);
  bench.pass(1_000);
  return bench;
}

/** An Active that holds the lease; granted at 0, where the clock stands. */
export function holder(more: Begin = {}): PairBench {
  const bench = activeBench({ overrides, ...more });
  bench.says({ witness: 'seen' }, null);
  tell(bench, ours(0), 0);
  bench.pass(1_000);
  return bench;
}

/** Nothing comes from the peer any more. @returns when its last message came. */
export function lose(bench: PairBench): number {
  bench.advertise(false);
  bench.cut();
  return bench.lastHeardAt();
}

/** Renews the lease every second. */
export function renewing(bench: PairBench, from: number, until: number): string[] {
  const lines: string[] = [];
  for (let at = from; at <= until; at += SECOND) {
    lines.push(...bench.pass(at), ...tell(bench, ours(at), at));
  }
  return lines;
}
