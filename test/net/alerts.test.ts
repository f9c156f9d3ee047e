// The alerts of docs/monitoring in a real Prometheus, which scrapes a real pair: each fires after what it is about, and
// resolves after that is mended. Whether every rule says what it should is in test/metrics. In CI only: it waits most of
// the time.
import assert from 'node:assert/strict';
import { after } from '../support/test.js';
import { now } from '../../scripts/lab/clock.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import type { PairSpec } from '../../scripts/lab/pair-program.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { until } from '../support/limits.js';
import { EVERYTHING } from './pace.js';
import { ADDRESS, type PairBench } from './pair-bench.js';
import { describePair } from './pair-suite.js';
import { Prometheus } from './prometheus.js';

const skip = EVERYTHING ? ((await enterSandbox()) ?? false) : 'played in CI';

let prometheus: Prometheus | null = null;
after(() => prometheus?.close());

const SPEC: PairSpec = {
  bypass: true,
  top: (directory) => ({ metrics: { textfile: `${directory}/metrics.prom`, intervalSeconds: 1 } }),
};

/** Those that the faults below cause, and nothing else does: how busy the machine is has alerts of its own. */
const CAUSED = ['PathLost', 'BypassEngaged', 'BackupNotReady', 'PeerUnseen', 'StatusOld'].flatMap(
  (alert) => [`${alert} a`, `${alert} b`],
);
const ALL = [...CAUSED, 'NobodyActive', 'TwoActive'];

describePair(
  'the alerts in a real Prometheus',
  {
    skip,
    spec: SPEC,
    // Nothing is judged by the probes.
    probeEveryMs: 100,
    prepare: async ({ lab }) => {
      const file = (name: ApplianceName): string => `${lab.appliance(name).directory}/metrics.prom`;
      prometheus = await Prometheus.start(`${lab.network.directory}/prometheus`, {
        a: file('a'),
        b: file('b'),
      });
    },
  },
  (test) => {
    test('a failover is seen, and leaves no alert', async (bench) => {
      const { own, from } = begin(bench);
      await own.resolve(ALL);
      for (const [giver, taker] of [
        ['a', 'b'],
        ['b', 'a'],
      ] as const) {
        own.note(`failover ordered at ${giver}`);
        await bench.command(giver, 'failover');
        const active = 'understudy_virtual_router_state{state="Active"} == 1';
        await seen(own, active, 'instance', taker);
        own.note(`${taker} is Active, by Prometheus`);
        const taken = `understudy_last_move_info{instance="${taker}",way="taken"}`;
        await bench.waitForEvent(taker, 'move', from);
        const why = bench.events(taker, 'move', from).at(-1)?.reason;
        await seen(own, taken, 'reason', String(why));
      }
      await own.resolve(ALL);
      tell(bench, own, from);
    });

    test('a path is lost: both say so, and nothing moves', (bench) =>
      fires(bench, {
        what: 'the HA link',
        expected: ['PathLost a', 'PathLost b'],
        act: () => bench.lab.setHaLink(false),
        mend: () => bench.lab.setHaLink(true),
        meanwhile: (from) => assert.deepEqual(bench.lab.changes(ADDRESS, from), [], 'a move'),
      }));

    test('hardware bypass of the Backup: it is engaged, and the Active has no successor', (bench) =>
      fires(bench, {
        what: 'bypass at b',
        expected: ['BypassEngaged b', 'BackupNotReady a'],
        act: () => bench.command('b', 'bypass', 'engage'),
        mend: () => bench.command('b', 'bypass', 'release'),
      }));

    test('the Active is stopped: its successor is alone, and its file grows old', (bench) =>
      fires(bench, {
        what: 'a stop of a',
        expected: ['StatusOld a', 'PeerUnseen b', 'BackupNotReady b'],
        act: () => bench.a.stop(),
        mend: () => Promise.resolve(bench.start('a')),
      }));

    test('both are out of the election: nobody holds the address', (bench) =>
      fires(bench, {
        what: 'maintenance at both',
        expected: ['NobodyActive'],
        act: async () => {
          for (const one of [bench.b, bench.a]) {
            const outcome = await one.patientControl.command('maintenance', 'on', true);
            assert.ok(outcome.ok, JSON.stringify(outcome));
          }
        },
        mend: async () => {
          await bench.command('a', 'maintenance', 'off');
          await bench.command('b', 'maintenance', 'off');
        },
      }));

    test('every path is lost: two hold it, until they hear of each other again', async (bench) => {
      let heal = (): Promise<unknown> => Promise.resolve();
      await fires(bench, {
        what: 'every path',
        expected: ['TwoActive', 'PeerUnseen a', 'PeerUnseen b'],
        act: async () => void (heal = await bench.silence('a')),
        mend: () => heal(),
      });
    });
  },
);

function begin(bench: PairBench): { readonly own: Prometheus; readonly from: number } {
  assert.ok(prometheus !== null, 'Prometheus runs');
  for (const line of prometheus.complaints()) bench.print(line);
  return { own: prometheus, from: now() };
}

interface Fault {
  readonly what: string;
  /** What fires because of it; more may. */
  readonly expected: readonly string[];
  readonly act: () => Promise<unknown>;
  readonly mend: () => Promise<unknown>;
  /** What must hold while they fire. */
  readonly meanwhile?: (from: number) => void;
}

/** None fires before the fault; those that are expected do after it, and none any longer after it is mended. */
async function fires(bench: PairBench, fault: Fault): Promise<void> {
  const { own, from } = begin(bench);
  await own.resolve(ALL);
  own.note(`${fault.what}: broken`);
  await fault.act();
  await own.fire(fault.expected);
  fault.meanwhile?.(from);
  own.note(`${fault.what}: mended`);
  await fault.mend();
  await own.resolve(ALL);
  tell(bench, own, from);
}

const seen = (own: Prometheus, expression: string, label: string, expected: string) =>
  until(
    `${expression} with ${label} ${expected}`,
    () => own.ask(expression, label),
    (found) => found === expected,
    100,
  );

/** The timeline since then, for whoever reads the report. */
function tell(bench: PairBench, { timeline }: Prometheus, from: number): void {
  for (const { at, text } of timeline) {
    if (at >= from) bench.print(`${((at - from) / 1_000).toFixed(1).padStart(6)} s  ${text}`);
  }
}
