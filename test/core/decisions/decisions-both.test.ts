// The decision table of DESIGN §5: both are Active, seen over the HA port or by an advertisement, and an advertisement
// that is no sign of it. Effects in exact order.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { microseconds } from '../../../src/model/units.js';
import { PEER, router } from '../instance-bench.js';
import {
  HA,
  PairBench,
  SECOND,
  SKEW,
  THERE,
  THIRD,
  activeBench,
  backupBench,
  moves,
  type Saying,
} from '../pair-bench.js';
import { address } from '../machine/virtual-router-bench.js';

const RIVAL: Saying = { state: 'Active', addressesPresent: true };
/** Longer than a handover takes: a check interval, or 100 ms at most. */
const TERM = 100_000;
/** The rival's word must be later than that. */
const SETTLED = 50_000 + TERM + 1;

describe('both are Active, seen over the HA port', () => {
  /** We are Active with 200; the rival speaks for the first time at 50 ms, on the HA link. */
  function dual(rival: Saying, own = 200): { bench: PairBench; first: string[] } {
    const bench = activeBench({
      routers: [router({ priority: own })],
      overrides: { peerCheck: slowChecks },
    });
    return { bench, first: bench.says({ ...RIVAL, ...rival }, 50_000, { on: HA }) };
  }
  const slowChecks = {
    interval: microseconds(10 * SECOND),
    failureThreshold: 3,
    recoveryThreshold: 1,
  };

  it('the peer has the higher priority: we yield, and say why', () => {
    const { bench, first } = dual({ effectivePriority: 201 });

    const early = bench.says({}, SETTLED - 1, { on: HA });
    const late = bench.says({}, SETTLED, { on: HA });

    assert.deepEqual(first, [], 'a handover may be under way');
    assert.deepEqual(early, []);
    assert.deepEqual(late, [
      'lan report dual-active: there',
      'lan remove',
      'lan Active -> Backup dual-active',
      'instance report flap: 1 of 3: dual-active',
      'tell sound: Backup 200 releasing',
    ]);
  });

  it('one that yielded says that it knows of no Active until it hears of one', () => {
    const { bench } = dual({ effectivePriority: 201 });
    bench.says({}, SETTLED, { on: HA });

    const heard = bench.says({}, 160_000, { on: HA });

    assert.deepEqual(heard, ['tell sound: Backup 200']);
  });

  it('the peer has the lower priority: we stay, and announce again', () => {
    const { bench } = dual({ effectivePriority: 199 });

    const late = bench.says({}, SETTLED, { on: HA });
    const announced = bench.pass(SETTLED);

    assert.deepEqual(late, ['lan report dual-active: there']);
    assert.deepEqual(announced, [`${SETTLED} lan announce`]);
  });

  it('equal priority: the higher address stays', () => {
    for (const [theirs, stays] of [
      ['192.0.2.99', true],
      ['192.0.2.101', false],
    ] as const) {
      const primaryAddresses = [address(theirs)];
      const { bench } = dual({ effectivePriority: 200, primaryAddresses });

      bench.says({}, SETTLED, { on: HA });

      assert.equal(bench.router('lan').state, stays ? 'Active' : 'Backup', theirs);
    }
  });

  it('equal priority, several addresses: the highest of the family is compared, on both sides', () => {
    for (const [theirs, stays] of [
      [['192.0.2.99', '10.0.0.1', 'fe80::1'], true],
      [['10.0.0.1', 'fe80::1', '192.0.2.101'], false],
      [['fe80::ffff'], true],
      [[], true],
    ] as const) {
      const primaryAddresses = theirs.map(address);
      const { bench } = dual({ effectivePriority: 200, primaryAddresses });

      bench.says({}, SETTLED, { on: HA });

      assert.equal(bench.router('lan').state, stays ? 'Active' : 'Backup', theirs.join());
    }
  });

  it('the link is split: the better side stays, whatever the priorities', () => {
    for (const [evidence, effectivePriority, stays] of [
      [8, 199, false],
      [0, 201, true],
    ] as const) {
      const bench = activeBench({ overrides: { peerCheck: slowChecks } });
      bench.cut([PEER]);
      bench.pass(60 * SECOND);
      assert.equal(bench.peer().paths[1]?.state, 'unhealthy');
      bench.says({ ...RIVAL, effectivePriority, evidence }, 60_100_000, { on: HA });

      bench.says({}, 60_200_001, { on: HA });

      assert.equal(bench.router('lan').state, stays ? 'Active' : 'Backup', `${evidence}`);
    }
  });

  it('the rival has no address in place yet: nothing is held twice', () => {
    const { bench } = dual({ effectivePriority: 201, addressesPresent: false });

    assert.deepEqual(bench.says({}, 5 * TERM, { on: HA }), []);
  });

  it('the rival is leaving: nothing to settle', () => {
    const { bench } = dual({ effectivePriority: 201, releasing: true });

    assert.deepEqual(bench.says({}, 5 * TERM, { on: HA }), []);
  });

  it('the rival has gone by itself: we announce again, since it may have announced itself', () => {
    const { bench } = dual({ effectivePriority: 199 });

    const gone = bench.says({ state: 'Backup', addressesPresent: false }, 60_000, { on: HA });
    const announced = bench.pass(60_000);
    const settled = bench.says({}, 60_000 + 2 * TERM, { on: HA });

    assert.deepEqual(gone, []);
    assert.deepEqual(announced, ['60000 lan announce']);
    assert.deepEqual(settled, []);
  });

  it('it has gone while our own addresses are being put back: they are announced when they stand', () => {
    const { bench } = dual({ effectivePriority: 199 });
    bench.scripts = false;
    bench.take({ kind: 'addresses-removed', virtualRouter: 'lan' }, 55_000);

    bench.says({ state: 'Backup', addressesPresent: false }, 60_000, { on: HA });
    const early = bench.pass(70_000);
    const stand = bench.take({ kind: 'addresses-present', virtualRouter: 'lan' }, 80_000);

    assert.deepEqual(early, []);
    assert.ok(stand.includes('lan announce'));
  });

  it('another peer speaks while the rival says nothing: nothing is settled by that', () => {
    const bench = activeBench({
      peers: [THERE, THIRD],
      overrides: { peerCheck: slowChecks },
    });
    bench.says({ ...RIVAL, effectivePriority: 201 }, 50_000, { on: HA });

    const other = bench.says({}, 5 * SECOND, { peer: 'third' });
    const rival = bench.says({}, 5_100_000, { on: HA });

    assert.deepEqual(other, []);
    assert.equal(rival[0], 'lan report dual-active: there');
  });

  it('the rival persists: said again after a second, not with every message', () => {
    const { bench } = dual({ effectivePriority: 199 });
    bench.says({}, SETTLED, { on: HA });

    const early = bench.says({}, SETTLED + TERM + 1, { on: HA });
    const late = bench.says({}, SETTLED + SECOND, { on: HA });

    assert.deepEqual(early, []);
    assert.deepEqual(late, ['lan report dual-active: there']);
  });

  it('fast checks: settled after one interval', () => {
    const bench = activeBench({
      overrides: {
        peerCheck: { interval: microseconds(20_000), failureThreshold: 3, recoveryThreshold: 1 },
      },
    });
    bench.cut();
    bench.says({ ...RIVAL, effectivePriority: 201 }, 5_000, { on: HA });

    const early = bench.says({}, 25_000, { on: HA });
    const late = bench.says({}, 25_001, { on: HA });

    assert.deepEqual(early, []);
    assert.equal(late[0], 'lan report dual-active: there');
  });

  it('its word is enough: it need not be healthy again', () => {
    const bench = activeBench();
    bench.cut();
    bench.pass(SECOND);
    bench.says({ ...RIVAL, effectivePriority: 201 }, 1_050_000, { on: HA });

    const late = bench.says({}, 1_050_001 + TERM, { on: HA });

    assert.equal(bench.peer().state, 'unhealthy');
    assert.equal(late[2], 'lan Active -> Backup dual-active');
  });

  it('what it said before it fell silent is not what it says now', () => {
    const bench = activeBench();
    bench.says({ ...RIVAL, effectivePriority: 201 }, 10_000, { on: HA });
    bench.cut();

    const effects = bench.pass(3 * SECOND);

    assert.deepEqual(moves(effects), []);
    assert.equal(
      effects.some((text) => text.includes('dual-active')),
      false,
    );
  });

  it('what it said before we took the role from it does not make it a rival', () => {
    const bench = new PairBench([router({ priority: 200 })], {}, [THERE, THIRD]);
    bench.says({ ...RIVAL, effectivePriority: 100 }, null);
    bench.says({ effectivePriority: 50 }, null, { peer: 'third' });
    bench.start(0);
    bench.advertise(500_000);
    bench.pass(3_230_000);
    assert.equal(bench.router('lan').reason, 'priority');

    bench.says({}, 3_240_000, { peer: 'third' });
    bench.says({ state: 'Backup', addressesPresent: false }, 3_250_000);
    const announced = bench.pass(3_300_000).filter((text) => text.includes('announce'));

    assert.deepEqual(announced, [], 'nobody announced anything after us');
  });

  it('a rival of an earlier term is not settled before its time', () => {
    const { bench } = dual({ effectivePriority: 201 });
    bench.hear('lan', { priority: 250 }, 60_000);
    bench.says({ releasing: true }, 200_000, { on: HA });
    assert.deepEqual(bench.states(), ['lan Active']);

    const early = bench.says({ releasing: false }, 210_000, { on: HA });

    assert.deepEqual(early, []);
  });

  it('an old word of it is no rival to one that has just become Active', () => {
    const bench = backupBench({ peers: [THERE, THIRD] });
    bench.says({ effectivePriority: 50 }, 10_000, { peer: 'third' });
    bench.advertise(false);
    bench.pass(50_000);
    bench.cut();
    bench.pass(500_000);
    assert.equal(bench.router('lan').reason, 'peer-dead');

    const effects = bench.pass(3 * SECOND);

    assert.deepEqual(moves(effects), []);
    assert.equal(
      effects.some((text) => text.includes('dual-active')),
      false,
    );
  });
});

