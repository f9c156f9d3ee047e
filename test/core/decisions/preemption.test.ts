// Preemption (DESIGN §5), both sides of it: a primary that takes its role back, and a group that loses one virtual router
// to a better Active. Both sides together: testdata/pair-*.txt.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { microseconds } from '../../../src/model/units.js';
import { hard, router, wan } from '../instance-bench.js';
import {
  HA,
  HANDOVER,
  PairBench,
  SECOND,
  TAKEN,
  THERE,
  activeBench,
  moves,
} from '../pair-bench.js';
import { address } from '../machine/virtual-router-bench.js';

const BOTH = [router({ priority: 200 }), wan({ priority: 200 })];

describe('a preempting primary', () => {
  const FIRST_DOWN = 3_218_750;

  /** We start at 0 with 200, the peer is Active with 100. */
  function primary(preemptDelay: number): PairBench {
    const bench = new PairBench([router({ priority: 200 })], {
      preemptDelay: microseconds(preemptDelay),
    });
    bench.says({ ...TAKEN, effectivePriority: 100 }, null);
    bench.start(0);
    bench.advertise(500_000);
    return bench;
  }

  it('takes its addresses first, then advertises: the other one lets go when it hears that', () => {
    const bench = primary(0);

    const effects = bench.pass(FIRST_DOWN + 10_000);

    assert.deepEqual(effects.slice(-7), [
      `${FIRST_DOWN} lan add`,
      `${FIRST_DOWN} lan Backup -> Active priority`,
      `${FIRST_DOWN} tell sound: Active 200`,
      `${FIRST_DOWN + 4_000} lan announce`,
      `${FIRST_DOWN + 4_000} lan advertise 200`,
      `${FIRST_DOWN + 4_000} lan report taken-over: for at most 23 ms`,
      `${FIRST_DOWN + 4_000} tell sound: Active 200 present`,
    ]);
  });

  it('waits for preemptDelaySeconds after it has become fit, then for its timer', () => {
    const bench = primary(10 * SECOND);

    const effects = bench.pass(20 * SECOND);

    // The last advertisement that sets the timer is that of 9.5 s.
    assert.deepEqual(moves(effects), [`${9_500_000 + FIRST_DOWN} lan Backup -> Active priority`]);
  });

  it('after a fault the delay begins anew', () => {
    const bench = primary(10 * SECOND);
    bench.pass(8 * SECOND);
    bench.take(hard('no-carrier', 'eth0'), 8 * SECOND);
    bench.take(hard('no-carrier', 'eth0', 'ok'), 9 * SECOND);

    const effects = bench.pass(30 * SECOND);

    assert.deepEqual(moves(effects), [`${18_500_000 + FIRST_DOWN} lan Backup -> Active priority`]);
  });

  it('a role that nobody holds is taken at once, whatever the delay', () => {
    const bench = primary(10 * SECOND);
    bench.pass(2_050_000);

    const effects = bench.hear('lan', { priority: 0 }, 2_060_000);

    assert.deepEqual(moves(effects), ['lan Backup -> Active priority-zero']);
  });
});

describe('a group that loses one virtual router to a better Active', () => {
  it('known as a peer: the others stay until the peer has them too', () => {
    const bench = activeBench({ routers: BOTH });

    const lost = bench.hear('lan', { priority: 250 }, 50_000);
    const taken = bench.says({ of: 'wan', ...TAKEN }, 60_000);

    assert.deepEqual(lost, [
      'lan remove',
      'lan Active -> Backup preempted',
      'tell sound: Backup 200, Active 200 present releasing',
    ]);
    assert.deepEqual(moves(taken), ['wan Active -> Backup group-moved']);
  });

  it('the peer does not take them in time: kept, since nobody would hold them', () => {
    const bench = activeBench({ routers: BOTH });
    bench.hear('lan', { priority: 250 }, 50_000);

    const effects = bench.pass(50_000 + HANDOVER);

    assert.deepEqual(effects, [
      `${50_000 + HANDOVER} wan report refused: group-moved: nobody took the role over`,
      `${50_000 + HANDOVER} tell sound: Backup 200, Active 200 present`,
    ]);
  });

  for (const [says, saying] of [
    ['unfit', { fit: false }],
    ['known by another address', { primaryAddresses: [] }],
  ] as const) {
    it(`a peer that is ${says} does not take them: given up at once`, () => {
      const bench = new PairBench(BOTH);
      bench.says({ effectivePriority: 100, ...saying }, null);
      bench.start(-10 * SECOND);
      bench.pass(0);

      const effects = bench.hear('lan', { priority: 250 }, 50_000);

      assert.deepEqual(moves(effects), [
        'lan Active -> Backup preempted',
        'wan Active -> Backup group-moved',
      ]);
    });
  }

  it('a stranger takes the first: the others stay until it takes them too', () => {
    const bench = activeBench({ routers: BOTH });
    const source = address('192.0.2.77');

    const lost = bench.hear('lan', { priority: 250, source }, 50_000);
    const later = bench.pass(SECOND);
    const both = bench.hear('wan', { priority: 250, source }, SECOND);

    assert.deepEqual(moves(lost), ['lan Active -> Backup preempted']);
    assert.deepEqual(moves(later), []);
    assert.deepEqual(moves(both), ['wan Active -> Backup preempted']);
  });

  it('it speaks but is not healthy yet: its advertisement and its word are enough', () => {
    const bench = new PairBench(BOTH, {}, [THERE]);
    bench.cut();
    bench.start(-10 * SECOND);
    bench.pass(0);
    bench.says({ effectivePriority: 100 }, 40_000, { on: HA });

    const effects = bench.hear('lan', { priority: 250 }, 50_000);

    assert.equal(bench.peer().state, 'unhealthy');
    assert.deepEqual(moves(effects), ['lan Active -> Backup preempted']);
    assert.equal(bench.router('wan').releasing, 'group-moved');
  });

  it('the peer has other virtual routers: given up at once', () => {
    const bench = activeBench({ routers: BOTH });
    const { digests } = bench.voice().report;
    bench.says({ digests: { ...digests, virtualRouters: 1 } }, 40_000);

    const effects = bench.hear('lan', { priority: 250 }, 50_000);

    assert.ok(moves(effects).includes('wan Active -> Backup group-moved'));
  });
});
