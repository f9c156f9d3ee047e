// What status says of a driver: what the kernel has, what is wrong, and why. In memory.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { statusOf } from '../../src/agent/status.js';
import { instanceConfiguration } from '../../src/agent/instance-configuration.js';
import { agreementOf } from '../../src/core/agreement.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import type { Status } from '../../src/model/status.js';
import { address } from '../support/fake-kernel.js';
import { failedRun } from '../support/fake-executor.js';
import { ACTIVE_DOWN, SECOND, active } from './active-rig.js';
import { INDEX, rig, routerSettings, settingsOf, settle, type Rig } from './rig.js';

const VIRTUAL = '10.99.0.100/24';

const ORDINARY = {
  enabled: true,
  scheduling: 'ordinary',
  priority: null,
  programLocked: false,
  missing: ['SCHED_FIFO 1 (EPERM)'],
} as const;

function status(
  { driver, kernel }: Rig,
  problems: readonly string[] = [],
  discarded: (source: string) => string | null = () => null,
): Status {
  return statusOf({
    driver,
    channel: {
      rttMs: () => null,
      problem: discarded,
      counters: () => null,
      keys: () => [],
      keysOf: () => null,
    },
    bypass: () => null,
    version: '1.2.3',
    startedAt: 0,
    wallClock: () => kernel.clock / 1_000,
    now: () => kernel.now(),
    realtime: () => ORDINARY,
    problems: () => problems,
  });
}

describe('the virtual MAC address', () => {
  it('is in use as long as its macvlan is up, by the word of the kernel', async () => {
    const settings = settingsOf([routerSettings({ virtualMac: true })]);
    const made = rig({ settings });
    made.driver.start();
    await settle();
    const said = (): unknown => status(made).virtualRouters[0]?.virtualMac;
    const its = { address: '00:00:5e:00:01:33', interface: 'us51v4' };
    assert.deepEqual(said(), { ...its, inUse: false });
    made.kernel.advance(ACTIVE_DOWN);
    await settle();
    assert.deepEqual(said(), { ...its, inUse: true });
    assert.equal(status(await active()).virtualRouters[0]?.virtualMac, undefined, 'without one');
  });
});

describe('health', () => {
  it('is well as Backup and as Active', async () => {
    const made = rig();
    made.driver.start();
    await settle();
    assert.deepEqual(status(made).health, { state: 'healthy', reasons: [], kinds: {} });
    assert.equal(status(await active()).health.state, 'healthy');
  });

  it('is degraded by what is wrong elsewhere', async () => {
    const made = await active();
    assert.deepEqual(status(made, ['the disk is full']).health, {
      state: 'degraded',
      reasons: ['the disk is full'],
      kinds: { host: 1 },
    });
  });

  it('a fault is told in words, before anything else', async () => {
    const made = await active();
    made.kernel.setLink({ index: INDEX, name: 'eth0', carrier: false });
    await settle();
    const { health, virtualRouters, interfaces } = status(made, ['the disk is full']);
    assert.deepEqual(health, {
      state: 'fault',
      reasons: ['lan: the interface has no carrier', 'the disk is full'],
      kinds: { 'out-of-election': 1, host: 1 },
    });
    assert.equal(virtualRouters[0]?.reason, 'no-carrier');
    assert.deepEqual(interfaces, [
      { name: 'eth0', index: INDEX, present: true, up: true, carrier: false, discarded: {} },
    ]);
  });

  it('mode off is a choice, not a fault', async () => {
    const settings = settingsOf([routerSettings({})]);
    const made = rig({ settings: { ...settings, ha: { ...settings.ha, mode: 'off' } } });
    made.driver.start();
    await settle();
    const { health, virtualRouters } = status(made);
    assert.deepEqual([health.state, ...health.reasons], ['healthy', 'HA mode is off']);
    assert.deepEqual(
      [virtualRouters[0]?.state, virtualRouters[0]?.reason],
      ['Initialize', 'mode-off'],
    );
  });

  it('an Active whose addresses are not there says so, whatever it asked for', async () => {
    const made = rig();
    made.executor.held = true;
    made.driver.start();
    await settle();
    made.kernel.advance(ACTIVE_DOWN);
    await settle();
    const { health, virtualRouters } = status(made);
    assert.deepEqual(virtualRouters[0]?.addresses, [{ address: VIRTUAL, present: false }]);
    assert.deepEqual(health, {
      state: 'degraded',
      reasons: ['lan: 1 of 1 virtual addresses are not present'],
      kinds: { addresses: 1 },
    });
    made.executor.proceed();
    await settle();
    assert.equal(status(made).health.state, 'healthy');
  });

  it('an address that somebody else has put there is told, and by whom it is not', async () => {
    const made = rig({ before: (kernel) => kernel.addAddress(INDEX, VIRTUAL) });
    made.driver.start();
    await settle();
    const { health, virtualRouters } = status(made);
    const [first] = virtualRouters[0]?.addresses ?? [];
    assert.deepEqual(first, { address: VIRTUAL, present: true, foreign: true });
    assert.match(
      health.reasons.join(),
      /^lan: 10\.99\.0\.100\/24 was put on eth0 by somebody else/,
    );
  });

  it('addresses that stand though they should not are told', async () => {
    const made = await active();
    made.executor.answers.push(failedRun('vip: line 1: busy\n'));
    made.kernel.setLink({ index: INDEX, name: 'eth0', carrier: false });
    await settle();
    assert.ok(
      status(made).health.reasons.includes(
        'lan: virtual addresses are present though the state is Initialize',
      ),
    );
  });
});

