// `understudy doctor` on a real pair: of a sound one it finds nothing, of each thing that is planted what it is. In CI
// only: each time it listens for three advertisement intervals. Plants of every kind: test/doctor.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { attempt } from '../../scripts/lab/command.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { keepalived, MAIN } from '../../scripts/lab/program.js';
import type { PairSpec } from '../../scripts/lab/pair-program.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import type { DoctorFinding } from '../../src/doctor/finding.js';
import { until } from '../support/limits.js';
import { EVERYTHING } from './pace.js';
import type { PairBench } from './pair-bench.js';
import { describePair } from './pair-suite.js';

const skip = EVERYTHING ? ((await enterSandbox()) ?? false) : 'played in CI';

const router = (change: object): PairSpec => ({
  router: { advertisementIntervalMs: 500, ...change },
});
const SPEC = router({});

/** What is the machine's own, and not the pair's. */
const OF_THE_MACHINE = new Set(['swap', 'realtime', 'confinement', 'disk', 'proc-sys', 'update']);

/** What is not in order at an appliance: `failure wire`, sorted. */
async function found(bench: PairBench, name: ApplianceName): Promise<string[]> {
  const { directory } = bench.lab.appliance(name);
  const words = [process.execPath, MAIN, 'doctor', '--json', '--config'];
  const command = bench.lab.network.inside(name, [...words, `${directory}/understudy.yaml`]);
  const { stdout, stderr } = await attempt(command);
  assert.notEqual(stdout, '', stderr);
  const { findings } = JSON.parse(stdout) as { findings: readonly DoctorFinding[] };
  const wrong = findings.filter(({ level, id }) => level !== 'ok' && !OF_THE_MACHINE.has(id));
  for (const { id, message, evidence } of wrong) {
    bench.print(`${name}: ${id}: ${message}${evidence.map((one) => `; ${one}`).join('')}`);
  }
  return [...new Set(wrong.map(({ level, id }) => `${level} ${id}`))].sort();
}

/**
 * Examines again until exactly this is found: what happened before has to be over. Beside something the agent's own
 * health may say the same, as long as it lasts.
 */
async function finds(
  bench: PairBench,
  name: ApplianceName,
  expected: readonly string[],
): Promise<void> {
  const all = expected.join(', ');
  const isMeant = (one: string): boolean =>
    expected.length === 0 || expected.includes(one) || one !== 'warning health';
  await until(
    `found at ${name}: ${all || 'nothing'}`,
    () => found(bench, name),
    (seen) => seen.filter(isMeant).join(', ') === all,
  );
}

describePair('the doctor at a pair', { skip, spec: SPEC, probeEveryMs: 100 }, (test) => {
  test('that is sound: nothing', async (bench) => {
    await Promise.all([finds(bench, 'a', []), finds(bench, 'b', [])]);
  });

  test('of which both are primary, and one advertises at another interval', async (bench) => {
    bench.undoing(async () => bench.reload('b'));
    bench.reload('b', { ...router({ advertisementIntervalMs: 1_000 }), ha: { primary: true } });
    await bench.waitFor('b knows that settings differ', () => differs(bench));
    await finds(bench, 'b', ['warning health', 'warning wire']);
  });

  test('where keepalived runs beside the agent', async (bench) => {
    await startKeepalived(bench, 'b', OTHER);
    await finds(bench, 'b', ['failure keepalived']);
  });

  test('on whose VRID a keepalived of VRRPv2 is silent and has an address: by what the agent discarded', async (bench) => {
    await startKeepalived(bench, 'c', VERSION_2);
    // It starts its timer anew at each packet of version 3, and its interval is longer than ours.
    await until(
      'it has the address',
      () => ownOf(bench, 'c'),
      (shown) => shown.includes('.177/'),
    );
    await finds(bench, 'a', ['warning wire']);
  });

  test('on whose VRID a keepalived speaks VRRPv2', async (bench) => {
    // Else it would be silent.
    await bench.drop({ traffic: 'vrrp', to: 'c' });
    await startKeepalived(bench, 'c', VERSION_2);
    await Promise.all([finds(bench, 'a', ['failure wire']), finds(bench, 'b', ['failure wire'])]);
  });

  test('whose agent is dead, with an address that it has left', async (bench) => {
    await bench.b.stop();
    await bench.a.annihilate();
    await bench.lab.run('a', ['ip', 'address', 'replace', '10.99.0.100/24', 'dev', 'eth0']);
    bench.undoing(() => bench.lab.run('a', ['ip', 'address', 'flush', 'to', '10.99.0.100']));
    await finds(bench, 'a', ['failure leftovers']);
  });
});

const ownOf = async ({ lab }: PairBench, name: 'c'): Promise<string> =>
  (await lab.run(name, ['ip', '-4', 'address', 'show', 'dev', 'eth0'])).stdout;

/** A real one, until the end of the test. */
async function startKeepalived(bench: PairBench, on: 'b' | 'c', text: string): Promise<void> {
  const { lab } = bench;
  const directory = `${lab.appliance('b').directory}/keepalived`;
  mkdirSync(directory, { recursive: true });
  const running = attempt(lab.network.inside(on, keepalived(text).prepare(directory)));
  bench.undoing(async () => {
    await lab.run(on, ['sh', '-c', `kill $(cat ${directory}/pid)`]);
    await running;
  });
  await lab.run(on, ['sh', '-c', `until [ -s ${directory}/vrrp.pid ]; do sleep 0.05; done`]);
}

const differs = (bench: PairBench): boolean =>
  (bench.status('b')?.peers[0]?.differences ?? []).length > 1;

const OTHER = `
global_defs {
  router_id other
  vrrp_version 3
}
vrrp_instance other {
  state BACKUP
  interface eth0
  virtual_router_id 77
  priority 50
  advert_int 1
  virtual_ipaddress {
    10.99.0.77/24
  }
}
`;

/** As most such files are: no word of a version. */
const VERSION_2 = `
global_defs {
  router_id stranger
}
vrrp_instance lan {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority 50
  advert_int 1
  virtual_ipaddress {
    10.99.0.177/32
  }
}
`;
