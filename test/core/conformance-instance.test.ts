// RFC 9568 where it needs more than the machine: remarks of §7.1, owners, changing parameters, dead
// links. The numbers are those of our list of conformance cases. No second instance.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { centiseconds, instant } from '../../src/model/units.js';
import { InstanceBench, OWN, PEER, activeInstance, hard, router } from './instance-bench.js';
import { address } from './machine/virtual-router-bench.js';

const ACTIVE_DOWN = 3_609_375;
const LOWER = address('192.0.2.3');

/** An instance that entered Backup at 0. */
function backupInstance(overrides: Parameters<typeof router>[0] = {}): InstanceBench {
  const bench = new InstanceBench([router(overrides)]);
  bench.start(0);
  return bench;
}

describe('accepted with a remark (RFC 9568 §7.1, checks 12 to 14)', () => {
  it('40. interval 200 for our 100: remarked and counted, learned, 6 s + skew', () => {
    const bench = backupInstance();

    const effects = bench.hear('lan', { priority: 150, interval: 200 }, 1_000_000);

    assert.deepEqual(effects, [
      'lan report intervalMismatch: 192.0.2.200: the sender advertises at another interval than ours',
    ]);
    assert.deepEqual(bench.router('lan').counters.remarks, { intervalMismatch: 1 });
    assert.equal(bench.router('lan').activeAdverInterval, 200);
    assert.equal(bench.deadline?.at, 1_000_000 + 6_000_000 + 1_218_750);
  });

  for (const [what, addresses] of [
    ['another address', ['192.0.2.9']],
    ['more addresses', ['192.0.2.1', '192.0.2.2', '192.0.2.9']],
    ['fewer addresses', ['192.0.2.1']],
    ['one address twice', ['192.0.2.1', '192.0.2.1']],
  ] as const) {
    it(`41. ${what}: remarked and counted, accepted all the same`, () => {
      const bench = backupInstance({ addresses: ['192.0.2.1/24', '192.0.2.2/24'] });

      const effects = bench.hear('lan', { priority: 150, addresses }, 1_000_000);

      assert.deepEqual(effects, [
        'lan report addressMismatch: 192.0.2.200: the sender lists other virtual addresses than ours',
      ]);
      assert.deepEqual(bench.router('lan').counters.remarks, { addressMismatch: 1 });
      assert.equal(bench.deadline?.at, 1_000_000 + ACTIVE_DOWN);
    });
  }

  it('42. the same addresses in another order: nothing to remark', () => {
    const bench = backupInstance({ addresses: ['192.0.2.1/24', '192.0.2.2/24'] });

    const addresses = ['192.0.2.2', '192.0.2.1'];
    const effects = bench.hear('lan', { priority: 150, addresses }, 1_000_000);

    assert.deepEqual(effects, []);
    assert.deepEqual(bench.router('lan').counters.remarks, {});
  });

  it('66. two owners: both remark it, the lower address goes to Backup', () => {
    const bench = new InstanceBench([router({ priority: 255 })]);
    bench.start(0);

    const won = bench.hear('lan', { priority: 255, source: LOWER }, 500_000);
    const lost = bench.hear('lan', { priority: 255, source: PEER }, 600_000);

    const remark = 'another router also claims to own the addresses (priority 255)';
    assert.deepEqual(won, [`lan report ownerConflict: ${LOWER}: ${remark}`, 'lan advertise 255']);
    assert.deepEqual(lost, [
      `lan report ownerConflict: ${PEER}: ${remark}`,
      'lan remove',
      'lan Active -> Backup preempted',
    ]);
    assert.deepEqual(bench.router('lan').counters.remarks, { ownerConflict: 2 });
  });

  it('66. an owner heard by one that is none, or the other way round, is no conflict', () => {
    const owner = new InstanceBench([router({ priority: 255 })]);
    owner.start(0);
    const backup = backupInstance();

    const answered = owner.hear('lan', { priority: 254 }, 500_000);
    const heard = backup.hear('lan', { priority: 255 }, 500_000);

    assert.deepEqual([answered, heard], [['lan advertise 255'], []]);
  });

  it('every advertisement is counted, priority 0 beside, in Initialize too', () => {
    const bench = new InstanceBench([router()]);

    const effects = [150, 0, 50].flatMap((priority) => bench.hear('lan', { priority }, priority));

    const { advertisementsReceived, priorityZeroReceived } = bench.router('lan').counters;
    assert.deepEqual(effects, []);
    assert.deepEqual(
      { advertisementsReceived, priorityZeroReceived },
      {
        advertisementsReceived: 3,
        priorityZeroReceived: 1,
      },
    );
    assert.deepEqual(bench.states(), ['lan Initialize']);
  });
});

describe('the address owner (RFC 9568 §6.1, §5.2.4)', () => {
  it('always preempts, whatever Preempt_Mode says', () => {
    const bench = new InstanceBench([router({ priority: 255, preempt: false })]);
    bench.start(0);
    bench.hear('lan', { priority: 255, source: PEER }, 0);

    bench.hear('lan', { priority: 200, source: PEER }, 1_000_000);
    const lines = bench.run(3_003_906);

    assert.deepEqual(lines, ['3003906 lan add', '3003906 lan Backup -> Active priority']);
  });

  it('46. starts as Active; the number of transitions and the reason say so', () => {
    const bench = new InstanceBench([router({ priority: 255 })]);

    const effects = bench.start(0);

    assert.deepEqual(effects, ['lan add', 'lan advertise 255', 'lan Initialize -> Active owner']);
    assert.equal(bench.router('lan').counters.transitions, 1);
    assert.equal(bench.router('lan').reason, 'owner');
  });
});