describe('status', () => {
  it('since is the time of the transition’s record, whatever the clocks do afterwards', async () => {
    const made = await active();
    const record = made.records.find(({ event, to }) => event === 'transition' && to === 'Active');
    const { since } = status(made).virtualRouters[0] ?? {};
    assert.equal(since, record?.time);
    made.kernel.advance(10 * SECOND + 700);
    assert.equal(status(made).virtualRouters[0]?.since, since);
  });

  it('a virtual router that a reload replaced begins anew', async () => {
    const made = await active();
    const { since: former } = status(made).virtualRouters[0] ?? {};
    made.kernel.advance(5 * SECOND);
    made.driver.configure(settingsOf([routerSettings({ name: 'other', vrid: 60 })]));
    await settle();
    made.driver.configure(settingsOf([routerSettings({ vrid: 60 })]));
    await settle();
    const [router] = status(made).virtualRouters;
    assert.deepEqual([router?.name, router?.state], ['lan', 'Backup']);
    assert.ok((router?.since ?? '') > (former ?? ''));
  });

  it('refused sends are counted among the errors', async () => {
    const made = await active();
    made.kernel.refuseSends = 'ENOBUFS';
    made.kernel.advance(2 * SECOND);
    assert.deepEqual(status(made).virtualRouters[0]?.counters.errors, { send: 2 });
  });

  it('tells version, name and start', async () => {
    const { name, version, startedAt, mode } = status(await active());
    assert.deepEqual(
      [name, version, startedAt, mode],
      ['test', '1.2.3', '1970-01-01T00:00:00.000Z', 'active-passive'],
    );
  });
});

