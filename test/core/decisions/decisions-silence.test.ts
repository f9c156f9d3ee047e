// When silence proves that the Active is dead (DESIGN §5; the rule is written in core/decisions/silence.ts): on every
// path at once, on one path after the other, and when it is asked on the link. Advertisements that go on are
// in decisions-heard.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { microseconds } from '../../../src/model/units.js';
import { PEER, configuration, hard, router } from '../instance-bench.js';
import {
  ACTIVE_DOWN,
  HA,
  HA_ONLY,
  LAN_THIRD,
  PairBench,
  ROUND_TRIP,
  SECOND,
  SILENCE,
  TOLERANCE,
  activeBench,
  backupBench,
  betweenThree,
  moves,
} from '../pair-bench.js';
import { address } from '../machine/virtual-router-bench.js';

describe('Backup: the peer is unhealthy on all paths', () => {
  it('the LAN among them: Active at once, without waiting for Active_Down_Interval', () => {
    const bench = backupBench();
    bench.pass(50_000);
    bench.cut();
    bench.advertise(false);

    const effects = bench.pass(SECOND);

    const dead = bench.lastHeardAt() + SILENCE;
    assert.ok(dead < 400_000, `${dead}`);
    assert.deepEqual(effects, [
      `${dead - TOLERANCE} lan advertise 0`,
      `${dead} instance report peer-unhealthy: there`,
      `${dead} lan add`,
      `${dead} lan advertise 100`,
      `${dead} lan Backup -> Active peer-dead`,
      `${dead} tell sound: Active 100`,
      `${dead + 4_000} lan announce`,
      `${dead + 4_000} lan report taken-over: for at most 344 ms`,
      `${dead + 4_000} tell sound: Active 100 present`,
    ]);
  });

  it('it dies between its first advertisement and its next word: not taken for a stranger', () => {
    const bench = activeBench({ routers: [router({ priority: 150 })] });
    bench.says({ state: 'Active', effectivePriority: 200, addressesPresent: true }, 10_000);
    bench.hear('lan', { priority: 200 }, 20_000);
    bench.cut();

    const effects = bench.pass(SECOND);

    assert.equal(bench.lastHeardAt(), 10_000);
    assert.deepEqual(moves(effects), [`${10_000 + SILENCE} lan Backup -> Active peer-dead`]);
  });

  it('no path on the LAN: Active when an advertisement is overdue by half an interval', () => {
    const bench = backupBench({ peers: [HA_ONLY] });
    bench.pass(50_000);
    bench.cut();
    bench.advertise(false);

    const effects = bench.pass(SECOND);
    const { deadline } = bench;
    const later = bench.pass(2 * SECOND);

    const dead = bench.lastHeardAt() + SILENCE;
    assert.deepEqual(effects, [
      `${dead} instance report peer-unhealthy: there`,
      `${dead} lan report ha-path-lost: there`,
    ]);
    assert.ok(deadline !== null && deadline.at < 1_500_000, 'checks go on');
    assert.deepEqual(later.slice(0, 4), [
      `${1_500_000 - TOLERANCE} lan advertise 0`,
      '1500000 lan add',
      '1500000 lan advertise 100',
      '1500000 lan Backup -> Active peer-dead',
    ]);
  });

  it('overdue is a deadline of its own, which says why', () => {
    const peerCheck = {
      interval: microseconds(400_000),
      failureThreshold: 1,
      recoveryThreshold: 1,
    };
    const bench = backupBench({ peers: [HA_ONLY], overrides: { peerCheck } });
    bench.cut();
    bench.advertise(false);

    bench.pass(1_450_000);
    const { deadline } = bench;
    bench.pass(1_460_000);

    assert.deepEqual(deadline, { at: 1_460_000, owner: 'lan', cause: 'question' });
    assert.deepEqual(bench.deadline, { at: 1_500_000, owner: 'lan', cause: 'silence-proven' });
  });

  it('its path on the LAN was dead long before: that proves nothing about the link now', () => {
    const bench = backupBench();
    bench.cut([PEER]);
    bench.pass(2_050_000);
    bench.cut();
    bench.advertise(false);

    const effects = bench.pass(4 * SECOND);

    assert.deepEqual(moves(effects), ['3500000 lan Backup -> Active peer-dead']);
  });

  it('its path on the LAN has never worked: neither does that', () => {
    const bench = new PairBench([router()]);
    bench.cut([PEER]);
    bench.says({ state: 'Active', addressesPresent: true }, null);
    bench.start(-3 * SECOND);
    bench.advertise(-3 * SECOND);
    bench.pass(50_000);
    bench.cut();
    bench.advertise(false);

    const effects = bench.pass(2 * SECOND);

    assert.deepEqual(moves(effects), ['1500000 lan Backup -> Active peer-dead']);
  });

  it('the LAN among them, and it was never heard advertising: at once all the same', () => {
    const bench = new PairBench([router()]);
    bench.says({ state: 'Active', effectivePriority: 200, addressesPresent: true }, null);
    bench.start(0);
    bench.pass(550_000);
    bench.cut();

    const effects = bench.pass(2 * SECOND);

    const dead = bench.lastHeardAt() + SILENCE;
    assert.deepEqual(moves(effects), [`${dead} lan Backup -> Active peer-dead`]);
  });

  it('one that has just started counts from its start, not from an advertisement it never heard', () => {
    const bench = new PairBench([router()], {}, [HA_ONLY]);
    bench.says({ state: 'Active', effectivePriority: 200, addressesPresent: true }, null);
    bench.advertise(950_000);
    bench.start(0);
    bench.pass(50_000);
    bench.cut();

    const effects = bench.pass(3 * SECOND);

    assert.deepEqual(moves(effects), [], 'its advertisements come, the first one at 950 ms');
  });

  it('one that has just handed the role over counts from then, not from what it heard before', () => {
    const bench = activeBench({ peers: [HA_ONLY] });
    bench.hear('lan', { priority: 50 }, 10_000);
    bench.take({ kind: 'operator', command: 'failover' }, 3 * SECOND);
    bench.says({ state: 'Active', addressesPresent: true }, 3_020_000);
    bench.advertise(4 * SECOND);
    bench.pass(3_150_000);
    bench.cut();

    const effects = bench.pass(5 * SECOND);

    assert.deepEqual(moves(effects), [], 'its advertisements come, the next one at 4 s');
  });

  it('a reload gave it other addresses, on which it was never heard: the RFC decides', () => {
    const bench = backupBench();
    bench.cut();
    bench.advertise(false);
    const peers = [{ name: 'there', addresses: [address('10.98.0.9')] }];
    bench.take({ kind: 'configure', configuration: configuration([router()], { peers }) }, 10_000);

    const effects = bench.pass(5 * SECOND);

    assert.deepEqual(moves(effects), [`${ACTIVE_DOWN} lan Backup -> Active no-response`]);
  });

  it('one path still works: no move', () => {
    const bench = backupBench();
    bench.cut([HA]);
    bench.advertise(false);

    assert.deepEqual(moves(bench.pass(3 * SECOND)), []);
  });

  it('it was not the Active: no move', () => {
    const bench = betweenThree(150);
    bench.cut(undefined, 'third');

    const effects = bench.pass(SECOND);

    assert.deepEqual(moves(effects), []);
    assert.ok(effects.some((text) => text.endsWith('peer-unhealthy: third')));
  });

  it('it was a Backup like us, and nobody is Active yet: the timer decides', () => {
    const bench = new PairBench([router()]);
    bench.start(0);
    bench.pass(SECOND);
    bench.cut();

    const effects = bench.pass(4 * SECOND);

    assert.deepEqual(moves(effects), [`${ACTIVE_DOWN} lan Backup -> Active no-response`]);
  });

  it('somebody else is the Active by now, as its advertisements say: no move', () => {
    const bench = backupBench();
    bench.pass(50_000);
    bench.hear('lan', { priority: 250, source: address('192.0.2.250') }, 60_000);
    bench.cut();
    bench.advertise(false);

    const effects = bench.pass(3 * SECOND);

    assert.deepEqual(moves(effects), []);
  });

  it('it spoke last before we became a Backup: what it said then proves nothing, the RFC decides', () => {
    const bench = backupBench();
    bench.pass(50_000);
    bench.cut();
    bench.advertise(false);
    bench.take(hard('no-carrier', 'eth0'), 60_000);
    bench.take(hard('no-carrier', 'eth0', 'ok'), 70_000);

    const effects = bench.pass(5 * SECOND);

    assert.deepEqual(moves(effects), [`${70_000 + ACTIVE_DOWN} lan Backup -> Active no-response`]);
  });

  it('a better candidate is known: it is left to that one, and to the timer', () => {
    const bench = betweenThree(150);
    bench.cut();
    bench.advertise(false);

    const effects = bench.pass(4 * SECOND);

    assert.deepEqual(moves(effects), [`${ACTIVE_DOWN} lan Backup -> Active no-response`]);
  });

  it('another one says that it is Active already: it has found it out first', () => {
    const bench = betweenThree(50);
    bench.cut();
    bench.advertise(false);
    bench.says({ state: 'Active' }, 200_000, { peer: 'third' });

    const effects = bench.pass(SECOND);

    assert.deepEqual(moves(effects), []);
  });

  it('the better candidate falls silent too: then it is ours', () => {
    const bench = betweenThree(150);
    bench.cut();
    bench.advertise(false);
    bench.pass(900_000);
    bench.cut(undefined, 'third');

    const effects = bench.pass(3 * SECOND);

    const dead = bench.lastHeardAt('third') + SILENCE;
    assert.ok(effects.includes(`${dead} lan advertise 0`), 'the question is ours too by then');
    assert.deepEqual(moves(effects), [`${dead + TOLERANCE} lan Backup -> Active peer-dead`]);
  });
});