describe('parameters that change at run time (RFC 9568 §6.1)', () => {
  it('69. Active: the next advertisement carries the new priority', () => {
    const bench = activeInstance([router()]);

    const effects = bench.configure([router({ priority: 50 })], 200_000);
    const lines = bench.run(1_000_000);

    assert.deepEqual(effects, ['lan report priority-changed: 100 to 50']);
    assert.deepEqual(lines, ['1000000 lan advertise 50', '1000000 lan announce']);
  });

  it('69. Backup: the timer runs on with the new Skew_Time', () => {
    const bench = backupInstance();

    bench.configure([router({ priority: 200 })], 1_000_000);

    assert.equal(bench.deadline?.at, 3_218_750);
  });

  it('a new Advertisement_Interval: Active advertises at it, Backup keeps what it learned', () => {
    const changed = router({ advertisementInterval: centiseconds(10) });
    const active = activeInstance([router()]);
    const backup = backupInstance();
    backup.hear('lan', { priority: 150 }, 500_000);

    active.configure([changed], 200_000);
    backup.configure([changed], 600_000);

    assert.deepEqual(active.run(400_000), ['300000 lan advertise 100', '400000 lan advertise 100']);
    assert.equal(backup.deadline?.at, 500_000 + ACTIVE_DOWN);
    assert.equal(backup.router('lan').activeAdverInterval, 100);
  });
});

describe('link and address (RFC 9568 §6.4, our list 70 to 74)', () => {
  it('70. carrier lost while Active: Initialize, nothing sent; carrier back: Startup', () => {
    const bench = activeInstance([router()]);

    const lost = bench.take(hard('no-carrier', 'eth0'), 500_000);
    const asleep = bench.deadline;
    const back = bench.take(hard('no-carrier', 'eth0', 'ok'), 900_000);

    assert.deepEqual(lost, [
      'lan remove',
      'lan Active -> Initialize no-carrier',
      'instance report flap: 1 of 3: no-carrier',
    ]);
    assert.equal(asleep, null);
    assert.deepEqual(back, ['lan Initialize -> Backup fault-cleared']);
    assert.equal(bench.deadline?.at, 900_000 + ACTIVE_DOWN);
  });

  it('63. a fault elsewhere: priority 0 first, since the interface still carries it', () => {
    const bench = activeInstance([router()]);

    const effects = bench.take(hard('no-carrier'), 500_000);

    assert.deepEqual(effects, [
      'lan advertise 0',
      'lan remove',
      'lan Active -> Initialize no-carrier',
      'instance report flap: 1 of 3: no-carrier',
    ]);
  });

  it('72. the socket fails while Active: nothing can be sent; opened again: Startup', () => {
    const bench = activeInstance([router()]);

    const failed = bench.take({ kind: 'socket', virtualRouter: 'lan', open: false }, 500_000);
    const opened = bench.take({ kind: 'socket', virtualRouter: 'lan', open: true }, 600_000);

    assert.deepEqual(failed, [
      'lan remove',
      'lan Active -> Initialize socket-failed',
      'instance report flap: 1 of 3: socket-failed',
    ]);
    assert.deepEqual(opened, ['lan Initialize -> Backup fault-cleared']);
  });

  it('73. no primary address: stays in Initialize and says so once', () => {
    const bench = new InstanceBench([router()]);
    bench.take({ kind: 'socket', virtualRouter: 'lan', open: true }, 0);
    bench.take({ kind: 'start' }, 0);
    const without = { kind: 'primary-address', virtualRouter: 'lan', address: null } as const;

    const first = bench.take(without, 1);
    const second = bench.take(without, 2);
    const found = bench.take({ ...without, address: OWN }, 3);

    assert.deepEqual(first, ['lan report waiting: no-primary-address']);
    assert.deepEqual(second, []);
    assert.deepEqual(found, ['lan Initialize -> Backup fault-cleared']);
  });

  it('73. the primary address vanishes while Active: Initialize, nothing from a foreign source', () => {
    const bench = activeInstance([router()]);

    const effects = bench.take(
      { kind: 'primary-address', virtualRouter: 'lan', address: null },
      500_000,
    );

    assert.deepEqual(effects, [
      'lan remove',
      'lan Active -> Initialize no-primary-address',
      'instance report flap: 1 of 3: no-primary-address',
    ]);
    assert.equal(bench.router('lan').activeAddress, null);
  });

  it('74. the primary address is replaced: the next advertisement comes from the new one', () => {
    const bench = activeInstance([router()]);
    const moved = address('192.0.2.77');

    const effects = bench.take(
      { kind: 'primary-address', virtualRouter: 'lan', address: moved },
      500_000,
    );
    const [sent] = bench.instance.handle({ kind: 'deadline' }, instant(1_000_000));

    assert.deepEqual(effects, []);
    assert.deepEqual(sent, {
      kind: 'send-advertisement',
      virtualRouter: 'lan',
      priority: 100,
      source: moved,
      dialect: 'rfc9568',
      alsoTo: [],
    });
    assert.equal(bench.router('lan').activeAddress, moved);
  });

  it('74. the new address decides between equal priorities from now on', () => {
    const bench = activeInstance([router()]);
    const moved = address('192.0.2.250');

    bench.take({ kind: 'primary-address', virtualRouter: 'lan', address: moved }, 500_000);
    const effects = bench.hear('lan', { priority: 100, source: PEER }, 600_000);

    assert.deepEqual(effects, ['lan advertise 100', `lan report dual-active: ${PEER}`]);
  });
});
