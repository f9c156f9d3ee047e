// Settings that must agree with the peers (DESIGN §5): which ones, how a difference is named, and when
// it is said. And what peers are told of us.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { agreementOf } from '../../src/core/agreement.js';
import type { InstanceConfiguration } from '../../src/core/interface.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import { centiseconds, instant, microseconds } from '../../src/model/units.js';
import { OWN, configuration, router, wan } from './instance-bench.js';
import {
  HA_ONLY,
  PairBench,
  THERE,
  THIRD,
  activeBench,
  backupBench,
  gateway,
  type Saying,
} from './pair-bench.js';
import { address } from './machine/virtual-router-bench.js';

const differencesOf = (bench: PairBench): readonly string[] =>
  bench.instance.snapshot(instant(0)).differences;

describe('a difference is named', () => {
  const different = (name: keyof PeerReport['digests']): Saying => {
    const { digests } = new PairBench([router()]).voice().report;
    return { digests: { ...digests, [name]: 1 } };
  };

  for (const [says, saying, difference] of [
    ['the mode', { mode: 'active-active' }, 'mode is active-active'],
    ['VRIDs', different('virtualRouters'), 'other VRIDs'],
    ['addresses', different('addresses'), 'other virtual addresses'],
    ['intervals', different('intervals'), 'other advertisement intervals'],
    ['thresholds', different('thresholds'), 'other peer check settings'],
  ] as const) {
    it(`${says}, and it is said when it is gone`, () => {
      const bench = backupBench();
      const agreed = bench.voice().report;

      const differs = bench.says(saying, 10_000);
      const differences = differencesOf(bench);
      const again = bench.says({}, 20_000);
      const agrees = bench.says({ mode: agreed.mode, digests: agreed.digests }, 30_000);

      assert.deepEqual(differs, [`instance report settings-differ: there: ${difference}`]);
      assert.deepEqual(differences, [`there: ${difference}`]);
      assert.deepEqual(again, []);
      assert.deepEqual(agrees, ['instance report settings-agree: there']);
      assert.deepEqual(differencesOf(bench), []);
    });
  }

  const BOTH = 'both are primary (set ha.primary to false on one of them)';
  const NOBODY = 'nobody is primary (set ha.primary to true on one of them)';

  it('two primaries, or none; not one of two', () => {
    for (const [ours, theirs, differences] of [
      [true, true, [`there: ${BOTH}`]],
      [true, false, []],
      [false, true, []],
      [false, false, [`there: ${NOBODY}`]],
    ] as const) {
      const priority = ours ? 200 : 100;
      const bench = backupBench({
        routers: [router({ priority })],
        overrides: { primary: ours },
      });

      bench.says({ primary: theirs, effectivePriority: theirs ? 200 : 100 }, 10_000);

      assert.deepEqual(differencesOf(bench), differences);
    }
  });

  it('no primary, but priorities of their own: who is preferred is said by these', () => {
    const bench = backupBench({ routers: [router({ priority: 150 })] });

    bench.says({ primary: false, effectivePriority: 100 }, 10_000);

    assert.deepEqual(differencesOf(bench), []);
  });

  it('no primary among those that have spoken: the one that has not may be it', () => {
    const bench = backupBench({ peers: [THERE, THIRD] });

    bench.says({ primary: false, effectivePriority: 100 }, 10_000);
    const early = differencesOf(bench);
    bench.says({ primary: false, effectivePriority: 90 }, 20_000, { peer: 'third' });
    const late = differencesOf(bench);
    bench.says({ primary: true }, 30_000, { peer: 'third' });

    assert.deepEqual(early, []);
    assert.deepEqual(late, [`there: ${NOBODY}`]);
    assert.deepEqual(differencesOf(bench), []);
  });

  it('in active-active the primary of the appliance means nothing: those of virtual routers do', () => {
    const mode = 'active-active';
    const bench = backupBench({
      routers: [router({ primary: 'here' })],
      overrides: { mode, primary: true },
    });
    const { digests } = agreementOf(configuration([router({ primary: 'there' })], { mode }));

    bench.says({ mode, primary: true, digests }, 10_000);

    assert.deepEqual(differencesOf(bench), [
      'there: other primaries of virtual routers (name the same one on both)',
    ]);
  });

  it('one in active-active and one not: the mode alone is said, not that both are primary', () => {
    for (const [ours, theirs] of [
      ['active-active', 'active-passive'],
      ['active-passive', 'active-active'],
    ] as const) {
      const bench = backupBench({ overrides: { mode: ours, primary: true } });

      bench.says({ mode: theirs, primary: true }, 10_000);

      assert.deepEqual(differencesOf(bench), [`there: mode is ${theirs}`]);
    }
  });

  it('primaries of other virtual routers are not compared', () => {
    const mode = 'active-active';
    const bench = backupBench({ routers: [router({ primary: 'here' })], overrides: { mode } });
    const others = [router({ vrid: 52, primary: 'there' })];
    const { digests } = agreementOf(configuration(others, { mode }));

    bench.says({ mode, digests }, 10_000);

    assert.deepEqual(differencesOf(bench), ['there: other VRIDs']);
  });

  it('rules: compared as far as both tell them', () => {
    const rules = (text?: string) =>
      agreementOf(configuration([router()], text === undefined ? {} : { rules: text })).digests;
    const bench = backupBench({ overrides: { rules: 'ours' } });
    const others = ['there: other monitoring, flap, preemption or witness settings'];
    for (const [digests, differences] of [
      [rules('theirs'), others],
      [rules(), []],
      [rules('ours'), []],
    ] as const) {
      bench.says({ digests }, 10_000);

      assert.deepEqual(differencesOf(bench), differences);
    }
  });

  it('several at once, of several peers', () => {
    const bench = backupBench({ peers: [THERE, THIRD], overrides: { primary: true } });

    bench.says({ primary: true, mode: 'off' }, 10_000);
    const effects = bench.says({ primary: true }, 20_000, { peer: 'third' });

    assert.deepEqual(effects, [
      `instance report settings-differ: there: mode is off; there: ${BOTH}; third: ${BOTH}`,
    ]);
  });

  it('it changes no role', () => {
    const bench = activeBench();

    bench.says({ mode: 'off', primary: true, ...different('thresholds') }, 10_000);

    assert.equal(bench.router('lan').state, 'Active');
  });

  it('a peer that has not spoken differs in nothing', () => {
    const bench = new PairBench([router()]);
    bench.cut();
    bench.start(0);

    assert.deepEqual(differencesOf(bench), []);
  });

  it('our own settings change: compared anew, and the peer hears it', () => {
    const bench = backupBench();

    const differs = bench.configure([router()], 10_000, { peers: [THERE], mode: 'active-active' });
    const agrees = bench.configure([router()], 20_000, { peers: [THERE] });

    assert.deepEqual(differs, [
      'instance report settings-differ: there: mode is active-passive',
      'tell sound: Backup 100',
    ]);
    assert.deepEqual(agrees, ['instance report settings-agree: there', 'tell sound: Backup 100']);
  });

  it('the peer with which they differ is removed: they agree', () => {
    const bench = backupBench({ peers: [THERE, THIRD] });
    bench.says({ mode: 'off' }, 10_000, { peer: 'third' });

    assert.deepEqual(bench.configure([router()], 20_000, { peers: [THERE] }), [
      'instance report settings-agree: third',
    ]);
  });
});

