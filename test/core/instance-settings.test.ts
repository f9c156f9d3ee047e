// What a reload changes in a running instance, and what it leaves alone. No files, no other instance.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { instant } from '../../src/model/units.js';
import { activeInstance, check, hard, router, wan } from './instance-bench.js';

const BOTH = [router({ priority: 200 }), wan({ priority: 200 })];

describe('a reload applies the difference', () => {
  it('what did not change does not notice', () => {
    const bench = activeInstance(BOTH);
    const before = bench.router('lan');
    const deadline = bench.deadline;

    const effects = bench.configure([BOTH[0] ?? router(), wan({ priority: 150 })], 1);

    assert.deepEqual(effects, ['wan report priority-changed: 200 to 150']);
    assert.deepEqual(bench.router('lan'), before);
    assert.deepEqual(bench.deadline, deadline);
  });

  it('other addresses: put on while Active, and announced once they stand', () => {
    const bench = activeInstance([router()]);

    const effects = bench.configure([router({ addresses: ['192.0.2.2/24'] })], 1);

    assert.deepEqual(effects, ['lan add']);
    assert.deepEqual(bench.run(1_000_000), ['1000000 lan advertise 100']);
    assert.deepEqual(bench.take({ kind: 'addresses-present', virtualRouter: 'lan' }, 1_000_001), [
      'lan announce',
    ]);
  });

  it('the same addresses in another order are the same; another prefix length is not', () => {
    const two = ['192.0.2.1/24', '192.0.2.2/24'];
    const bench = activeInstance([router({ addresses: two })]);

    const turned = bench.configure([router({ addresses: two.toReversed() })], 1);
    const longer = bench.configure([router({ addresses: ['192.0.2.1/32', '192.0.2.2/24'] })], 2);

    assert.deepEqual([turned, longer], [[], ['lan add']]);
  });

  it('another name: the same virtual router, which does not notice', () => {
    const bench = activeInstance([router({ priority: 200 }), wan({ priority: 200 })]);
    const { machine, since } = {
      machine: bench.router('lan').state,
      since: bench.router('lan').since,
    };

    const effects = bench.configure(
      [router({ priority: 200, name: 'office' }), BOTH[1] ?? wan()],
      1,
    );

    assert.deepEqual(effects, []);
    assert.deepEqual(
      [bench.router('office').state, bench.router('office').since],
      [machine, since],
    );
  });

  for (const [what, changed] of [
    ['VRID', { vrid: 77 }],
    ['interface', { interface: 'eth5' }],
    ['family', { family: 'ipv6', addresses: ['fe80::1/64'] }],
  ] as const) {
    it(`another ${what}: another virtual router, which starts from nothing`, () => {
      const bench = activeInstance([router()]);

      const effects = bench.configure([router(changed)], 1);

      assert.deepEqual(effects, [
        'lan advertise 0',
        'lan remove',
        'lan Active -> Initialize settings-changed',
      ]);
      assert.deepEqual(bench.ready('lan', 2), ['lan Initialize -> Backup settings-changed']);
    });
  }

  it('a virtual router that goes takes its faults along', () => {
    const bench = activeInstance(BOTH);
    bench.take(hard('no-carrier', 'eth1'), 1);

    const effects = bench.configure([router({ priority: 200 })], 2);
    const monitors = bench.instance.snapshot(instant(2)).monitors;

    assert.deepEqual(effects, ['lan Initialize -> Backup fault-cleared']);
    assert.deepEqual(monitors, []);
  });

  it('but the checks, and what concerns no interface or one still in use, are remembered', () => {
    const bench = activeInstance(BOTH);
    const known = [
      check('upcheck', -10),
      hard('no-carrier', undefined),
      hard('no-carrier', 'eth0'),
    ];
    for (const event of known) bench.take(event, 1);

    bench.configure([router({ priority: 200 })], 2);

    const { monitors } = bench.instance.snapshot(instant(2));
    assert.deepEqual(
      monitors.map(({ name }) => name),
      ['upcheck', 'link pairs', 'link eth0'],
    );
  });

  it('an added virtual router costs nothing until it has worked once', () => {
    const bench = activeInstance([router()]);
    bench.configure([router(), wan()], 1);
    const without = { kind: 'primary-address', virtualRouter: 'wan', address: null } as const;

    const before = [
      ...bench.take(hard('interface-missing', 'eth1'), 2),
      ...bench.take(hard('interface-missing', 'eth1', 'ok'), 3),
      ...bench.take(without, 4),
    ];
    const works = bench.ready('wan', 5);
    const after = bench.take(without, 6);

    assert.deepEqual(before, [
      'wan report waiting: interface-missing',
      'wan report waiting: no-primary-address',
    ]);
    assert.deepEqual(works, ['wan Initialize -> Backup fault-cleared']);
    assert.deepEqual(after, [
      'lan advertise 0',
      'lan remove',
      'lan Active -> Initialize group-fault',
      'instance report flap: 1 of 3: group-fault',
      'wan Backup -> Initialize no-primary-address',
    ]);
  });
});
