// Two virtual routers, each with its own primary, and a client. Stops and orders in this mode, and mode
// `off`, are test/agent/virtual/handover.test.ts.
import { now } from '../../scripts/lab/clock.js';
import { LAN, type PairSpec } from '../../scripts/lab/pair-program.js';
import assert from 'node:assert/strict';
import { ADDRESS, assertSwift, type PairBench } from './pair-bench.js';
import { describePair } from './pair-suite.js';

const SECOND = '10.99.0.101';

const SPEC: PairSpec = {
  ha: { mode: 'active-active', primary: false },
  virtualRouters: [
    { ...LAN, primary: 'a' },
    { ...LAN, name: 'lan2', vrid: 52, addresses: [`${SECOND}/24`], primary: 'b' },
  ],
};

const spread = (bench: PairBench): boolean =>
  bench.lab.holding(ADDRESS).join() === 'a' && bench.lab.holding(SECOND).join() === 'b';

const settled = (bench: PairBench): Promise<void> =>
  bench.waitFor('each holds its own', () => spread(bench) && bench.knowEachOther());

export function defineActiveActive(skip: string | false): void {
  describePair('active-active', { skip, spec: SPEC, settled }, (test) => {
    test('the survivor holds all, and they spread again without loss', async (bench) => {
      const from = now();
      let plug = (): Promise<unknown> => Promise.resolve();
      const failure = await bench.observeMove('cable pulled', 'b', async () => {
        plug = await bench.unplug('a');
      });
      assertSwift((line) => bench.print(line), failure, 'told', 20);
      const moved = bench.lab.changes(SECOND, from);
      assert.deepEqual(moved, [], 'what the survivor held does not move');
      const back = await bench.observe('spreading again', async () => {
        await plug();
        await settled(bench);
      });
      bench.assertSeamless(back);
    });
  });
}