describe('what counts as equal', () => {
  const digestsOf = (
    routers: Parameters<typeof configuration>[0],
    overrides: Partial<InstanceConfiguration> = {},
  ) => agreementOf(configuration(routers, overrides)).digests;

  it('names, interfaces, priorities, order: may differ', () => {
    const ours = digestsOf([router(), wan()]);
    const theirs = digestsOf(
      [
        wan({ name: 'uplink', interface: 'eth7', priority: 200 }),
        router({ name: 'inside', preempt: false, checksum: 'rfc5798' }),
      ],
      { name: 'there', primary: true },
    );

    assert.deepEqual(theirs, ours);
  });

  it('virtual addresses in another order are the same ones', () => {
    const one = digestsOf([router({ addresses: ['192.0.2.1/24', '192.0.2.2/24'] })]);
    const other = digestsOf([router({ addresses: ['192.0.2.2/24', '192.0.2.1/24'] })]);

    assert.deepEqual(other, one);
  });

  it('VRID, family, addresses, prefix, interval, thresholds: each has its digest', () => {
    const base = digestsOf([router()]);
    const changed: Readonly<Record<string, ReturnType<typeof digestsOf>>> = {
      virtualRouters: digestsOf([router({ vrid: 52 })]),
      addresses: digestsOf([router({ addresses: ['192.0.2.1/25'] })]),
      intervals: digestsOf([router({ advertisementInterval: centiseconds(99) })]),
      thresholds: digestsOf([router()], {
        peerCheck: {
          interval: microseconds(100_000),
          failureThreshold: 3,
          recoveryThreshold: 6,
        },
      }),
    };
    for (const [name, digests] of Object.entries(changed)) {
      const differing = Object.entries(digests)
        .filter(([key, value]) => value !== base[key as keyof typeof base])
        .map(([key]) => key);
      assert.deepEqual(differing, [name]);
    }
    const six = digestsOf([router({ family: 'ipv6', addresses: ['fe80::1/64'] })]);
    assert.notEqual(six.virtualRouters, base.virtualRouters);
  });

  it('virtual routers are spoken of by family, VRID and name, wherever the settings list them', () => {
    const six = router({ name: 'six', family: 'ipv6', vrid: 1, addresses: ['fe80::1/64'] });
    const { places } = agreementOf(configuration([six, wan(), router()]));

    assert.deepEqual(
      [...places].map(([name, { position, interface: on }]) => [name, position, on]),
      [
        ['lan', 0, 'eth0'],
        ['wan', 1, 'eth1'],
        ['six', 2, 'eth0'],
      ],
    );
  });
});