describe('both are Active, seen by an advertisement', () => {
  it('it has the higher priority: we yield at once', () => {
    const bench = activeBench();

    const effects = bench.hear('lan', { priority: 201 }, 50_000);

    assert.deepEqual(moves(effects), ['lan Active -> Backup preempted']);
  });

  it('it has the lower priority: we advertise, say so, and announce again', () => {
    const bench = activeBench();

    const effects = bench.hear('lan', { priority: 199 }, 50_000);
    const announced = bench.pass(50_000);

    assert.deepEqual(effects, ['lan advertise 200', 'lan report dual-active: there']);
    assert.deepEqual(announced, ['50000 lan announce']);
  });
});

describe('an advertisement that is no sign of two Actives', () => {
  it('priority 0: its sender leaves', () => {
    const bench = activeBench();

    assert.deepEqual(bench.hear('lan', { priority: 0 }, 50_000), ['lan advertise 200']);
  });

  it('one of the leaver that has not heard us yet; once it must have heard us it is one', () => {
    const bench = backupBench({ routers: [router({ priority: 250, preempt: false })] });
    bench.advertise(false);
    bench.says({ releasing: true }, 50_000);
    bench.pass(60_000);

    const agreed = bench.hear('lan', { priority: 200 }, 253_999);
    const over = bench.hear('lan', { priority: 200 }, 254_000);

    assert.deepEqual(agreed, ['lan advertise 250']);
    assert.deepEqual(over, ['lan report dual-active: there']);
  });

  it('one that comes while our addresses are put in place: we have not spoken yet', () => {
    const bench = backupBench();
    bench.cut();
    bench.pass(2 * SECOND);
    bench.hear('lan', { priority: 0 }, 2_000_001);
    bench.scripts = false;
    bench.pass(2 * SECOND + SKEW + 2);
    assert.equal(bench.router('lan').state, 'Active');

    assert.deepEqual(bench.hear('lan', { priority: 50 }, 2 * SECOND + SKEW + 3), []);
  });

  it('of another term: said anew in the next one, however soon', () => {
    const bench = activeBench();
    const first = bench.hear('lan', { priority: 50 }, 50_000);
    bench.hear('lan', { priority: 250 }, 60_000);
    bench.says({ releasing: true }, 70_000);
    bench.pass(400_000);

    const second = bench.hear('lan', { priority: 50 }, 400_000);

    assert.ok(first.includes('lan report dual-active: there'));
    assert.ok(second.includes('lan report dual-active: there'), second.join('\n'));
  });
});
