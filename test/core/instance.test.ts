// The rules between the virtual routers of one instance, and what it tells of itself. The protocol is
// in conformance-*.test.ts; what several appliances make of it is in testdata.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { Instance } from '../../src/core/instance.js';
import { instant } from '../../src/model/units.js';
import {
  InstanceBench,
  OWN,
  PEER,
  activeInstance,
  configuration,
  hard,
  router,
  wan,
} from './instance-bench.js';

const BOTH = [router({ priority: 200 }), wan({ priority: 200 })];

describe('taking part', () => {
  it('nothing happens before the start, whatever is known', () => {
    const bench = new InstanceBench([router()]);

    const facts = [
      ...bench.ready('lan', 0),
      ...bench.take(hard('no-carrier', 'eth0'), 0),
      ...bench.take(hard('no-carrier', 'eth0', 'ok'), 0),
    ];

    assert.deepEqual(facts, []);
    assert.equal(bench.deadline, null);
  });

  for (const kind of ['primary-address', 'socket'] as const) {
    it(`started without knowing its ${kind}: waits for it without a word`, () => {
      const bench = new InstanceBench([router()]);
      const about = { virtualRouter: 'lan' };
      const facts = {
        'primary-address': { kind: 'primary-address', ...about, address: OWN } as const,
        socket: { kind: 'socket', ...about, open: true } as const,
      };
      bench.take(facts[kind === 'socket' ? 'primary-address' : 'socket'], 0);

      const started = bench.take({ kind: 'start' }, 0);
      const told = bench.take(facts[kind], 1);

      assert.deepEqual(started, []);
      assert.deepEqual(told, ['lan Initialize -> Backup startup']);
    });
  }

  it('stop is for good: a start after it is not heard', () => {
    const bench = activeInstance([router()]);

    const stopped = bench.take({ kind: 'stop' }, 1);
    const again = bench.take({ kind: 'start' }, 2);

    assert.deepEqual(stopped, [
      'lan advertise 0',
      'lan remove',
      'lan Active -> Initialize shutdown',
    ]);
    assert.deepEqual(again, []);
    assert.equal(bench.deadline, null);
  });

  it('one that stops while a fault keeps it out has nothing more to say', () => {
    const bench = activeInstance([router()]);
    bench.take(hard('no-carrier', 'eth0'), 1);

    const effects = bench.take({ kind: 'stop' }, 2);

    assert.deepEqual(effects, []);
    assert.equal(bench.router('lan').reason, 'shutdown');
  });

  it('an interface that was renamed still carries the farewell', () => {
    const bench = activeInstance([router()]);

    const renamed = bench.take(hard('interface-renamed', 'eth0'), 1);

    assert.deepEqual(renamed.slice(0, 3), [
      'lan advertise 0',
      'lan remove',
      'lan Active -> Initialize interface-renamed',
    ]);
  });

  it('mode off: out with a farewell; on again: the startup rules', () => {
    const bench = activeInstance([router()]);

    const off = bench.configure([router()], 1, { mode: 'off' });
    const on = bench.configure([router()], 2);

    assert.deepEqual(off, ['lan advertise 0', 'lan remove', 'lan Active -> Initialize mode-off']);
    assert.deepEqual(on, ['lan Initialize -> Backup mode-on']);
    assert.equal(bench.instance.snapshot(instant(2)).mode, 'active-passive');
  });

  it('two virtual routers of one name contradict each other', () => {
    const twice = configuration([router(), router()]);

    const wrong = (): unknown => new Instance(twice, instant(0));

    assert.throws(wrong, { name: 'AssertionFailure', message: 'router names are unique' });
  });

  it('time never runs backwards: a packet from before the last event counts as with it', () => {
    const bench = new InstanceBench([router()]);
    bench.start(1_000_000);

    bench.hear('lan', { priority: 150 }, 400_000);

    assert.equal(bench.deadline?.at, 1_000_000 + 3_609_375);
  });
});