describe('what peers are told', () => {
  /** The report of the last `peer-news`. */
  function told(bench: PairBench, at: number): PeerReport | undefined {
    const effects = bench.instance.handle(gateway('ok'), instant(at));
    return effects.flatMap((effect) => (effect.kind === 'peer-news' ? [effect.report] : []))[0];
  }

  it('all of it', () => {
    const routers = [wan({ priority: 200 }), router({ priority: 150 })];
    const bench = activeBench({ routers, overrides: { primary: true } });

    assert.deepEqual(told(bench, 1), {
      name: 'here',
      mode: 'active-passive',
      primary: true,
      fit: true,
      sound: true,
      gateway: 'reachable',
      bandwidthLow: false,
      digests: agreementOf(configuration(routers)).digests,
      primaryAddresses: [OWN],
      routers: [150, 200].map((effectivePriority) => ({
        state: 'Active',
        effectivePriority,
        addressesPresent: true,
        wantsUnicast: false,
        releasing: false,
        evidence: 8,
      })),
    });
  });

  it('eight addresses at most, each once, in order', () => {
    const routers = Array.from({ length: 10 }, (_, index) =>
      router({ name: `r${index}`, vrid: index + 1, interface: `eth${index}` }),
    );
    const bench = new PairBench(routers);
    bench.start(0);
    for (const [index, { name: virtualRouter }] of routers.entries()) {
      const own = address(`192.0.2.${Math.min(index, 8) + 1}`);
      bench.take({ kind: 'primary-address', virtualRouter, address: own }, 1);
    }

    const report = told(bench, 2);

    assert.deepEqual(
      report?.primaryAddresses,
      [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `192.0.2.${number}`),
    );
  });

  it('no address while we have none: it breaks no tie', () => {
    const bench = backupBench();
    bench.take({ kind: 'primary-address', virtualRouter: 'lan', address: null }, 1);

    assert.deepEqual(told(bench, 2)?.primaryAddresses, []);
  });

  it('a monitor that the settings ask for no longer counts no longer', () => {
    const bench = backupBench();
    const failed = bench.take(gateway('failed'), 1);

    const removed = bench.take({ kind: 'monitor-removed', name: 'gateway' }, 2);

    assert.deepEqual(failed, ['tell fit: Backup 100']);
    assert.deepEqual(removed, ['tell sound: Backup 100']);
    assert.deepEqual(bench.instance.snapshot(instant(2)).monitors, []);
  });

  it('evidence: a gateway that answers, none that is watched, one that does not answer', () => {
    const bench = backupBench();
    const evidence = (['ok', 'failed'] as const).map((state) => {
      const effects = bench.instance.handle(gateway(state), instant(1));
      return effects.flatMap((one) => (one.kind === 'peer-news' ? one.report.routers : []))[0];
    });
    bench.take({ kind: 'monitor-removed', name: 'gateway' }, 2);

    assert.deepEqual(
      evidence.map((one) => one?.evidence),
      [8, 0],
    );
    assert.equal(bench.instance.checkpoint().told?.routers[0]?.evidence, 4);
  });

  it('not before the start; nothing when nothing has changed; nobody without peers', () => {
    const bench = new PairBench([router()]);

    const early = bench.take(gateway('ok'), 0);
    const started = bench.start(0);
    const same = bench.take(gateway('ok'), 1);
    const alone = new PairBench([router()], {}, []);

    assert.deepEqual(early, []);
    assert.deepEqual(started, ['lan Initialize -> Backup startup', 'tell sound: Backup 100']);
    assert.deepEqual(same, []);
    assert.deepEqual(alone.start(0), ['lan Initialize -> Backup startup']);
  });
});

