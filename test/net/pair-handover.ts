// Planned handovers with a client: an operator, a stop and each kind of monitor move the role, and no packet
// is lost. All orders and reasons are test/agent/virtual/handover.test.ts; failures are pair-failure.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { now } from '../../scripts/lab/clock.js';
import { GATEWAY_MONITORING, type PairSpec } from '../../scripts/lab/pair-program.js';
import { until } from '../support/limits.js';
import { ADDRESS, assertSwift, moment, type PairBench } from './pair-bench.js';
import { describePair } from './pair-suite.js';

/** What the check costs while the file `down` is there: enough to fall below the other's 100. */
const WEIGHT = 120;

const SPEC: PairSpec = {
  transitionHook: true,
  top: (directory) => ({
    gatewayMonitoring: GATEWAY_MONITORING,
    linkMonitoring: { intervalMs: 500, pairs: [['pair0', 'pair1']], minimumActive: 1 },
    checks: [
      {
        name: 'upcheck',
        type: 'script',
        command: ['/usr/bin/test', '!', '-e', `${directory}/down`],
        intervalMs: 100,
        timeoutMs: 5_000,
        failureThreshold: 2,
        recoveryThreshold: 2,
        weight: WEIGHT,
      },
    ],
  }),
};

/** Two ends of one cable: whatever passes the appliance goes through them. */
const makePair = async ({ lab }: PairBench): Promise<void> => {
  const lines = [
    'link add name pair0 type veth peer name pair1',
    'link set pair0 up',
    'link set pair1 up',
  ];
  await Promise.all([lab.network.ip('a', lines), lab.network.ip('b', lines)]);
};

/** There and back, seamlessly both ways. */
async function thereAndBack(
  bench: PairBench,
  what: string,
  there: () => Promise<unknown>,
  back: () => Promise<unknown>,
): Promise<void> {
  bench.assertSeamless(await bench.observeMove(what, 'b', there));
  bench.assertSeamless(await bench.observeMove(`back after ${what}`, 'a', back));
}

export function definePlannedHandovers(skip: string | false): void {
  const options = { skip, spec: SPEC, prepare: makePair };
  describePair('planned handover, make before break', options, (test) => {
    test('understudy failover, and back by failover at the other', (bench) =>
      thereAndBack(
        bench,
        'failover',
        async () => {
          await bench.command('a', 'failover');
          await bench.holds('b');
          await moment(1500);
          assert.ok(!bench.lab.holding(ADDRESS).includes('a'), 'it comes back only when asked');
        },
        () => bench.command('b', 'failover'),
      ));

    test('SIGTERM, and the start of the primary', (bench) =>
      thereAndBack(
        bench,
        'SIGTERM',
        () => bench.a.stop(),
        () => Promise.resolve(bench.start('a')),
      ));

    test('gateway lost at the Active only: a soft fault yields to the sound peer', async (bench) => {
      const from = now();
      let heal = (): Promise<unknown> => Promise.resolve();
      await thereAndBack(
        bench,
        'gateway lost',
        async () => {
          heal = await bench.drop({ traffic: 'gateway', from: 'a' });
          await bench.holds('b');
        },
        () => heal(),
      );
      await bench.waitForEvent('a', 'transition', from);
      const reasons = bench.events('a', 'transition', from).map(({ reason }) => reason);
      assert.ok(reasons.includes('soft-fault'), reasons.join());
    });

    test('a check with a weight lowers the priority, and the better one takes over', async (bench) => {
      const file = `${bench.a.directory}/down`;
      await thereAndBack(
        bench,
        'check with weight',
        async () => {
          writeFileSync(file, '');
          await bench.holds('b');
          await bench.waitFor('status says so', () => bench.router('a')?.effectivePriority === 80);
          const adjustments = bench.router('a')?.adjustments;
          assert.deepEqual(adjustments, [{ name: 'upcheck', amount: -WEIGHT }]);
        },
        () => Promise.resolve(rmSync(file)),
      );
    });

    test('links below the minimum: a hard fault at once', async (bench) => {
      const from = now();
      const seen = await bench.observeMove('link pair lost', 'b', async () => {
        bench.undoing(() => bench.lab.network.ip('a', ['link set pair0 up']));
        await bench.lab.network.ip('a', ['link set pair0 down']);
      });
      assertSwift((line) => bench.print(line), seen, 'told', 20);
      await bench.waitForEvent('a', 'transition', from);
      const [left] = bench.events('a', 'transition', from);
      assert.deepEqual([left?.to, left?.reason], ['Initialize', 'links-below-minimum']);
      await bench.waitFor('a is out of the election', () => bench.allAre('a', 'Initialize'));
    });

    test("the transition hook was told all of this, with keepalived's arguments", async (bench) => {
      const told = (): string => readFileSync(`${bench.a.directory}/transitions`, 'utf8');
      await until(
        'each state, that of the Active last',
        told,
        (text) =>
          text.endsWith('INSTANCE lan MASTER 200\n') &&
          ['BACKUP', 'FAULT', 'STOP'].every((state) => text.includes(` ${state} `)),
      );
      const lines = told().trim().split('\n');
      for (const line of lines) assert.match(line, /^INSTANCE lan (MASTER|BACKUP|FAULT|STOP) \d+$/);
    });
  });
}
