// What a Backup does with a witness: it moves nobody while a peer is in touch, and decides where silence is all there is
// to go by; a lease that counts late, the settings, and what is kept. The Active: witness-active.test.ts. The rows one by
// one are in decision-table.test.ts; the bound, in the simulator.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { Instance } from '../../../src/core/instance.js';
import { centiseconds, instant, microseconds } from '../../../src/model/units.js';
import { router } from '../instance-bench.js';
import { ACTIVE_DOWN, HA, PairBench, SECOND, THERE, activeBench, moves } from '../pair-bench.js';
import {
  AWAY,
  FREE,
  TTL,
  holder,
  known,
  lose,
  orders,
  others,
  ours,
  overrides,
  renewing,
  standby,
  tell,
  witness,
} from './witness-scenes.js';

describe('a Backup whose peer falls silent, with a witness', () => {
  it('asks when its timer fires, and takes the role when the peer has let go for certain', () => {
    const bench = standby();
    const heardAt = lose(bench);
    const early = bench.pass(ACTIVE_DOWN - 1);
    const asks = bench.pass(ACTIVE_DOWN);
    bench.pass(5_900_000);
    tell(bench, ours(5_900_000), 5_900_000);
    const waits = bench.pass(heardAt + TTL - 1);
    const takes = bench.pass(heardAt + TTL);

    assert.deepEqual([...moves(early), ...orders(early)], []);
    assert.deepEqual([...moves(asks), ...orders(asks)], [`${ACTIVE_DOWN} witness hold`]);
    assert.deepEqual(moves(waits), []);
    assert.deepEqual(moves(takes), [`${heardAt + TTL} lan Backup -> Active witness-granted`]);
  });

  it('takes nothing when its timer fires before enough checks have failed: the Active was asked, and was silent', () => {
    const peerCheck = {
      interval: microseconds(100_000),
      failureThreshold: 10,
      recoveryThreshold: 5,
    };
    const routers = [router({ advertisementInterval: centiseconds(20) })];
    const bench = standby({ routers, overrides: { witness, peerCheck } });
    lose(bench);
    const lines = bench.pass(2 * SECOND);
    assert.deepEqual(moves(lines), []);
    assert.match(orders(lines)[0] ?? '', / witness hold$/);
  });

  it('says again that it asks, as long as it does', () => {
    const bench = standby();
    lose(bench);
    bench.pass(ACTIVE_DOWN);
    const said = orders(bench.pass(ACTIVE_DOWN + SECOND));
    assert.deepEqual(said, [
      `${ACTIVE_DOWN + 500_000} witness hold`,
      `${ACTIVE_DOWN + SECOND} witness hold`,
    ]);
  });

  it('stays without the lease, for ever', () => {
    for (const fact of [others(), FREE, AWAY]) {
      const bench = standby();
      lose(bench);
      const lines = bench.pass(5 * SECOND);
      tell(bench, fact, 5 * SECOND);
      lines.push(...bench.pass(60 * SECOND));
      assert.deepEqual(moves(lines), [], fact.kind);
      assert.equal(known(bench).asks, true);
    }
  });

  it('does not take it with a lease that is about to end', () => {
    const bench = standby();
    lose(bench);
    bench.pass(5 * SECOND);
    tell(bench, ours(2 * SECOND), 5 * SECOND);
    const lines = bench.pass(20 * SECOND);
    assert.deepEqual(moves(lines), []);
  });

  it('asks no more when the peer is in touch again, and gives back what it got', () => {
    const bench = standby();
    lose(bench);
    bench.pass(5 * SECOND);
    tell(bench, ours(5 * SECOND), 5 * SECOND);
    bench.mend();
    bench.advertise(5_200_000);
    const lines = bench.pass(20 * SECOND);
    assert.deepEqual(moves(lines), []);
    assert.equal(orders(lines).at(-1)?.split(' ').at(-1), 'release');
    assert.equal(known(bench).asks, false);
  });

  it('asks no more when it hears an advertisement', () => {
    const bench = standby();
    lose(bench);
    bench.pass(5 * SECOND);
    assert.deepEqual(orders(bench.hear('lan', { priority: 200 }, 5 * SECOND)), ['witness watch']);
    assert.equal(known(bench).asks, false);
  });

  it('needs it, too, to take over after a farewell, or from a lower priority, over a dead HA port', () => {
    const farewell = standby();
    farewell.cut();
    farewell.pass(2 * SECOND);
    farewell.advertise(false);
    const lines = farewell.hear('lan', { priority: 0 }, 2 * SECOND);
    lines.push(...farewell.pass(4 * SECOND));
    assert.deepEqual(moves(lines), []);
    assert.equal(known(farewell).asks, true);

    const lower = standby();
    lower.says({ effectivePriority: 50 }, null);
    lower.cut();
    const heard = lower.pass(20 * SECOND);
    assert.deepEqual([...moves(heard), ...orders(heard)], [], 'an advertisement is a path');
    assert.equal(known(lower).asks, false);
  });

  it('takes the role after a farewell at once while the peer is in touch', () => {
    const bench = standby();
    const lines = bench.hear('lan', { priority: 0 }, 50_000);
    assert.deepEqual(moves(lines), ['lan Backup -> Active priority-zero']);
    assert.deepEqual(orders(lines), ['witness hold']);
  });

  it('believes a peer that speaks, and says that it does not hold, without waiting for its time', () => {
    const bench = standby();
    tell(bench, others(SECOND), 1_000);
    lose(bench);
    bench.pass(ACTIVE_DOWN);
    tell(bench, ours(ACTIVE_DOWN), ACTIVE_DOWN);
    // It hears us no longer, so it answers nothing.
    bench.pass(4 * SECOND);
    bench.says({ state: 'Backup', addressesPresent: false }, 4 * SECOND, { on: HA });
    const lines = bench.pass(4 * SECOND);
    assert.deepEqual(moves(lines), [`${4 * SECOND} lan Backup -> Active witness-granted`]);
  });

  /** It stood still for longer than a ttl, and is told at once that the role is given up; its own checks are not answered. */
  function woken(): { readonly bench: PairBench; readonly lines: string[] } {
    const bench = standby();
    tell(bench, others(SECOND), 1_000);
    lose(bench);
    const lines = bench.take({ kind: 'stalled' }, 8 * SECOND);
    lines.push(...bench.says({ releasing: true }, 8 * SECOND, { on: HA }));
    return { bench, lines };
  }

  it('does not take a role that is given up while no peer is in touch, but as soon as one is', () => {
    const { bench, lines } = woken();
    assert.deepEqual(moves(lines), [], 'it would have to give it up at once');
    bench.mend();
    const taken = moves(bench.pass(8 * SECOND + 300_000));
    assert.equal(taken.length, 1, taken.join('\n'));
    assert.match(taken[0] ?? '', / lan Backup -> Active peer-released$/);
  });

  it('takes such a role by the lease while no peer is in touch', () => {
    const { bench, lines } = woken();
    for (let at = 8_200_000; at <= 9 * SECOND; at += 200_000) {
      lines.push(...bench.pass(at), ...bench.says({}, at, { on: HA }));
    }
    assert.deepEqual(moves(lines), []);
    assert.equal(known(bench).asks, true);
    tell(bench, FREE, 9 * SECOND);
    tell(bench, ours(9 * SECOND), 9 * SECOND);
    assert.deepEqual(moves(bench.pass(9 * SECOND)), [
      `${9 * SECOND} lan Backup -> Active witness-granted`,
    ]);
  });

  it('stays beside a peer that speaks and says that it is Active', () => {
    const bench = standby();
    tell(bench, others(SECOND), 1_000);
    lose(bench);
    bench.pass(ACTIVE_DOWN);
    tell(bench, ours(ACTIVE_DOWN), ACTIVE_DOWN);
    bench.pass(5_900_000);
    bench.says({}, 5_900_000, { on: HA });
    assert.deepEqual(moves(bench.pass(6_100_000)), []);
  });
});