describe('reload with peers', () => {
  it('a virtual router and a peer that did not change do not notice', () => {
    const bench = backupBench();
    const before = bench.peer();

    const effects = bench.configure([router()], 10_000, { peers: [THERE] });

    assert.deepEqual(effects, []);
    assert.deepEqual(bench.peer(), before);
    assert.equal(bench.peer().paths[1]?.interface, 'eth0');
  });

  it('a new peer is asked at once, and is nothing yet', () => {
    const bench = backupBench();

    bench.configure([router()], 10_000, { peers: [THERE, THIRD] });
    const asked = bench.instance.handle({ kind: 'deadline' }, instant(10_000));

    assert.deepEqual(asked, [{ kind: 'check-peer', peer: 'third' }]);
    assert.equal(bench.peer('third').state, 'unknown');
    assert.equal(bench.peer('there').state, 'healthy');
  });

  it('one that is removed is asked no longer, and what it says is not heard', () => {
    const bench = backupBench();
    bench.advertise(false);
    bench.configure([router()], 10_000, { peers: [] });

    const late = bench.says({ releasing: true }, 20_000);
    const interfaces = bench.take(
      { kind: 'path-interface', peer: 'there', address: OWN, interface: 'eth0' },
      30_000,
    );

    assert.deepEqual([...late, ...interfaces], []);
    assert.deepEqual(bench.deadline, { at: 3_609_375, owner: 'lan', cause: 'Active_Down_Timer' });
  });

  it('a path that is removed takes the proof of life with it', () => {
    const bench = backupBench();
    bench.cut([OWN]);
    bench.configure([router()], 10_000, { peers: [HA_ONLY] });

    assert.deepEqual(
      bench.peer().paths.map(({ state }) => state),
      ['healthy'],
    );
  });

  it('a virtual router that goes while Active says farewell, with its old settings', () => {
    const bench = activeBench({ routers: [router({ priority: 200 }), wan({ priority: 200 })] });

    const effects = bench.configure([router({ priority: 200 })], 10_000, { peers: [THERE] });

    assert.deepEqual(effects, [
      'wan advertise 0',
      'wan remove',
      'wan Active -> Initialize settings-changed',
      'instance report settings-differ: there: other VRIDs; there: other virtual addresses; there: other advertisement intervals',
      'tell sound: Active 200 present',
    ]);
  });

  it('preempt delay, thresholds, limits: from now on', () => {
    const bench = activeBench();

    const effects = bench.configure([router({ priority: 200 })], 10_000, {
      peers: [THERE],
      preemptDelay: microseconds(1_000_000),
      flaps: { maximum: 1, window: microseconds(1_000_000) },
    });

    assert.deepEqual(effects, []);
  });
});
