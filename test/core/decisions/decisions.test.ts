// The decision table of DESIGN §5, "Who is Active": a section for each row, effects in exact order.
// Here the rows of releases. Silence is in decisions-silence, lost advertisements and split links in decisions-split, two
// Actives in decisions-both, what is heard on the link alone in decisions-heard, a stall in decisions-stall. What both sides together make of it: testdata/pair-*.txt.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { instant, microseconds } from '../../../src/model/units.js';
import { PEER, router } from '../instance-bench.js';
import {
  ACTIVE_DOWN,
  HA,
  HANDOVER,
  PairBench,
  SECOND,
  SILENCE,
  SKEW,
  backupBench,
  betweenThree,
  gateway,
  moves,
} from '../pair-bench.js';
import { address } from '../machine/virtual-router-bench.js';

/** What the leaver sent before it heard our claim has arrived by then. */
const IN_FLIGHT = 200_000;

describe('Backup: priority 0, or the notice of a release', () => {
  it('priority 0, we are the best candidate: Active at once, heard when the addresses stand', () => {
    const bench = backupBench();

    const effects = bench.hear('lan', { priority: 0 }, 50_000);
    const later = bench.pass(60_000);

    assert.deepEqual(effects, [
      'lan add',
      'lan Backup -> Active priority-zero',
      'tell sound: Active 100',
    ]);
    assert.deepEqual(later, [
      '54000 lan announce',
      '54000 lan advertise 100',
      '54000 lan report taken-over: for at most 4 ms',
      '54000 tell sound: Active 100 present',
    ]);
  });

  it('priority 0, the other candidate is worse: Active at once', () => {
    const bench = betweenThree(50);

    const effects = bench.hear('lan', { priority: 0 }, 150_000);

    assert.equal(effects[1], 'lan Backup -> Active priority-zero');
  });

  it('priority 0, a better candidate is known: Skew_Time', () => {
    const bench = betweenThree(150);

    const effects = bench.hear('lan', { priority: 0 }, 150_000);
    bench.advertise(false);
    bench.says({ state: 'Backup', addressesPresent: false }, null);
    const later = bench.pass(SECOND);

    assert.deepEqual(effects, []);
    assert.deepEqual(later.slice(0, 2), [
      `${150_000 + SKEW} lan add`,
      `${150_000 + SKEW} lan Backup -> Active priority-zero`,
    ]);
  });

  it('priority 0, but one goes on saying that it is Active for longer than a check interval: no move', () => {
    const bench = betweenThree(150);
    bench.advertise(false);

    bench.hear('lan', { priority: 0 }, 150_000);
    const later = bench.pass(SECOND);

    assert.deepEqual(moves(later), []);
  });

  it('priority 0 of a stranger, and a peer that said it is Active: it is asked at once, and once', () => {
    const peerCheck = {
      interval: microseconds(5_000_000),
      failureThreshold: 3,
      recoveryThreshold: 1,
    };
    const bench = backupBench({ overrides: { peerCheck } });
    bench.says({ addressesPresent: false }, null);
    bench.pass(1_950_000);

    bench.hear('lan', { priority: 0, source: address('192.0.2.9') }, 1_950_000);
    const { deadline } = bench;
    const asked = bench.instance
      .handle({ kind: 'deadline' }, instant(1_950_000))
      .filter(({ kind }) => kind === 'check-peer');

    assert.deepEqual(deadline, { at: 1_950_000, owner: 'lan', cause: 'advertisement-overdue' });
    assert.deepEqual(asked, [{ kind: 'check-peer', peer: 'there' }]);
    assert.notEqual(bench.deadline?.cause, 'advertisement-overdue');
  });

  it('priority 0, one of higher priority has a soft fault: it is not the better candidate', () => {
    const bench = betweenThree(150);
    bench.says({ sound: false }, 150_000, { peer: 'third' });

    const effects = bench.hear('lan', { priority: 0 }, 160_000);

    assert.equal(effects[1], 'lan Backup -> Active priority-zero');
  });

  it('priority 0, we have a soft fault and another one has none: Skew_Time', () => {
    const bench = betweenThree(50);
    bench.take(gateway('failed'), 150_000);

    const effects = bench.hear('lan', { priority: 0 }, 160_000);

    assert.deepEqual(effects, []);
    assert.equal(bench.router('lan').state, 'Backup');
  });

  it('priority 0, the other candidate is unfit, or is leaving itself: Active at once', () => {
    for (const saying of [{ fit: false, sound: false }, { releasing: true }]) {
      const bench = betweenThree(150);
      bench.says({ ...saying, state: 'Initialize' }, 150_000, { peer: 'third' });

      const effects = bench.hear('lan', { priority: 0 }, 160_000);

      assert.equal(effects[1], 'lan Backup -> Active priority-zero', JSON.stringify(saying));
    }
  });

  it('priority 0 while another peer says that it is Active: Skew_Time', () => {
    const bench = betweenThree(150);
    bench.says({ state: 'Active', addressesPresent: true }, 150_000, { peer: 'third' });

    const effects = bench.hear('lan', { priority: 0 }, 160_000);

    assert.deepEqual(effects, []);
  });

  it('priority 0, no peer is known to be well: Skew_Time, as the RFC says', () => {
    const bench = backupBench();
    bench.cut();
    bench.pass(3 * SECOND);

    const effects = bench.hear('lan', { priority: 0 }, 3_050_000);
    const later = bench.pass(4 * SECOND);

    assert.deepEqual(effects, []);
    assert.deepEqual(later.slice(0, 2), [
      `${3_050_000 + SKEW} lan add`,
      `${3_050_000 + SKEW} lan Backup -> Active priority-zero`,
    ]);
  });

  it('priority 0, the peer has other virtual routers: no known pair, Skew_Time', () => {
    const bench = backupBench();
    const { digests } = bench.voice().report;
    bench.says({ digests: { ...digests, virtualRouters: 1 } }, 10_000);

    const effects = bench.hear('lan', { priority: 0 }, 50_000);

    assert.deepEqual(effects, []);
  });

  it('the notice, we are the best candidate: Active at once', () => {
    const bench = backupBench();

    const effects = bench.says({ releasing: true }, 50_000, { on: HA });
    const later = bench.pass(60_000);

    assert.deepEqual(effects, [
      'lan add',
      'lan Backup -> Active peer-released',
      'tell sound: Active 100',
    ]);
    assert.deepEqual(later, [
      '54000 lan announce',
      '54000 lan advertise 100',
      '54000 lan report taken-over: never',
      '54000 tell sound: Active 100 present',
    ]);
  });

  it('the notice: what the leaver sends before it hears us does not outrank us', () => {
    const bench = backupBench();
    bench.says({ releasing: true }, 50_000, { on: HA });
    bench.pass(60_000);
    const until = 54_000 + IN_FLIGHT;

    const granted = bench.hear('lan', { priority: 200 }, until - 1);
    const over = bench.hear('lan', { priority: 200 }, until);

    assert.deepEqual(granted, ['lan advertise 100'], 'it is answered');
    assert.deepEqual(over, [
      'lan remove',
      'lan Active -> Backup preempted',
      'tell sound: Backup 100',
    ]);
  });

  it('the notice: the leaver is not obeyed before it can have heard us, however long our script takes', () => {
    const bench = backupBench();
    bench.scripts = false;
    bench.says({ releasing: true }, 50_000, { on: HA });

    const granted = bench.hear('lan', { priority: 200 }, 50_000 + HANDOVER - 1);
    const slow = bench.hear('lan', { priority: 200 }, 50_000 + 2 * HANDOVER);
    const placed = bench.take({ kind: 'addresses-present', virtualRouter: 'lan' }, 900_000);
    const over = bench.hear('lan', { priority: 200 }, 900_000);

    assert.deepEqual([...granted, ...slow], []);
    assert.equal(placed[1], 'lan advertise 100');
    assert.deepEqual(moves(over), ['lan Active -> Backup preempted']);
  });

  it('the notice: priority 0 of the leaver is not answered before our addresses stand', () => {
    const bench = backupBench();
    bench.says({ releasing: true }, 50_000, { on: HA });

    const early = bench.hear('lan', { priority: 0 }, 51_000);
    const placed = bench.pass(60_000);
    const late = bench.hear('lan', { priority: 0 }, 70_000);

    assert.deepEqual(early, []);
    assert.equal(placed[1], '54000 lan advertise 100');
    assert.deepEqual(late, ['lan advertise 100']);
  });

  it('priority 0, said again before our addresses stand: not answered, the leaver goes on answering', () => {
    const bench = backupBench();
    bench.hear('lan', { priority: 0 }, 50_000);

    const again = bench.hear('lan', { priority: 0 }, 51_000);
    const late = bench.hear('lan', { priority: 200 }, 52_000);

    assert.deepEqual([...again, ...late], []);
    assert.equal(bench.router('lan').state, 'Active');
  });

  it('the notice: nothing is claimed while the script hangs', () => {
    const bench = backupBench();
    bench.advertise(false);
    bench.scripts = false;
    bench.says({ releasing: true }, 50_000, { on: HA });

    const later = bench.pass(5_100_000);

    assert.deepEqual(later, []);
  });

  it('the notice, a better candidate is known: after Skew_Time', () => {
    const bench = betweenThree(150);
    bench.advertise(false);

    const effects = bench.says({ state: 'Initialize', releasing: true }, 150_000, { on: HA });
    const later = bench.pass(SECOND);

    assert.deepEqual(effects, []);
    assert.deepEqual(
      later.filter((text) => text.includes('->')),
      [`${150_000 + SKEW} lan Backup -> Active peer-released`],
    );
  });

  it('the notice, in our turn: the one that leaves is not obeyed while it has not heard us', () => {
    const bench = betweenThree(150);
    bench.advertise(false);
    bench.says({ releasing: true }, 150_000);
    const taken = bench.pass(150_000 + SKEW);

    const effects = bench.hear('lan', { priority: 200 }, 151_000 + SKEW);

    assert.deepEqual(moves(taken), [`${150_000 + SKEW} lan Backup -> Active peer-released`]);
    assert.deepEqual(moves(effects), []);
  });

  it('the notice, and it goes on advertising: our turn comes when it would have come', () => {
    const bench = betweenThree(150);
    bench.advertise(false);
    bench.says({ releasing: true }, 150_000);
    bench.hear('lan', { priority: 200 }, 160_000);

    const effects = bench.pass(SECOND);

    assert.deepEqual(moves(effects), [`${150_000 + SKEW} lan Backup -> Active peer-released`]);
  });

  it('the notice, and somebody else advertises, or it keeps the role: the timer is set anew', () => {
    for (const keeps of [true, false]) {
      const bench = betweenThree(150);
      bench.advertise(false);
      bench.says({ releasing: true }, 150_000);
      if (keeps) bench.says({ releasing: false }, 155_000);
      bench.hear('lan', { priority: 200, source: keeps ? PEER : address('192.0.2.77') }, 160_000);

      const effects = bench.pass(SECOND);

      assert.deepEqual(moves(effects), [], String(keeps));
    }
  });

  it('the notice, and the better candidate dies before it has taken the role: ours', () => {
    const bench = betweenThree(150);
    bench.advertise(false);
    bench.says({ state: 'Initialize', addressesPresent: false, releasing: true }, 150_000);
    bench.cut(undefined, 'third');

    const effects = bench.pass(SECOND);

    const dead = bench.lastHeardAt('third') + SILENCE;
    assert.ok(dead < 150_000 + SKEW);
    assert.deepEqual(moves(effects), [`${dead} lan Backup -> Active peer-released`]);
  });

  it('the notice of one whose role another peer holds already: no move', () => {
    const bench = betweenThree(150);
    bench.says({ state: 'Active', addressesPresent: true }, 150_000, { peer: 'third' });

    const effects = bench.says({ state: 'Backup', releasing: true }, 160_000);

    assert.deepEqual(effects, []);
  });

  it('the notice of one that lost the role to somebody whose advertisements we hear: no move', () => {
    const bench = backupBench();
    bench.hear('lan', { priority: 250, source: address('192.0.2.250') }, 10_000);

    const effects = bench.says({ state: 'Backup', releasing: true }, 20_000);

    assert.deepEqual(effects, []);
  });
});

