// Every setting that names a file, a program or an interface, with something there that cannot work: what
// `check` prints is what the agent says at a reload and in health, word for word. Real files, a real command line,
// an agent on a kernel in memory.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '../support/test.js';
import { until } from '../support/limits.js';
import { runCommandLine } from '../../src/cli/program.js';
import { readEventTail } from '../../src/journal/event-file.js';
import { SETTINGS_SCHEMA, type SettingSchema } from '../../src/config/schema.js';
import { benchFolder, startBench } from '../agent/agent-bench.js';

interface Case {
  /** The setting as the schema has it: `checks[].command`. */
  readonly of: string;
  /** The setting that is complained of. */
  readonly at: string;
  readonly change: (folder: string) => object;
  /** Whether it is a reason in health, too. */
  readonly health: boolean;
  readonly says: RegExp;
}

const PEERS = [{ name: 'b', addresses: ['10.98.0.2', '10.99.0.2'] }];

function written(folder: string, text: string, mode: number): string {
  const path = join(folder, 'bad');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const gone = (folder: string): string => written(folder, '#!/nosuch/interpreter\n', 0o755);
const script = (folder: string): string => written(folder, '#!/bin/sh\n', 0o644);

/** Nobody listens there. Each file is one that any user may read. */
const WITNESS = {
  endpoints: ['http://127.0.0.1:1'],
  certificateFile: '/etc/hostname',
  privateKeyFile: '/etc/hostname',
  user: 'u',
  passwordFile: '/etc/hostname',
};

function readable(folder: string): string {
  const path = join(folder, 'password');
  writeFileSync(path, 'secret');
  chmodSync(path, 0o644);
  return path;
}

const signed = (): object => ({ virtualRouters: [{ ...router('lo'), signed: 'receive' }] });

const CASES: readonly Case[] = [
  {
    of: 'ha.keyFile',
    at: 'ha.keyFile',
    change: (folder) => ({
      ha: { peers: PEERS, keyFile: written(folder, '0f'.repeat(16), 0o600) },
    }),
    health: true,
    says: /expected 64 hexadecimal digits, found 32/,
  },
  {
    of: 'ha.keyFile',
    at: 'ha.keyFile',
    change: (folder) => ({
      ha: { peers: PEERS, keyFile: written(folder, '0f'.repeat(32), 0o644) },
    }),
    health: true,
    says: /expected mode 0600 or 0640, found 0644/,
  },
  {
    of: 'ha.keyFile',
    at: 'ha.keyFile',
    change: (folder) => ({ ha: { peers: PEERS, keyFile: join(folder, 'none') } }),
    health: true,
    says: /there is no key file/,
  },
  {
    of: 'signing.keyFile',
    at: 'signing.keyFile',
    change: (folder) => ({ signing: { keyFile: join(folder, 'none') }, ...signed() }),
    health: true,
    says: /there is no key file/,
  },
  {
    of: 'signing.keyFile',
    at: 'signing.keyFile',
    change: (folder) => ({
      signing: { keyFile: written(folder, `1 ${'0f'.repeat(32)}`, 0o644) },
      ...signed(),
    }),
    health: true,
    says: /expected mode 0600 or 0640, found 0644/,
  },
  {
    of: 'bypass.hook',
    at: 'bypass.hook',
    change: (folder) => ({ bypass: { hook: gone(folder), segments: ['a'] } }),
    health: true,
    says: /a script for "\/nosuch\/interpreter"/,
  },
  {
    of: 'hooks.transition',
    at: 'hooks.transition',
    change: (folder) => ({ hooks: { transition: script(folder) } }),
    health: true,
    says: /mode 0644 that is not executable/,
  },
  {
    of: 'hooks.beforeActive',
    at: 'hooks.beforeActive',
    change: (folder) => ({ hooks: { beforeActive: gone(folder) } }),
    health: true,
    says: /a script for "\/nosuch\/interpreter"/,
  },
  {
    of: 'hooks.monitor',
    at: 'hooks.monitor',
    change: (folder) => ({ hooks: { monitor: folder } }),
    health: true,
    says: /expected a program, found a folder/,
  },
  {
    of: 'checks[].command',
    at: 'checks[0].command[0]',
    change: (folder) => ({
      checks: [{ name: 'c', type: 'script', command: [join(folder, 'none'), 'x'] }],
    }),
    health: true,
    says: /expected a program, found none/,
  },
  {
    of: 'vip.script',
    at: 'vip.script',
    change: (folder) => ({ vip: { script: script(folder) } }),
    health: true,
    says: /addresses could not be put on/,
  },
  {
    of: 'metrics.textfile',
    at: 'metrics.textfile',
    change: (folder) => ({ metrics: { textfile: join(folder, 'none', 'understudy.prom') } }),
    health: true,
    says: /expected a folder that the agent may write in, found no .*none; metrics are not written: make it/,
  },
  ...(['caFile', 'certificateFile', 'privateKeyFile', 'passwordFile'] as const).map(
    (key): Case => ({
      of: `witness.${key}`,
      at: `witness.${key}`,
      change: (folder) => ({
        ha: { peers: PEERS, keyFile: written(folder, '0f'.repeat(32), 0o600) },
        witness: { ...WITNESS, [key]: join(folder, 'none') },
      }),
      health: true,
      says: /expected a file that the agent may read, found none; the witness could not be asked/,
    }),
  ),
  {
    of: 'witness.passwordFile',
    at: 'witness.passwordFile',
    change: (folder) => ({
      ha: { peers: PEERS, keyFile: written(folder, '0f'.repeat(32), 0o600) },
      witness: { ...WITNESS, passwordFile: readable(folder) },
    }),
    health: true,
    says: /expected mode 0600 or 0640, found 0644; the witness could not be asked: "chmod 0600/,
  },
  {
    of: 'virtualRouters[].interface',
    at: 'virtualRouters[0].interface',
    change: () => ({ virtualRouters: [router('nosuch9')] }),
    health: false,
    says: /there is no interface nosuch9/,
  },
  {
    of: 'linkMonitoring.pairs[][]',
    at: 'linkMonitoring.pairs[0][1]',
    change: () => ({ linkMonitoring: { pairs: [['lo', 'nosuch9']] } }),
    health: false,
    says: /there is no interface nosuch9/,
  },
  {
    of: 'bandwidthMonitoring.interfaces[]',
    at: 'bandwidthMonitoring.interfaces[0]',
    change: () => ({ bandwidthMonitoring: { interfaces: ['nosuch9'], enabled: true } }),
    health: false,
    says: /there is no interface nosuch9/,
  },
  {
    of: 'gatewayMonitoring.interface',
    at: 'gatewayMonitoring.interface',
    change: () => ({ gatewayMonitoring: { addresses: ['10.9.9.9'], interface: 'nosuch9' } }),
    health: false,
    says: /there is no interface nosuch9/,
  },
];

/** Each has an agent of its own: in CI all, every day a third of them, CASES=0, 1 or 2, else by the clock. */
const THIRD = Number(process.env['CASES'] ?? Date.now() % 3);
const PLAYED = CASES.filter((_, index) => process.env['CI'] === 'true' || index % 3 === THIRD);

/** These two are where the agent lives: it does not start with bad ones, and does not move (agent-reload.test.ts). */
const FOLDERS = ['runtimeDirectory', 'stateDirectory'];

const router = (name: string): object => ({
  name: 'lan',
  interface: name,
  vrid: 51,
  addresses: ['10.99.0.100/24'],
});

/** What is found of a host, by `check`: each line's text, without what the settings alone say. */
async function checked(config: string): Promise<string[]> {
  let err = '';
  await runCommandLine(['check', '--config', config], {
    run: () => assert.fail(),
    release: () => assert.fail(),
    actAsOwner: () => assert.fail(),
    keygen: () => assert.fail(),
    rotateKey: () => assert.fail(),
    retireKey: () => assert.fail(),
    stdout: { write: () => true },
    stderr: { write: (text) => (err += text) },
    isTerminal: false,
    environment: {},
  });
  return err.split('\n').flatMap((line) => {
    const text = /^(?:warning|error): (.*)$/.exec(line)?.[1];
    return text === undefined ? [] : [text];
  });
}

function* settingsNaming(
  schema: SettingSchema,
  at: string,
): Generator<{ at: string; schema: SettingSchema }> {
  yield { at, schema };
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    yield* settingsNaming(inner, at === '' ? key : `${at}.${key}`);
  }
  if (schema.items !== undefined) yield* settingsNaming(schema.items, `${at}[]`);
}

