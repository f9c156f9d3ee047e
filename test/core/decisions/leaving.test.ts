// What takes an Active out of the election (DESIGN §5): maintenance and mode `off` hand the role over first, a stop does
// not wait. Both sides together: testdata/pair-*.txt.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { forced, hard, operator, router } from '../instance-bench.js';
import {
  HA,
  HANDOVER,
  SECOND,
  TAKEN,
  THERE,
  activeBench,
  backupBench,
  gateway,
  moves,
} from '../pair-bench.js';

describe('maintenance, mode off: handed over, then out of the election', () => {
  it('maintenance: asks, hands over, is out; and comes back by the startup rules', () => {
    const bench = activeBench();

    const asks = bench.take(operator('maintenance-on'), 50_000);
    const taken = bench.says(TAKEN, 55_000, { on: HA });
    const back = bench.take(operator('maintenance-off'), SECOND);

    assert.deepEqual(asks, [
      'instance report maintenance: on',
      'tell unfit: Active 200 present releasing',
    ]);
    assert.deepEqual(taken, [
      'lan remove',
      'lan Active -> Backup maintenance',
      'lan Backup -> Initialize maintenance',
      'tell unfit: Initialize 200',
    ]);
    assert.deepEqual(back, [
      'instance report maintenance: off: back in the election',
      'lan Initialize -> Backup readmitted',
      'tell sound: Backup 200',
    ]);
  });

  it('mode off: the same', () => {
    const bench = activeBench();
    const peers = [THERE];

    const asks = bench.configure([router({ priority: 200 })], 50_000, { peers, mode: 'off' });
    const taken = bench.says(TAKEN, 55_000, { on: HA });

    assert.deepEqual(asks, [
      'instance report settings-differ: there: mode is active-passive',
      'tell unfit: Active 200 present releasing',
    ]);
    assert.deepEqual(moves(taken), [
      'lan Active -> Backup mode-off',
      'lan Backup -> Initialize mode-off',
    ]);
  });

  it('a peer with a soft fault will do when it is forced', () => {
    const bench = activeBench();
    bench.says({ sound: false }, 40_000);

    bench.take(operator('maintenance-on'), 50_000);
    assert.equal(bench.router('lan').releasing, null);
    bench.take(forced('maintenance-on'), 60_000);

    assert.equal(bench.router('lan').releasing, 'maintenance');
  });

  it('nobody could take over: refused; forced: out at once, with a farewell', () => {
    const bench = activeBench();
    bench.says({ fit: false, sound: false }, 40_000);

    const refused = bench.take(operator('maintenance-on'), 45_000);
    const effects = bench.take(forced('maintenance-on'), 50_000);

    assert.deepEqual(refused, [
      'lan report refused: maintenance on: nobody is fit and sound to take lan: there is out: it cannot take the role',
    ]);
    assert.deepEqual(effects, [
      'instance report maintenance: on, forced',
      'lan advertise 0',
      'lan remove',
      'lan Active -> Initialize maintenance',
      'tell unfit: Initialize 200 releasing',
    ]);
  });

  it('nobody takes over in time: priority 0, and out', () => {
    const bench = activeBench();
    bench.take(operator('maintenance-on'), 50_000);

    const effects = bench.pass(50_000 + HANDOVER);

    const at = 50_000 + HANDOVER;
    assert.deepEqual(effects, [
      `${at} lan advertise 0`,
      `${at} lan remove`,
      `${at} lan Active -> Backup maintenance`,
      `${at} lan Backup -> Initialize maintenance`,
      `${at} tell unfit: Initialize 200 releasing`,
    ]);
  });

  it('it is over before anybody took the role: kept', () => {
    const bench = activeBench();
    bench.take(operator('maintenance-on'), 50_000);
    bench.take(operator('maintenance-off'), 60_000);

    const effects = bench.pass(SECOND);

    assert.deepEqual(moves(effects), []);
    assert.equal(bench.router('lan').state, 'Active');
    assert.equal(bench.router('lan').releasing, null);
  });

  it('a Backup is out at once; a virtual router that stands still says what it waits for', () => {
    const bench = backupBench();

    const out = bench.take(operator('maintenance-on'), 50_000);
    const fault = bench.take(hard('no-carrier', 'eth0'), 60_000);
    const off = bench.take(operator('maintenance-off'), 70_000);

    assert.deepEqual(moves(out), ['lan Backup -> Initialize maintenance']);
    assert.deepEqual(fault, []);
    assert.deepEqual(off, [
      'instance report maintenance: off: back in the election',
      'lan report waiting: no-carrier',
      'tell unfit: Initialize 100',
    ]);
  });

  it('while a soft fault is being handed over: the fault first, then maintenance asks anew', () => {
    const bench = activeBench();
    bench.take(gateway('failed'), 50_000);
    bench.take(operator('maintenance-on'), 60_000);

    const refused = bench.pass(50_000 + HANDOVER);
    const out = bench.pass(50_000 + 2 * HANDOVER);

    assert.deepEqual(moves(refused), []);
    assert.equal(refused[0], '350000 lan report refused: soft-fault: nobody took the role over');
    assert.deepEqual(moves(out), [
      '650000 lan Active -> Backup maintenance',
      '650000 lan Backup -> Initialize maintenance',
    ]);
  });
});

describe('stop', () => {
  it('priority 0, and the peers are told that the role is free', () => {
    const bench = activeBench();

    const effects = bench.take({ kind: 'stop' }, 50_000);

    assert.deepEqual(effects, [
      'lan advertise 0',
      'lan remove',
      'lan Active -> Initialize shutdown',
      'tell unfit: Initialize 200 releasing',
    ]);
    assert.equal(bench.deadline, null, 'no checks any more');
  });

  it('a Backup has nothing to give: it says that it leaves', () => {
    const bench = backupBench();

    assert.deepEqual(bench.take({ kind: 'stop' }, 50_000), [
      'lan Backup -> Initialize shutdown',
      'tell unfit: Initialize 100',
    ]);
  });

  it('a deadline event after it asks nobody anything', () => {
    const bench = backupBench();
    bench.take({ kind: 'stop' }, 50_000);

    assert.deepEqual(bench.take({ kind: 'deadline' }, SECOND), []);
  });
});