describe('a pair', () => {
  const ADDRESSES = ['10.98.0.2', '10.99.0.2'].map(address);
  const base = settingsOf([
    routerSettings({ name: 'west', vrid: 52, primary: 'b' }),
    routerSettings({ name: 'east', vrid: 51, primary: 'test' }),
  ]);
  const settings = {
    ...base,
    ha: { ...base.ha, peers: [{ name: 'b', addresses: ADDRESSES }], peerRecoveryThreshold: 1 },
  };
  const inActiveActive = { ...settings, ha: { ...settings.ha, mode: 'active-active' as const } };

  /** What the peer says, in the common order of virtual routers: by VRID. */
  const reportOf = ({ driver }: Rig, change: Partial<PeerReport> = {}): PeerReport => {
    const standing = { addressesPresent: false, wantsUnicast: false, releasing: false };
    return {
      name: 'b',
      mode: 'active-passive',
      primary: true,
      fit: true,
      sound: false,
      gateway: 'unknown',
      bandwidthLow: false,
      digests: agreementOf(instanceConfiguration(driver.settings)).digests,
      primaryAddresses: ADDRESSES.slice(1),
      routers: [
        { ...standing, state: 'Active', effectivePriority: 200, evidence: 0 },
        { ...standing, state: 'Backup', effectivePriority: 90, evidence: 0 },
      ],
      ...change,
    };
  };

  async function heard(change: Partial<PeerReport> = {}, wanted = settings): Promise<Rig> {
    const made = rig({ settings: wanted });
    made.driver.start();
    await settle();
    const report = reportOf(made, change);
    const [first] = ADDRESSES;
    assert.ok(first !== undefined);
    made.driver.deliver({ kind: 'peer-report', peer: 'b', address: first, report, answered: true });
    return made;
  }

  it('tells how the peer reports itself and each virtual router, under our names', async () => {
    const [peer] = status(await heard()).peers;
    assert.deepEqual([peer?.name, peer?.state, peer?.fitness], ['b', 'healthy', 'soft-fault']);
    assert.deepEqual(peer?.virtualRouters, [
      { name: 'west', state: 'Backup', effectivePriority: 90 },
      { name: 'east', state: 'Active', effectivePriority: 200 },
    ]);
    assert.ok(peer !== undefined && !('differences' in peer));
  });

  it('names what differs, and claims nothing of a peer whose virtual routers are others', async () => {
    const made = await heard({
      mode: 'off',
      digests: { ...reportOf(rig({ settings })).digests, virtualRouters: 1 },
    });
    const { peers, health } = status(made);
    assert.deepEqual(peers[0]?.differences, ['mode is off', 'other VRIDs']);
    assert.deepEqual(peers[0]?.virtualRouters, []);
    assert.ok(health.reasons.includes('settings differ from those of b: mode is off, other VRIDs'));
  });

  it('says nothing of a peer that is silent, but why what it sends is discarded', async () => {
    const made = await heard();
    for (let checks = 0; checks < 6; checks += 1) {
      made.kernel.advance(SECOND / 10);
      await settle();
    }
    const { peers, health } = status(made, [], (source) => `discarded ${source}`);
    assert.equal(peers[0]?.state, 'unhealthy');
    assert.ok(
      peers[0] !== undefined && !('fitness' in peers[0]) && !('virtualRouters' in peers[0]),
    );
    assert.equal(peers[0].paths[1]?.problem, 'discarded 10.99.0.2');
    assert.match(health.reasons.join(), /b is silent on every path; discarded 10\.98\.0\.2/);
  });

  it('names the primary of each virtual router in active-active, and only there', async () => {
    const primaries = (made: Rig): (string | undefined)[] =>
      status(made).virtualRouters.map(({ primary }) => primary);
    assert.deepEqual(primaries(await heard({}, inActiveActive)), ['b', 'test']);
    assert.deepEqual(primaries(await heard()), [undefined, undefined]);
  });
});

describe('after a stop', () => {
  it('what the executor could not remove is told, and returned', async () => {
    const made = await active();
    const remaining = await made.driver.stop();
    assert.deepEqual(
      remaining.map(({ interface: name, addresses }) => [name, addresses.length]),
      [['eth0', 1]],
      'this fake executor removes nothing when it finishes',
    );
    const told = made.records.at(-1);
    assert.deepEqual([told?.event, told?.reason], ['addresses-stuck', 'release-failed']);
    assert.match(told?.detail ?? '', /10\.99\.0\.100\/24 on eth0 .*understudy release/);
    assert.equal(status(made).virtualRouters[0]?.addresses[0]?.present, true);
  });

  it('nothing is told when nothing is left', async () => {
    const made = await active();
    made.executor.finish = () => {
      made.kernel.removeAddress(INDEX, VIRTUAL);
      return Promise.resolve();
    };
    assert.deepEqual(await made.driver.stop(), []);
    assert.equal(status(made).virtualRouters[0]?.addresses[0]?.present, false);
  });
});