/** Checks every 10 ms, threshold 3: a silence is 35 ms, of which the last 5 are the tolerance. */
const FAST = {
  interval: microseconds(10_000),
  failureThreshold: 3,
  recoveryThreshold: 1,
};
const FAST_SILENCE = 35_000;

describe('Backup: a dying host falls silent on one path after the other', () => {
  /** The LAN is cut at 50 ms, the HA link `apart` microseconds later. */
  function dying(apart: number): PairBench {
    const bench = backupBench({ overrides: { peerCheck: FAST } });
    bench.pass(50_000);
    bench.cut([PEER]);
    bench.advertise(false);
    bench.pass(50_000 + apart);
    bench.cut();
    return bench;
  }

  it('within peerFailureThreshold checks it is one event: Active when the last path is silent', () => {
    for (const apart of [10_000, 20_000, 30_000]) {
      const bench = dying(apart);

      const effects = bench.pass(2 * SECOND);

      const dead = bench.lastHeardAt() + FAST_SILENCE;
      assert.ok(dead <= 50_000 + apart + FAST_SILENCE, `${dead}`);
      assert.deepEqual(moves(effects), [`${dead} lan Backup -> Active peer-dead`]);
    }
  });

  it('the HA link first: no other', () => {
    const bench = backupBench({ overrides: { peerCheck: FAST } });
    bench.pass(50_000);
    bench.cut([HA]);
    bench.pass(70_000);
    bench.cut();
    bench.advertise(false);

    const effects = bench.pass(2 * SECOND);

    const dead = bench.lastHeardAt() + FAST_SILENCE;
    assert.deepEqual(moves(effects), [`${dead} lan Backup -> Active peer-dead`]);
  });

  it('further apart they are two: an advertisement must be overdue as well', () => {
    const bench = dying(60_000);

    const effects = bench.pass(2 * SECOND);

    assert.deepEqual(moves(effects), ['1500000 lan Backup -> Active peer-dead']);
  });
});

