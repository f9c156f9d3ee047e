// A peer has said priority 0, and is heard no more: its last word that it is Active is out of date, also
// for who is not the first to follow. The rest of the row: decisions.test.ts.
import assert from 'node:assert/strict';
import { it } from '../support/test.js';
import { centiseconds } from '../../src/model/units.js';
import { skewTime } from '../../src/core/machine/timing.js';
import { router } from './instance-bench.js';
import { THERE, THIRD, backupBench, moves } from './pair-bench.js';

it('priority 0, and leaver and better candidate die: ours after Skew_Time, whatever both said last', () => {
  const advertisementInterval = centiseconds(10);
  const bench = backupBench({
    routers: [router({ advertisementInterval })],
    peers: [THERE, THIRD],
  });
  bench.says({ effectivePriority: 150 }, null, { peer: 'third' });
  bench.pass(100_000);
  bench.advertise(false);
  bench.cut();
  bench.cut(undefined, 'third');

  const at = 110_000;
  const effects = bench.hear('lan', { priority: 0, interval: advertisementInterval }, at);
  const later = bench.pass(at + 300_000);

  assert.deepEqual(effects, [], 'the better candidate goes first');
  const due = at + skewTime(100, advertisementInterval);
  assert.deepEqual(moves(later), [`${due} lan Backup -> Active priority-zero`]);
});
