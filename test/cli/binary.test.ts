// The real program as a process: exit codes, streams, and how little it loads.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from '../support/test.js';
import { fileURLToPath } from 'node:url';
import { startControlServer, type ControlServer } from '../../src/control/server.js';
import { healthy } from './statuses.js';
import { eventOf } from '../support/limits.js';

const PROGRAM = fileURLToPath(new URL('../../src/main.js', import.meta.url));

let folder = '';
let good = '';
let invalid = '';
let server: ControlServer | null = null;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-binary-'));
  mkdirSync(join(folder, 'agent'));
  const settings = (runtime: string, vrid: number): string =>
    `runtimeDirectory: ${runtime}\nvirtualRouters:\n  - { name: lan, interface: lo, vrid: ${vrid}, addresses: [10.99.0.100/24] }\n`;
  good = join(folder, 'good.yaml');
  invalid = join(folder, 'invalid.yaml');
  writeFileSync(good, settings(folder, 51));
  writeFileSync(invalid, settings(folder, 0));
  writeFileSync(join(folder, 'running.yaml'), settings(join(folder, 'agent'), 51));
  server = await startControlServer({
    path: join(folder, 'agent', 'control.sock'),
    handlers: {
      status: () => healthy,
      metrics: () => Promise.resolve({ type: 'text/plain', bytes: Buffer.from('# HELP x y\n') }),
      settings: () => assert.fail(),
      set: () => assert.fail(),
      change: () => assert.fail(),
      reload: () => assert.fail(),
      command: () => assert.fail(),
      events: () => [],
      follow: () => assert.fail(),
    },
    onError: () => undefined,
  });
});
after(async () => {
  await server?.close();
  rmSync(folder, { recursive: true });
});

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the program without blocking this process, which is the agent. */
async function run(words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Result> {
  const child = spawn(process.execPath, [PROGRAM, ...words], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  await eventOf(child, 'close');
  return { code: child.exitCode, out, err };
}

describe('the program', () => {
  it('exits with 0 when done', async () => {
    assert.equal((await run(['check', '--config', good])).code, 0);
    assert.match((await run(['plan', '--config', good])).out, /^# lan/);
    assert.equal((await run(['--version'])).code, 0);
    const { code, out } = await run(['--config', join(folder, 'running.yaml')]);
    assert.equal(code, 0);
    assert.match(out, /^HEALTHY {2}dallas-1/);
    assert.ok(!out.includes('\u001B'), 'no colour into a pipe');
  });

  it('exits with 2 for usage and invalid settings', async () => {
    for (const words of [
      ['nonsense'],
      ['--bad'],
      ['maintenance'],
      ['check', '--config', invalid],
    ]) {
      const { code, out } = await run(words);
      assert.deepEqual([code, out], [2, ''], words.join(' '));
    }
  });

  it('exits with 2 for run and release with invalid settings, before anything else', async () => {
    for (const word of ['run', 'release']) {
      const { code, err } = await run([word, '--config', invalid]);
      assert.equal(code, 2, err);
      assert.match(err, /virtualRouters\[0\]\.vrid/);
    }
  });

  it('exits with 3 when the agent cannot be reached', async () => {
    for (const words of [['status'], ['failover'], ['bypass', 'status'], ['events', '--follow']]) {
      const { code, out, err } = await run([...words, '--config', good]);
      assert.deepEqual([code, out], [3, ''], words.join(' '));
      assert.match(err, /understudy run --config/);
    }
  });

  it('writes a key that only its owner can read, and not over another', async () => {
    const key = join(folder, 'ha.key');
    const config = join(folder, 'keyed.yaml');
    writeFileSync(config, `ha: { keyFile: ${key} }\n${readFileSync(good, 'utf8')}`);
    const first = await run(['keygen', '--config', config]);
    assert.deepEqual([first.code, first.err], [0, '']);
    assert.match(first.out, /^a new key is in .*ha\.key: copy the file .* every peer/);
    const text = readFileSync(key, 'utf8');
    assert.match(text, /^[\da-f]{64}\n$/);
    assert.equal(statSync(key).mode & 0o777, 0o600);
    const second = await run(['keygen', '--config', config]);
    assert.equal(second.code, 1);
    assert.match(second.err, /there is a key already; .*--force/);
    assert.equal(readFileSync(key, 'utf8'), text);
    assert.equal((await run(['keygen', '--force', '--config', config])).code, 0);
    assert.notEqual(readFileSync(key, 'utf8'), text);
  });

  it('ends quietly when its reader has gone', async () => {
    const child = spawn(process.execPath, [PROGRAM, 'plan', '--config', good], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    await eventOf(child, 'close');
    assert.deepEqual([child.exitCode, err], [0, '']);
  });

  it('loads neither parser, validator nor agent for the status', async () => {
    const coverage = join(folder, 'coverage');
    const words = ['status', '--config', join(folder, 'running.yaml')];
    const { code } = await run(words, { NODE_V8_COVERAGE: coverage });
    assert.equal(code, 0);
    const loaded = readdirSync(coverage).flatMap((name) => {
      const text = readFileSync(join(coverage, name), 'utf8');
      return (JSON.parse(text) as { result: { url: string }[] }).result.map(({ url }) => url);
    });
    const has = (part: string): boolean => loaded.some((url) => url.includes(part));
    assert.ok(has('/cli/render/status.js'), 'the list is not complete');
    for (const part of [
      '/commander/',
      '/ajv/',
      '/yaml/',
      '/pino/',
      '/src/agent/',
      '/src/kernel/',
      '/src/doctor/',
      '/src/host/',
      '/src/import/',
      '/config/load.js',
      '/config/validate.js',
    ]) {
      assert.ok(!has(part), `${part} was loaded`);
    }
  });

  it('is a script that the kernel can start', () => {
    assert.match(readFileSync(PROGRAM, 'utf8'), /^#!\/usr\/bin\/env node\n/);
    const { status } = spawnSync('sh', [
      '-c',
      `"${process.execPath}" "${PROGRAM}" --help >/dev/null`,
    ]);
    assert.equal(status, 0);
  });
});