describe('Backup: Active_Down_Timer fires, the peer is dead or not Active', () => {
  it('the peer is healthy and says that it is Backup: Active, as the RFC says', () => {
    const bench = backupBench();
    bench.advertise(false);
    bench.says({ state: 'Backup', addressesPresent: false }, 10_000);

    const effects = bench.pass(4 * SECOND);

    assert.deepEqual(effects.slice(0, 4), [
      `${ACTIVE_DOWN} lan add`,
      `${ACTIVE_DOWN} lan advertise 100`,
      `${ACTIVE_DOWN} lan Backup -> Active no-response`,
      `${ACTIVE_DOWN} tell sound: Active 100`,
    ]);
  });

  it('the peer is dead, and was not known to be the Active: Active, as the RFC says', () => {
    const bench = new PairBench([router()]);
    bench.cut();
    bench.start(0);

    const effects = bench.pass(4 * SECOND);

    assert.deepEqual(effects.slice(0, 5), [
      '340000 instance report peer-unhealthy: there',
      `${ACTIVE_DOWN} lan add`,
      `${ACTIVE_DOWN} lan advertise 100`,
      `${ACTIVE_DOWN} lan Backup -> Active no-response`,
      `${ACTIVE_DOWN} tell sound: Active 100`,
    ]);
  });

  it('the peer is Active and has other virtual routers: what it says is not about ours', () => {
    const bench = backupBench();
    const { digests } = bench.voice().report;
    bench.says({ digests: { ...digests, virtualRouters: 1 } }, 10_000);
    bench.advertise(false);

    const effects = bench.pass(4 * SECOND);

    assert.deepEqual(moves(effects), [`${ACTIVE_DOWN} lan Backup -> Active no-response`]);
  });
});