describe('a group moves together', () => {
  it('a fault of one is a fault of all, and over for all at once', () => {
    const bench = activeInstance(BOTH);

    const lost = bench.take(hard('no-carrier', 'eth1'), 1);
    const back = bench.take(hard('no-carrier', 'eth1', 'ok'), 2);

    assert.deepEqual(lost, [
      'lan advertise 0',
      'lan remove',
      'lan Active -> Initialize group-fault',
      'instance report flap: 1 of 3: group-fault',
      'wan remove',
      'wan Active -> Initialize no-carrier',
    ]);
    assert.deepEqual(back, [
      'lan Initialize -> Backup fault-cleared',
      'wan Initialize -> Backup fault-cleared',
    ]);
  });

  it('one that loses the role takes those behind it along, each with priority 0', () => {
    const bench = activeInstance([wan(), router()]);

    const effects = bench.hear('lan', { priority: 250 }, 1);

    assert.deepEqual(effects, [
      'lan remove',
      'lan Active -> Backup preempted',
      'wan advertise 0',
      'wan remove',
      'wan Active -> Backup group-moved',
    ]);
  });

  it('not those before it, or two appliances would exchange their roles for ever', () => {
    const bench = activeInstance(BOTH);

    const effects = bench.hear('wan', { priority: 250 }, 1);

    assert.deepEqual(effects, ['wan remove', 'wan Active -> Backup preempted']);
    assert.deepEqual(bench.states(), ['lan Active', 'wan Backup']);
  });

  it('the order is that of VRID, family, addresses: what every appliance has alike', () => {
    const group = [
      router({ name: 'late', vrid: 100 }),
      router({ name: 'six', vrid: 51, family: 'ipv6', addresses: ['fe80::1/64'] }),
      router({ name: 'second', vrid: 51, addresses: ['192.0.2.1/24', '192.0.2.9/24'] }),
      router({ name: 'first', vrid: 51, addresses: ['192.0.2.8/24', '192.0.2.1/24'] }),
      router({ name: 'early', vrid: 7 }),
    ];
    const order = ['early', 'first', 'second', 'six', 'late'];
    for (const [rank, name] of order.entries()) {
      const bench = activeInstance(group);

      bench.hear(name, { priority: 250, addresses: [], source: PEER }, 1);

      const moved = bench.states().filter((state) => state.endsWith('Backup'));
      const expected = order.slice(rank).map((one) => `${one} Backup`);
      assert.deepEqual(moved.sort(), expected.sort());
    }
  });

  it('none preempts while another follows an Active that is at least its equal', () => {
    const bench = new InstanceBench([router({ priority: 200 }), wan({ priority: 100 })]);
    bench.start(0);
    bench.hear('wan', { priority: 100 }, 1_000_000);

    bench.hear('lan', { priority: 100 }, 1_000_000);
    const held = bench.deadline;
    bench.hear('wan', { priority: 50 }, 2_000_000);
    bench.hear('lan', { priority: 100 }, 3_000_000);

    assert.equal(held?.at, 1_000_000 + 3_218_750);
    assert.deepEqual(bench.run(1_000_000 + 3_218_750), [
      '4218750 lan add',
      '4218750 lan Backup -> Active priority',
    ]);
  });

  it('but takes a role that nobody holds, whatever the others follow', () => {
    const bench = new InstanceBench(BOTH);
    bench.start(0);

    for (const second of [1, 2, 3]) bench.hear('wan', { priority: 250 }, second * 1_000_000);
    bench.run(3_218_750);

    assert.deepEqual(bench.states(), ['lan Active', 'wan Backup']);
  });

  it('an Active that went away is followed no longer', () => {
    const bench = new InstanceBench(BOTH);
    bench.start(0);
    bench.hear('wan', { priority: 250 }, 1_000_000);
    bench.run(4_218_750);
    bench.take(hard('no-carrier', 'eth0'), 4_300_000);
    bench.take(hard('no-carrier', 'eth0', 'ok'), 4_400_000);

    bench.hear('lan', { priority: 100 }, 5_000_000);
    const lines = bench.run(4_400_000 + 3_218_750);

    assert.ok(lines.includes('7618750 lan Backup -> Active priority'), lines.join('\n'));
  });
});