describe('check and agent say the same of the host', () => {
  it('of every setting that names a file, a program or an interface', () => {
    const all = [...settingsNaming(SETTINGS_SCHEMA, '')];
    const naming = all.filter(({ schema }) => schema.names !== undefined).map(({ at }) => at);
    assert.deepEqual(
      [...new Set([...CASES.map(({ of }) => of), ...FOLDERS])].toSorted(),
      naming.toSorted(),
    );
    const marked = new Set(naming);
    const unmarked = all.filter(
      ({ at, schema: { type, maxLength, description } }) =>
        type === 'string' &&
        // No agent reads these: the console itself says at its start what is wrong with them.
        !at.startsWith('console.') &&
        !marked.has(at) &&
        !marked.has(at.replace(/\[\]$/, '')) &&
        (/absolute path|interface/i.test(description) || maxLength === 4095 || maxLength === 15),
    );
    assert.deepEqual(
      unmarked.map(({ at }) => at),
      [],
      'these look like paths or interfaces',
    );
  });

  for (const { of, at, change, health, says } of PLAYED) {
    it(`${of}: ${says.source}`, async (t) => {
      const folder = benchFolder(t);
      const base = { virtualRouters: [router('lo')] };
      const bench = await startBench(folder, base);
      bench.kernel.setLink({ index: 1, name: 'lo' });
      bench.write({ ...base, ...change(folder) });
      const outcome = await bench.agent.reload();
      assert.ok(outcome.ok, JSON.stringify(outcome));
      const agent = outcome.warnings.map(({ path, message }) => `${path}: ${message}`);
      const check = await checked(join(folder, 'understudy.yaml'));
      assert.deepEqual(agent.toSorted(), check.toSorted());
      const [text = '', ...others] = agent.filter((one) => one.startsWith(`${at}: `));
      assert.deepEqual(others, [], 'said once');
      assert.match(text, says);
      const { reasons } = bench.agent.status().health;
      const message = text.slice(at.length + 2);
      assert.equal(
        reasons.some((reason) => reason.includes(message)),
        health,
        JSON.stringify(reasons),
      );
    });
  }

  it('at the start, too, and no longer when it is mended', async (t) => {
    const folder = benchFolder(t);
    const hook = script(folder);
    const bench = await startBench(folder, { hooks: { transition: hook } });
    const complaint = /hooks\.transition: .*not executable/;
    const complains = (reasons: readonly string[]): boolean =>
      reasons.some((reason) => complaint.test(reason));
    await until('a reason in health', () => bench.agent.status().health.reasons, complains);
    chmodSync(hook, 0o755);
    assert.ok((await bench.agent.reload()).ok);
    assert.equal(complains(bench.agent.status().health.reasons), false);
    await bench.stop();
    const events = readEventTail(join(folder, 'events.jsonl'), 100);
    assert.deepEqual(
      events.flatMap(({ event, reason, ['setting']: setting }) =>
        event === 'host' && setting === 'hooks.transition' ? [reason] : [],
      ),
      ['wrong', 'mended'],
    );
  });

  it('of a control socket and a state folder that are none', async (t) => {
    const folder = benchFolder(t);
    const config = join(folder, 'understudy.yaml');
    mkdirSync(join(folder, 'run', 'control.sock'), { recursive: true });
    writeFileSync(join(folder, 'state'), '');
    writeFileSync(
      config,
      JSON.stringify({
        virtualRouters: [router('lo')],
        runtimeDirectory: join(folder, 'run'),
        stateDirectory: join(folder, 'state'),
      }),
    );
    const said = (await checked(config)).join('\n');
    assert.match(said, /control\.sock: expected the control socket or nothing, found a folder/);
    assert.match(said, /stateDirectory: .*expected a folder of the agent's, found a file/);
  });
});
