// Monitors of a running pair that fail, hang or die, and traffic that stops. Links and gateways are in
// pair-handover and pair-arbitration.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { now } from '../../scripts/lab/clock.js';
import { GATEWAY_MONITORING, LAN, type PairSpec } from '../../scripts/lab/pair-program.js';
import type { Appliance } from '../../scripts/lab/appliance.js';
import { ADDRESS, assertSwift, moment } from './pair-bench.js';
import { describePair } from './pair-suite.js';

/** Far longer than a machine that is busy takes for a check that answers. */
const CHECK_TIMEOUT_MS = 2_000;

/** A primary preempts after Active_Down_Interval: most of these tests wait for that. */
const ROUTER = { advertisementIntervalMs: 250 };
const PREEMPT_DELAY_S = 1;

const CHECKED: PairSpec = {
  ha: { preemptDelaySeconds: PREEMPT_DELAY_S },
  router: ROUTER,
  top: (directory) => ({
    gatewayMonitoring: GATEWAY_MONITORING,
    checks: [
      {
        name: 'disk',
        type: 'script',
        command: ['/bin/sh', '-c', `test -e ${directory}/hang && exec /bin/sleep 3600; exit 0`],
        intervalMs: 200,
        timeoutMs: CHECK_TIMEOUT_MS,
        failureThreshold: 1,
        recoveryThreshold: 2,
      },
    ],
  }),
};

/** Processes below this one whose command line matches; one that ends while it is looked at is none. */
function descendants(pid: number, pattern: RegExp): number[] {
  try {
    const folder = `/proc/${pid}/task`;
    const children = readdirSync(folder).flatMap((thread) =>
      readFileSync(`${folder}/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean),
    );
    return children.map(Number).flatMap((child) => {
      const below = descendants(child, pattern);
      return commandMatches(child, pattern) ? [child, ...below] : below;
    });
  } catch {
    return [];
  }
}

function commandMatches(pid: number, pattern: RegExp): boolean {
  try {
    return pattern.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
  } catch {
    return false;
  }
}

function proberOf(appliance: Appliance): number {
  const [pid] = descendants(appliance.pid, /understudy-prober/);
  assert.ok(pid !== undefined, 'the agent has a prober');
  return pid;
}

const isReplaced = (appliance: Appliance, former: number): boolean =>
  descendants(appliance.pid, /understudy-prober/).some((pid) => pid !== former);

export function defineMonitors(skip: string | false): void {
  describePair('monitors', { skip, spec: CHECKED }, (test) => {
    test('a check that never ends is ended, and is a soft fault; preemptDelaySeconds holds', async (bench) => {
      const file = `${bench.a.directory}/hang`;
      const away = await bench.observeMove('check hangs', 'b', async () => {
        writeFileSync(file, '');
        await bench.holds('b');
      });
      bench.assertSeamless(away);
      // Each attempt is ended before the next one begins.
      const attempts = new Set<number>();
      await bench.waitFor('a third attempt that hangs', () => {
        const hanging = descendants(bench.a.pid, /sleep 3600/);
        assert.ok(hanging.length <= 1, hanging.join());
        for (const pid of hanging) attempts.add(pid);
        return attempts.size >= 3;
      });
      const from = now();
      const back = await bench.observeMove('check answers again', 'a', () =>
        Promise.resolve(rmSync(file)),
      );
      bench.assertSeamless(back);
      const left = bench.lab.changes(ADDRESS, from).find(({ appliance }) => appliance === 'a');
      assert.ok(left !== undefined && left.present, 'the primary takes its role back');
    });

    test('after a fault the primary waits preemptDelaySeconds', async (bench) => {
      const plug = await bench.unplug('a');
      await bench.holds('b');
      // The wire tells that the hosts know it too.
      await moment();
      const from = now();
      const seen = await bench.observeMove('cable back', 'a', () => plug());
      bench.assertSeamless(seen);
      const back = bench.lab.changes(ADDRESS, from).find(({ appliance }) => appliance === 'a');
      const waitedMs = (back?.at ?? 0) - from;
      bench.print(`the role came back after ${waitedMs.toFixed(0)} ms`);
      assert.ok(waitedMs >= PREEMPT_DELAY_S * 1000, `not before: ${waitedMs} ms`);
    });

    test('a prober that dies costs no failover, and is replaced', async (bench) => {
      const before = proberOf(bench.a);
      await bench.observeStill('prober killed', async () => {
        const from = now();
        process.kill(before, 'SIGKILL');
        await bench.waitForEvent('a', 'prober-lost', from);
        await bench.waitFor('another prober', () => isReplaced(bench.a, before));
        await bench.waitFor('monitors are back', () => bench.soundMonitors());
      });
    });
  });
}

/** A thousand probes a second alone are more than this, and what the two say to each other is less. */
const MINIMUM_BPS = 300_000;
const WINDOW_S = 1;

const MEASURED: PairSpec = {
  router: ROUTER,
  top: {
    bandwidthMonitoring: {
      enabled: true,
      interfaces: ['eth0'],
      minimumBps: MINIMUM_BPS,
      seconds: WINDOW_S,
    },
  },
};

export function defineBandwidth(skip: string | false): void {
  describePair('bandwidth', { skip, spec: MEASURED, probeEveryMs: 1 }, (test) => {
    const low = (name: 'a' | 'b', bench: Parameters<Parameters<typeof test>[1]>[0]): boolean =>
      bench
        .status(name)
        ?.monitors.some(
          ({ name: monitor, state }) => monitor === 'bandwidth' && state === 'failed',
        ) === true;

    test('no traffic anywhere: one move, and no more while it is low at both', async (bench) => {
      const from = now();
      // The client's cable: whoever is Active, nothing comes.
      const heal = await bench.drop({ traffic: 'all', from: 'c' });
      await bench.waitFor('low at both', () => low('a', bench) && low('b', bench));
      await moment(2 * WINDOW_S * 1000);
      const taken = bench.lab.changes(ADDRESS, from).filter(({ present }) => present);
      assert.deepEqual(
        taken.map(({ appliance }) => appliance),
        ['b'],
        'to the other one, which might have seen the traffic, and not back',
      );
      await heal();
      await bench.waitFor('b sees the minimum again', () => !low('b', bench));
    });
  });
}

const LAN6 = {
  ...LAN,
  name: 'lan6',
  addresses: ['fe80::64/64', '2001:db8:99::100/64'],
} as const;

const IPV6: PairSpec = { router: ROUTER, virtualRouters: [LAN6] };

export function defineIpv6(skip: string | false): void {
  describePair('a pair of IPv6', { skip, spec: IPV6 }, (test) => {
    test('failover and back: nothing lost', async (bench) => {
      bench.assertSeamless(
        await bench.observeMove('failover', 'b', () => bench.command('a', 'failover')),
      );
      bench.assertSeamless(
        await bench.observeMove('back', 'a', () => bench.command('b', 'failover')),
      );
    });

    test('cable pulled: the peer is told; and back without loss', async (bench) => {
      let plug = (): Promise<unknown> => Promise.resolve();
      const seen = await bench.observeMove('cable pulled', 'b', async () => {
        plug = await bench.unplug('a');
      });
      assertSwift((line) => bench.print(line), seen, 'told', 20);
      bench.assertSeamless(await bench.observeMove('cable back', 'a', () => plug()));
    });
  });
}