describe('addresses that cannot be kept', () => {
  const removed = { kind: 'addresses-removed', virtualRouter: 'lan' } as const;

  it('removed by somebody: put back, and said', () => {
    const bench = activeInstance([router()]);

    const effects = bench.take(removed, 1);

    assert.deepEqual(effects, ['lan report address-restored: restoration 1 of 5', 'lan add']);
  });

  it('now and then is no fight: 10 s after a restoration it is forgotten', () => {
    const bench = activeInstance([router()]);
    for (let time = 0; time < 5; time += 1) bench.take(removed, time);

    const effects = bench.take(removed, 10_000_000);

    assert.deepEqual(effects, ['lan report address-restored: restoration 5 of 5', 'lan add']);
  });

  it('a sixth time within 10 s: yields with priority 1 for a minute', () => {
    const bench = activeInstance([router()]);
    for (let time = 0; time < 5; time += 1) bench.take(removed, time);

    const effects = bench.take(removed, 9_999_999);
    bench.hear('lan', { priority: 50 }, 10_000_000);
    const standing = bench.router('lan');
    const wakes = bench.deadline;

    assert.deepEqual(effects, [
      'lan report address-yielded: removed again after 5 restorations within 10 s',
      'lan report priority-changed: 100 to 1',
      'lan advertise 0',
      'lan remove',
      'lan Active -> Backup address-lost',
      'instance report flap: 1 of 3: address-lost',
    ]);
    assert.equal(standing.effectivePriority, 1);
    assert.deepEqual(standing.adjustments, [{ name: 'address-lost', amount: -99 }]);
    assert.deepEqual(wakes, {
      at: 10_000_000 + 3_996_093,
      owner: 'lan',
      cause: 'Active_Down_Timer',
    });
  });

  it('the yield is over after 60 s, which is a deadline of its own', () => {
    const bench = activeInstance([router()]);
    const failed = { kind: 'addresses-failed', virtualRouter: 'lan', detail: 'EINVAL' } as const;
    bench.take(failed, 1);
    bench.take(hard('no-carrier', 'eth0'), 2);

    const wakes = bench.deadline;
    const lines = bench.run(60_000_001);

    assert.deepEqual(wakes, { at: 60_000_001, owner: 'lan', cause: 'yield-over' });
    assert.deepEqual(lines, ['60000001 lan report priority-changed: 1 to 100']);
    assert.equal(bench.deadline, null);
  });

  it('a Backup has none: news of a script that was overtaken means nothing', () => {
    const bench = new InstanceBench([router()]);
    bench.start(0);
    const failed = { kind: 'addresses-failed', virtualRouter: 'lan', detail: 'EINVAL' } as const;

    assert.deepEqual([...bench.take(removed, 1), ...bench.take(failed, 2)], []);
    assert.deepEqual(bench.states(), ['lan Backup']);
  });

  it('the others follow once a successor is heard, and only then', () => {
    const bench = activeInstance(BOTH);
    bench.take({ kind: 'addresses-failed', virtualRouter: 'lan', detail: 'EINVAL' }, 1);

    const alone = bench.states();
    const heard = bench.hear('lan', { priority: 100 }, 700_000);
    bench.run(700_000 + 3_218_750);
    const again = bench.hear('lan', { priority: 100 }, 4_000_000);

    assert.deepEqual(alone, ['lan Backup', 'wan Active']);
    assert.deepEqual(heard, ['wan advertise 0', 'wan remove', 'wan Active -> Backup group-moved']);
    assert.deepEqual(again, [], 'nobody took the wan: it is not given up to nobody again');
    assert.equal(bench.router('wan').state, 'Active');
  });
});
