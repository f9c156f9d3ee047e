// A group of tests on one pair: opened before the first, closed after the last. What the pair does: pair-bench.ts.
import assert from 'node:assert/strict';
import type { PairSpec } from '../../scripts/lab/pair-program.js';
import { after, before, describe, it } from '../support/test.js';
import { PairBench } from './pair-bench.js';

export type PairTest = (name: string, body: (bench: PairBench) => Promise<void>) => void;

/** A group of tests on one pair, one after the other. */
export function describePair(
  title: string,
  options: {
    readonly skip: string | false;
    readonly spec: PairSpec;
    /** Before anything is started. */
    readonly prepare?: (bench: PairBench) => Promise<void>;
    /** Waits until both are in their places; by default `a` holds all. */
    readonly settled?: (bench: PairBench) => Promise<void>;
    /** Where how often the client asks is part of the test. */
    readonly probeEveryMs?: number;
  },
  define: (test: PairTest) => void,
): void {
  const { skip, spec, prepare, settled, probeEveryMs } = options;
  describe(title, { skip, concurrency: 1 }, () => {
    let bench: PairBench | null = null;
    before(async () => {
      if (skip !== false) return;
      bench = await PairBench.open(spec, settled, probeEveryMs);
      await prepare?.(bench);
    });
    after(() => bench?.close());
    define((name, body) => {
      it(name, (t) => {
        assert.ok(bench !== null, 'the bench is open');
        return bench.test(t, body);
      });
    });
  });
}