describe('Backup: the Active is asked on the link before its silence is believed', () => {
  it('it answers: the HA port is lost, nobody moves, and Active_Down_Interval is the proof', () => {
    const bench = backupBench();
    bench.pass(50_000);
    bench.cut();

    const effects = bench.pass(900_000);
    bench.advertise(false);
    const later = bench.pass(6 * SECOND);

    const dead = bench.lastHeardAt() + SILENCE;
    const answered = dead - TOLERANCE + ROUND_TRIP;
    assert.deepEqual(effects, [
      `${dead - TOLERANCE} lan advertise 0`,
      `${dead} instance report peer-unhealthy: there`,
      `${dead} lan report ha-path-lost: there`,
    ]);
    assert.deepEqual(moves(later), [`${answered + ACTIVE_DOWN} lan Backup -> Active no-response`]);
  });

  it('no path on the LAN, and an advertisement is late: it answers, nobody moves', () => {
    const bench = backupBench({ peers: [HA_ONLY] });
    bench.pass(50_000);
    bench.cut();
    bench.advertise(false);
    bench.pass(1_050_000);
    bench.advertise(1_700_000);

    const effects = bench.pass(5 * SECOND);

    assert.equal(effects.filter((text) => text.endsWith('advertise 0')).length, 1);
    assert.deepEqual(moves(effects), []);
  });

  it('a single check is the threshold: the answer comes after the question all the same', () => {
    const peerCheck = { ...FAST, failureThreshold: 1 };
    const bench = backupBench({ overrides: { peerCheck } });
    bench.pass(50_000);
    bench.cut();

    const effects = bench.pass(900_000);

    assert.deepEqual(moves(effects), []);
    assert.ok(effects.some((text) => text.includes('ha-path-lost')));
  });

  it('it speaks in time, and falls silent again: asked again, once for each silence', () => {
    const bench = backupBench();
    bench.pass(50_000);
    bench.cut();
    bench.advertise(false);

    const first = bench.pass(320_000);
    bench.says({}, 320_000, { on: HA });
    const second = bench.pass(640_000);

    assert.deepEqual(first, [`${200 + SILENCE - TOLERANCE} lan advertise 0`]);
    assert.deepEqual(second.slice(1), [`${320_000 + SILENCE - TOLERANCE} lan advertise 0`]);
  });

  it('a better candidate is known: that one asks', () => {
    const bench = betweenThree(150);
    bench.cut();

    const effects = bench.pass(SECOND);

    assert.ok(!effects.some((text) => text.endsWith('advertise 0')));
  });

  it('the one that asks is another Backup: no farewell, whether the answer is heard or not', () => {
    const bench = betweenThree(150);
    bench.advertise(false);

    bench.hear('lan', { priority: 0, source: LAN_THIRD }, 150_000);
    const later = bench.pass(SECOND);

    assert.deepEqual(moves(later), []);
    assert.equal(bench.router('lan').counters.priorityZeroReceived, 1);
  });

  it('nor is it a sign of life of the Active: it is taken from all the same', () => {
    const bench = betweenThree(50);
    bench.cut();
    bench.advertise(false);
    const dead = bench.lastHeardAt() + SILENCE;
    bench.pass(dead - TOLERANCE);
    bench.hear('lan', { priority: 0, source: LAN_THIRD }, dead - TOLERANCE);

    const effects = bench.pass(SECOND);

    assert.deepEqual(moves(effects), [`${dead} lan Backup -> Active peer-dead`]);
  });

  it('we wake from a hang as a Backup, and hear the question that was meant for us: it is no farewell', () => {
    const bench = activeBench();
    bench.take({ kind: 'revoked' }, 10_000);

    const effects = bench.hear('lan', { priority: 0 }, 20_000);

    assert.deepEqual(effects, []);
  });
});