describe('a lease that ended before its time, or unseen', () => {
  for (const [how, before, after] of [
    ['the witness was emptied', others(), FREE],
    ['another took it meanwhile, and it is ours at once', others(), null],
    ['the witness did not answer when it ended', AWAY, FREE],
  ] as const) {
    it(`counts after a whole ttl only: ${how}`, () => {
      const bench = standby();
      const heardAt = lose(bench);
      bench.pass(5 * SECOND);
      tell(bench, before, 5 * SECOND);
      const at = heardAt + TTL;
      bench.pass(at);
      if (after !== null) tell(bench, after, at);
      const lines = [...tell(bench, ours(at), at), ...renewing(bench, at + SECOND, at + TTL)];
      assert.deepEqual(moves(lines), [`${at + TTL} lan Backup -> Active witness-granted`]);
    });
  }

  it('counts at once when it was seen to end in time', () => {
    const bench = standby();
    const heardAt = lose(bench);
    tell(bench, others(TTL), 1_000);
    bench.pass(ACTIVE_DOWN);
    const at = heardAt + TTL + 100_000;
    bench.pass(at);
    tell(bench, FREE, at);
    tell(bench, ours(at), at);
    assert.deepEqual(moves(bench.pass(at)), [`${at} lan Backup -> Active witness-granted`]);
  });

  it('is waited for by whoever starts and hears nobody', () => {
    const bench = new PairBench([router()], overrides);
    bench.cut();
    bench.start(0);
    tell(bench, FREE, 0);
    const asks = bench.pass(ACTIVE_DOWN);
    assert.equal(known(bench).asks, true, asks.join('\n'));
    tell(bench, ours(5 * SECOND), 5 * SECOND);
    assert.deepEqual(moves(bench.pass(8 * SECOND)), [
      `${TTL} lan Backup -> Active witness-granted`,
    ]);
  });

  it('is waited for by the address owner, too', () => {
    const bench = new PairBench([router({ priority: 255 })], overrides);
    bench.cut();
    assert.deepEqual(moves(bench.start(0)), ['lan Initialize -> Backup startup']);
    assert.deepEqual(moves(bench.pass(60 * SECOND)), []);
  });
});

