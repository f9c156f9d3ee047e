// What an instance learns and tells of itself: checksum dialect, counters, deadlines, snapshot.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { instant } from '../../src/model/units.js';
import { InstanceBench, OWN, PEER, activeInstance, hard, router, wan } from './instance-bench.js';
import { address } from './machine/virtual-router-bench.js';

describe('the checksum dialect', () => {
  it('auto: the other dialect, once heard, is spoken from the next advertisement on', () => {
    const bench = activeInstance([router()]);

    const effects = bench.hear('lan', { priority: 50, dialect: 'rfc5798' }, 1);
    const again = bench.hear('lan', { priority: 50, dialect: 'rfc5798' }, 2);

    assert.deepEqual(effects, [
      `lan report checksum-dialect: ${PEER} uses rfc5798`,
      'lan advertise 100',
      `lan report dual-active: ${PEER}`,
    ]);
    assert.deepEqual(again, []);
    const { sending, received } = bench.router('lan');
    assert.deepEqual({ sending, received }, { sending: 'rfc5798', received: 'rfc5798' });
    const [sent] = bench.instance.handle({ kind: 'deadline' }, instant(1_000_001));
    assert.ok(sent?.kind === 'send-advertisement' && sent.dialect === 'rfc5798');
  });

  it('auto: it stays with the old dialect, whoever speaks the new one beside it', () => {
    const bench = activeInstance([router()]);
    bench.hear('lan', { priority: 50, dialect: 'rfc5798' }, 1);

    bench.hear('lan', { priority: 50, dialect: 'rfc9568' }, 2);

    const { sending, received } = bench.router('lan');
    assert.deepEqual({ sending, received }, { sending: 'rfc5798', received: 'rfc9568' });
  });

  it('auto: priority 0 teaches none: in an emergency it is said in both, by one that is gone', () => {
    const bench = activeInstance([router()]);

    const effects = bench.hear('lan', { priority: 0, dialect: 'rfc5798' }, 1);

    assert.deepEqual(effects, ['lan advertise 100']);
    const { sending, received } = bench.router('lan');
    assert.deepEqual({ sending, received }, { sending: 'rfc9568', received: null });
  });

  it('fixed: sent as set, received as it comes; a reload may fix it, or set it free', () => {
    const bench = activeInstance([router({ checksum: 'rfc5798' })]);

    bench.hear('lan', { priority: 50, dialect: 'rfc9568' }, 1);
    const set = bench.router('lan');
    bench.configure([router({ checksum: 'rfc9568' })], 2);
    const fixed = bench.router('lan');
    bench.configure([router({ checksum: 'auto' })], 3);
    const free = bench.router('lan');

    assert.deepEqual([set.sending, set.received], ['rfc5798', 'rfc9568']);
    assert.deepEqual([fixed.sending, free.sending], ['rfc9568', 'rfc9568']);
  });

  it('IPv6 has one form: nothing is learned', () => {
    const six = router({ family: 'ipv6', addresses: ['fe80::1/64'] });
    const bench = new InstanceBench([six]);

    const effects = bench.hear('lan', { priority: 50, dialect: 'rfc5798' }, 0);

    assert.deepEqual(effects, []);
    const { sending, received } = bench.router('lan');
    assert.deepEqual({ sending, received }, { sending: 'rfc9568', received: null });
  });
});

describe('what it tells of itself', () => {
  it('counters, ages and the Active, as they are', () => {
    const bench = activeInstance([router()]);
    bench.run(2_000_000);
    bench.hear('lan', { priority: 250, interval: 50 }, 2_500_000);

    const { counters, ...told } = bench.router('lan', 2_600_000);

    assert.deepEqual(counters, {
      advertisementsSent: 3,
      advertisementsReceived: 2,
      priorityZeroSent: 0,
      priorityZeroReceived: 1,
      transitions: 3,
      remarks: { intervalMismatch: 1 },
    });
    assert.deepEqual(told, {
      configuration: router(),
      state: 'Backup',
      reason: 'preempted',
      because: '',
      releasing: null,
      nobodyHeld: null,
      since: 2_500_000,
      effectivePriority: 100,
      adjustments: [],
      activeAddress: PEER,
      strangerActive: false,
      rivalAddress: null,
      unheard: null,
      activeAdverInterval: 50,
      lastAdvertisementAge: 100_000,
      sending: 'rfc9568',
      received: 'rfc9568',
      primaryAddress: OWN,
    });
  });

  it('before anything was heard or known: null, not a guess', () => {
    const bench = new InstanceBench([router()]);

    const { activeAddress, lastAdvertisementAge, received, primaryAddress } = bench.router('lan');

    assert.deepEqual(
      { activeAddress, lastAdvertisementAge, received, primaryAddress },
      { activeAddress: null, lastAdvertisementAge: null, received: null, primaryAddress: null },
    );
  });

  it('the Active heard last; none after it gave up; ourselves when we are it', () => {
    const bench = new InstanceBench([router()]);
    bench.start(0);

    const heard = (bench.hear('lan', { priority: 50 }, 1), bench.router('lan').activeAddress);
    const gone = (bench.hear('lan', { priority: 0 }, 2), bench.router('lan').activeAddress);
    bench.run(1_000_000);

    assert.deepEqual([heard, gone], [PEER, null]);
    assert.equal(bench.router('lan').activeAddress, OWN);
    bench.take(hard('no-carrier', 'eth0'), 1_000_001);
    assert.equal(bench.router('lan').activeAddress, null);
  });

  it('a priority 0 sent is counted as both', () => {
    const bench = activeInstance([router()]);

    bench.take({ kind: 'stop' }, 1);

    const { advertisementsSent, priorityZeroSent } = bench.router('lan').counters;
    assert.deepEqual([advertisementsSent, priorityZeroSent], [2, 1]);
  });

  it('the soonest deadline of all, and why', () => {
    const bench = new InstanceBench([router({ priority: 100 }), wan({ priority: 200 })]);
    bench.start(0);

    const first = bench.deadline;
    bench.run(3_300_000);

    assert.deepEqual(first, {
      at: 3_218_750,
      owner: 'wan',
      cause: 'Active_Down_Timer',
    });
    assert.deepEqual(bench.deadline, {
      at: 3_609_375,
      owner: 'lan',
      cause: 'Active_Down_Timer',
    });
    bench.run(3_609_375);
    assert.deepEqual(bench.deadline, { at: 4_218_750, owner: 'wan', cause: 'Adver_Timer' });
  });

  it('a snapshot is a copy: what comes later does not change it', () => {
    const bench = activeInstance([router()]);
    const before = bench.router('lan');

    bench.hear('lan', { priority: 50, interval: 7, source: address('192.0.2.3') }, 1);

    assert.deepEqual(before.counters.remarks, {});
    assert.equal(before.counters.advertisementsReceived, 1);
  });
});

describe('the monitors alone', () => {
  it('are as the snapshot has them', () => {
    const bench = activeInstance([router()]);
    bench.take(hard('no-carrier', 'eth0'), 1);

    const monitors = bench.instance.monitors();

    assert.deepEqual(monitors, bench.instance.snapshot(instant(1)).monitors);
    assert.deepEqual(
      monitors.map(({ state }) => state),
      ['failed'],
    );
  });
});
