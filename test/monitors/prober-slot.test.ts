// The agent's slot for the prober, with real probers that are killed, stopped, or none at all.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test, type TestContext } from '../support/test.js';
import { PROBER_COMMAND } from '../../src/monitors/prober-process.js';
import { PROBER_TIMING, ProberSlot } from '../../src/monitors/prober-slot.js';
import type { MonitorStatus } from '../../src/model/monitor.js';
import type { WitnessFact } from '../../src/model/witness.js';
import { enterNamespace } from '../support/namespace.js';
import type { WitnessSettings } from '../../src/monitors/settings.js';
import { EtcdServer } from '../witness/etcd-server.js';
import {
  Awaiting,
  Leash,
  NOTHING,
  scriptCheck,
  tcpCheck,
  temporaryFolder,
} from './prober-bench.js';
import { SELF_SIGNED } from './self-signed.js';
import { eventOf, WAIT_LIMIT_MS } from '../support/limits.js';

const skip = enterNamespace(import.meta.url);

const QUICK = { ...PROBER_TIMING, firstRestartMs: 10, longestRestartMs: 40 };

class SlotBench {
  readonly slot: ProberSlot;
  readonly told: MonitorStatus[] = [];
  readonly removed: string[] = [];
  readonly lost: string[] = [];
  readonly facts: WitnessFact[] = [];
  readonly #awaiting = new Awaiting(() => JSON.stringify([this.lost, this.slot.statuses()]));

  constructor(t: TestContext, command?: readonly string[], timing = QUICK) {
    const note =
      <T>(list: T[]) =>
      (item: T): void => {
        list.push(item);
        this.#awaiting.notice();
      };
    this.slot = new ProberSlot({
      onStatus: note(this.told),
      onRemoved: note(this.removed),
      onLost: note(this.lost),
      onWitness: note(this.facts),
      timing,
      ...(command === undefined ? {} : { command }),
    });
    t.after(() => this.slot.close());
  }

  status(name: string): MonitorStatus | undefined {
    return this.slot.statuses().find((status) => status.name === name);
  }

  until(what: string, condition: () => boolean): Promise<void> {
    return this.#awaiting.until(what, condition);
  }

  reaches(name: string, state: MonitorStatus['state']): Promise<void> {
    return this.until(`${name} ${state}`, () => this.status(name)?.state === state);
  }

  kill(signal: NodeJS.Signals): number {
    const pid = this.slot.pid();
    assert.ok(pid !== undefined, 'a prober runs');
    process.kill(pid, signal);
    return pid;
  }
}

/** Its ttl is the least that there is: so long a prober may be silent. */
const witnessAt = (endpoint: string): WitnessSettings => ({
  endpoints: [endpoint],
  key: '/understudy',
  ttlSeconds: 2,
  caFile: null,
  certificateFile: null,
  privateKeyFile: null,
  user: null,
  passwordFile: null,
  name: 'a',
  group: ['a', 'b'],
});

const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