describe('the settings', () => {
  it('may name a witness later, and none any more', () => {
    const bench = activeBench();
    bench.says({ witness: 'seen' }, null);
    bench.configure([router({ priority: 200 })], SECOND, { peers: [THERE], witness });
    tell(bench, ours(SECOND), SECOND);
    bench.pass(2 * SECOND);
    assert.notEqual(known(bench).holdUntil, null);
    const lines = bench.configure([router({ priority: 200 })], 2 * SECOND, { peers: [THERE] });
    assert.ok(lines.includes('hold until ever'), lines.join('\n'));
    lose(bench);
    assert.deepEqual(moves(bench.pass(60 * SECOND)), []);
  });

  it('name one in vain where there is no peer', () => {
    const bench = new PairBench([router()], overrides, []);
    bench.start(0);
    assert.deepEqual(moves(bench.pass(10 * SECOND)), [
      `${ACTIVE_DOWN} lan Backup -> Active no-response`,
    ]);
    assert.equal(bench.instance.snapshot(instant(0)).witness, null);
  });
});

it('a peer that was never in touch is no more so after the machine was suspended', () => {
  const bench = new PairBench([router()], overrides);
  bench.cut();
  bench.start(0);
  bench.says({}, 1_000, { on: HA });
  bench.take({ kind: 'suspended', by: microseconds(SECOND) }, 2_000);
  assert.deepEqual(known(bench, 2_000).outOfTouch, ['there']);
});

it('what is known survives a checkpoint, and one of an earlier release has nothing to say', () => {
  const bench = holder();
  const checkpoint = bench.instance.checkpoint();
  const again = Instance.restore(checkpoint).snapshot(instant(0));
  assert.deepEqual(again.witness, known(bench));
  const { witness: _, ...earlier } = checkpoint;
  assert.equal(Instance.restore(earlier).snapshot(instant(0)).witness?.fact, null);
});