async function listen(t: TestContext): Promise<number> {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await eventOf(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

// Each has a prober of its own, and mostly waits.
describe('prober slot', { skip, concurrency: 3 }, () => {
  test('a prober runs only while something needs one', async (t) => {
    const bench = new SlotBench(t);
    const { slot } = bench;
    slot.configure(NOTHING);
    assert.equal(slot.pid(), undefined);
    slot.configure({ ...NOTHING, checks: [tcpCheck('db', await listen(t), { weight: 20 })] });
    assert.deepEqual(bench.told, [
      { name: 'db', weight: 20, state: 'unknown', detail: 'waiting for the prober' },
    ]);
    const pid = slot.pid();
    assert.ok(pid !== undefined);
    await bench.reaches('db', 'ok');
    slot.configure(NOTHING);
    assert.deepEqual(bench.removed, ['db']);
    assert.equal(slot.pid(), undefined);
    await slot.close();
    assert.ok(isGone(pid));
    assert.deepEqual(bench.lost, []);
  });

  test('killed: unknown, started again, and the statuses return', async (t) => {
    const bench = new SlotBench(t);
    const leash = new Leash();
    const script = `sleep 1000 >${leash.path} & wait`;
    bench.slot.configure({
      ...NOTHING,
      bandwidth: { interfaces: ['lo'], minimumBps: 1, seconds: 1 },
      checks: [tcpCheck('db', await listen(t)), scriptCheck('endless', script)],
    });
    await bench.reaches('db', 'ok');
    await bench.reaches('bandwidth', 'ok');
    await leash.held;
    const before = bench.told.length;
    const pid = bench.kill('SIGKILL');
    await bench.until('the loss', () => bench.lost.length > 0);
    const message = 'the prober ended: killed by SIGKILL; another one in 10 ms';
    assert.deepEqual(bench.lost, [message]);
    assert.equal(bench.status('bandwidth')?.state, 'unknown');
    await bench.reaches('db', 'unknown');
    assert.equal(bench.status('db')?.detail, message);
    assert.ok(bench.told.slice(before).every(({ state }) => state !== 'failed'));
    // The script of the dead prober is gone: nobody else held the leash then.
    await leash.released;
    await bench.reaches('db', 'ok');
    assert.notEqual(bench.slot.pid(), pid);
    assert.ok(isGone(pid));
  });

  test('doubt is passed on as it comes, and a dead prober leaves none behind', async (t) => {
    const bench = new SlotBench(t);
    // Two failures are far apart: between them nothing but the doubt has changed.
    const check = tcpCheck('db', 1, { intervalMs: 600_000, failureThreshold: 2 });
    bench.slot.configure({ ...NOTHING, checks: [check] });
    await bench.until('doubt', () => bench.status('db')?.doubtful === true);
    assert.equal(bench.status('db')?.state, 'unknown');
    bench.kill('SIGKILL');
    await bench.until('the loss', () => bench.lost.length > 0);
    assert.ok(!('doubtful' in (bench.status('db') ?? {})));
  });

  test('a role told to one prober is told to the next', async (t) => {
    const bench = new SlotBench(t);
    const bandwidth = { interfaces: ['lo'], minimumBps: 1e12, seconds: 1 };
    bench.slot.setRole({ active: true, inhibited: false });
    bench.slot.configure({ ...NOTHING, bandwidth });
    await bench.reaches('bandwidth', 'failed');
    bench.kill('SIGKILL');
    await bench.reaches('bandwidth', 'unknown');
    await bench.reaches('bandwidth', 'failed');
  });

  test('one that always dies is started less and less often', async (t) => {
    const bench = new SlotBench(t, ['/bin/sh', '-c', 'echo no luck >&2; exit 7']);
    bench.slot.configure({ ...NOTHING, checks: [tcpCheck('db', 1)] });
    await bench.until('five losses', () => bench.lost.length === 5);
    const line = (wait: number): string =>
      `the prober ended: exit 7: no luck; another one in ${wait} ms`;
    assert.deepEqual(bench.lost, [10, 20, 40, 40, 40].map(line));
  });

  test('one that lived long enough is replaced as if it were the first', async (t) => {
    const bench = new SlotBench(t, ['/bin/false'], { ...QUICK, healthyAfterMs: 0 });
    bench.slot.configure({ ...NOTHING, checks: [tcpCheck('db', 1)] });
    await bench.until('three losses', () => bench.lost.length === 3);
    assert.ok(bench.lost.every((message) => message.endsWith('another one in 10 ms')));
  });

  test('one that cannot be started, or speaks another language, is lost with the cause', async (t) => {
    const missing = new SlotBench(t, ['/nonexistent/node']);
    missing.slot.configure({ ...NOTHING, checks: [tcpCheck('db', 1)] });
    await missing.until('the loss', () => missing.lost.length > 0);
    assert.match(missing.lost[0] ?? '', /cannot be started: .*ENOENT/);
    const foreign = new SlotBench(t, ['/bin/sh', '-c', 'echo hello; exec sleep 1000']);
    foreign.slot.configure({ ...NOTHING, checks: [tcpCheck('db', 1)] });
    await foreign.until('the loss', () => foreign.lost.length > 0);
    assert.match(foreign.lost[0] ?? '', /does not speak our protocol/);
  });

  test('one of another build, which an upgrade has put there, is told nothing and believed nothing', async (t) => {
    const [node = '', ...words] = PROBER_COMMAND;
    const others = [
      [
        'of an agent of another build',
        [node, ...words.slice(0, -1), 'another'],
        /exit 1: .*another program/,
      ],
      [
        'of an agent that says no build',
        [node, ...words.slice(0, -1)],
        /exit 1: .*another program/,
      ],
      [
        'that says another build',
        ['/bin/sh', '-c', `echo '{"kind":"hello","build":"another"}'; exec cat >&2`],
        /ended: it is of another program/,
      ],
      [
        'that says none',
        [
          '/bin/sh',
          '-c',
          `echo '{"kind":"report","revision":1,"statuses":[{"name":"db","weight":"soft","state":"failed","detail":""}]}'; exec cat >&2`,
        ],
        /does not speak our protocol: it is of another program/,
      ],
    ] as const;
    for (const [title, command, cause] of others) {
      const bench = new SlotBench(t, command);
      bench.slot.configure({ ...NOTHING, checks: [tcpCheck('db', 1)] });
      await bench.until(`the loss of one ${title}`, () => bench.lost.length > 0);
      assert.match(bench.lost[0] ?? '', cause, title);
      assert.doesNotMatch(
        bench.lost.join(),
        /configure/,
        'what it was told, it would have repeated',
      );
      assert.deepEqual([...new Set(bench.told.map(({ state }) => state))], ['unknown'], title);
    }
  });

  test('one that hangs is killed and replaced', async (t) => {
    const bench = new SlotBench(t, undefined, { ...QUICK, silenceLimitMs: 3_000 });
    bench.slot.configure({ ...NOTHING, checks: [tcpCheck('db', await listen(t))] });
    await bench.reaches('db', 'ok');
    // Where the machine stands still for long, one that did not hang was killed before.
    const before = bench.lost.length;
    const pid = bench.kill('SIGSTOP');
    await bench.until('the loss', () => bench.lost.length > before);
    assert.match(bench.lost[before] ?? '', /^the prober ended: it was silent for 3000 ms/);
    assert.ok(isGone(pid));
    await bench.reaches('db', 'ok');
  });

  test('one that hangs, and one that ends, cannot ask the witness: it is away, and seen again', async (t) => {
    const server = await EtcdServer.start(t);
    // It is told of here long before it would be killed, however slow this machine is.
    const bench = new SlotBench(t, undefined, { ...QUICK, silenceLimitMs: 10 * WAIT_LIMIT_MS });
    const last = (): WitnessFact | undefined => bench.facts.at(-1);
    const away = (): string => {
      const fact = last();
      return fact?.kind === 'away' ? fact.why : '';
    };
    bench.slot.configure({ ...NOTHING, witness: witnessAt(`http://${server.place}`) });
    await bench.until('the witness', () => last()?.kind === 'free');
    const pid = bench.kill('SIGSTOP');
    await bench.until('nothing of it', () => away() === 'the prober says nothing of it');
    process.kill(pid, 'SIGCONT');
    await bench.until('the witness again', () => last()?.kind === 'free');
    assert.deepEqual(bench.lost, []);
    bench.kill('SIGKILL');
    await bench.until('its end', () => /^the prober ended: .*; another one in/.test(away()));
    await bench.until('the witness by the next one', () => last()?.kind === 'free');
  });

  test('a key that is not that of its certificate makes the witness away, and ends no prober', async (t) => {
    const bench = new SlotBench(t);
    const folder = temporaryFolder();
    const files = {
      certificateFile: join(folder, 'certificate'),
      privateKeyFile: join(folder, 'key'),
    };
    writeFileSync(files.certificateFile, SELF_SIGNED.cert);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(files.privateKeyFile, pem, { mode: 0o600 });
    const witness = { ...witnessAt('https://127.0.0.1:1'), ...files };
    bench.slot.configure({ ...NOTHING, witness });
    const pid = bench.slot.pid();
    const why = /expected witness\.privateKeyFile to be the key.*of witness\.certificateFile/;
    const told = (): number =>
      bench.facts.filter((fact) => fact.kind === 'away' && why.test(fact.why)).length;
    // Told twice: it has lived on, and asked again.
    await bench.until('why', () => told() > 1 || bench.lost.length > 0);
    assert.deepEqual(bench.lost, []);
    assert.equal(bench.slot.pid(), pid);
  });

  test('close ends even one that hangs, and all scripts', async (t) => {
    const bench = new SlotBench(t);
    const leash = new Leash();
    const script = `sleep 1000 >${leash.path} & wait`;
    bench.slot.configure({ ...NOTHING, checks: [scriptCheck('endless', script)] });
    await leash.held;
    await bench.until('the first report', () => bench.told.length > 1);
    const pid = bench.kill('SIGSTOP');
    const told = bench.told.length;
    await bench.slot.close();
    await leash.released;
    assert.ok(isGone(pid));
    assert.equal(bench.told.length, told);
    assert.deepEqual(bench.lost, []);
  });
});
