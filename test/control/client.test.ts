// The client: typed answers, and every way in which an agent cannot be reached or understood.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import {
  AgentNotReachable,
  ControlRefusal,
  createControlClient,
  UnexpectedAnswer,
} from '../../src/control/client.js';
import type { ControlHandlers } from '../../src/control/protocol.js';
import { startControlServer, type ControlServer } from '../../src/control/server.js';
import { healthy } from '../cli/statuses.js';
import { eventSource } from './events.js';
import { eventOf } from '../support/limits.js';

let folder = '';
let path = '';
let closers: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-client-'));
  path = join(folder, 'control.sock');
  closers = [];
});
afterEach(async () => {
  for (const close of closers) await close();
  rmSync(folder, { recursive: true });
});

const view = {
  file: '/f',
  settings: [{ setting: 'mode', value: 'off', source: 'file' as const, settable: true }],
};
const fault = { path: 'mode', expected: 'a', found: 'b', remedy: 'c', code: 'wrong-type' } as const;
const handlers: ControlHandlers = {
  status: () => healthy,
  metrics: () => Promise.resolve({ type: 'text/plain', bytes: Buffer.from('# HELP x y\n') }),
  settings: () => view,
  set: (setting, value) =>
    value === 'bad'
      ? Promise.resolve({ ok: false, file: '/f', errors: [fault] })
      : Promise.resolve({
          ok: true,
          setting,
          value,
          previous: 'off',
          changed: true,
          file: '/f',
          warnings: [],
        }),
  change: ({ apply }) =>
    Promise.resolve({
      ok: true,
      applied: apply,
      file: '/f',
      changes: [{ setting: 'mode', from: 'off', to: 'active-passive' }],
      plan: [],
      warnings: [],
    }),
  reload: () => Promise.resolve({ ok: true, file: '/f', changes: ['mode'], warnings: [] }),
  command: (name, argument) =>
    name === 'failover'
      ? Promise.resolve({ ok: false, code: 'a', message: 'b', remedy: 'c' })
      : Promise.resolve({ ok: true, detail: `${name} ${argument}` }),
  ...eventSource().handlers,
};

async function startAgent(changed: Partial<ControlHandlers> = {}): Promise<ControlServer> {
  const options = { path, handlers: { ...handlers, ...changed }, onError: () => undefined };
  const server = await startControlServer(options);
  closers.push(() => server.close());
  return server;
}

/** Something that answers every connection with these bytes, or with silence. */
async function startStranger(bytes: string | null): Promise<Server> {
  const stranger = createServer((socket) => {
    socket.on('error', () => undefined);
    if (bytes === null) closers.push(() => socket.destroy());
    else socket.once('data', () => socket.end(bytes));
  });
  stranger.listen(path);
  await eventOf(stranger, 'listening');
  closers.unshift(() => stranger.close());
  return stranger;
}

const http = (body: string, status = '200 OK'): string =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;

describe('calls to a running agent', () => {
  it('answers status, settings, set and reload', async () => {
    await startAgent();
    const client = createControlClient(path);
    assert.deepEqual(await client.status(), healthy);
    assert.deepEqual(await client.settings(), view);
    const done = await client.set('mode', 'off');
    assert.ok(done.ok && done.value === 'off');
    const reloaded = await client.reload();
    assert.ok(reloaded.ok && reloaded.changes[0] === 'mode');
  });

  it('answers the metrics as text; a refusal of theirs is a refusal, and anything else is no metrics', async () => {
    await startAgent();
    assert.equal(await createControlClient(path).metrics(), '# HELP x y\n');
    await closers.shift()?.();
    const refusal = '{"error":{"code":"too-slow","message":"a","remedy":"b"}}';
    const stranger = await startStranger(http(refusal, '503 x'));
    await assert.rejects(createControlClient(path).metrics(), ControlRefusal);
    stranger.close();
    rmSync(path, { force: true });
    await startStranger(http('{"up":1}'));
    await assert.rejects(createControlClient(path).metrics(), UnexpectedAnswer);
  });

  it('answers what an order came to, and why it was refused', async () => {
    await startAgent();
    const client = createControlClient(path);
    assert.deepEqual(await client.command('maintenance', 'on'), {
      ok: true,
      detail: 'maintenance on',
    });
    assert.deepEqual(await client.command('failover'), {
      ok: false,
      code: 'a',
      message: 'b',
      remedy: 'c',
    });
  });

  it('answers refused settings with their errors', async () => {
    await startAgent();
    assert.deepEqual(await createControlClient(path).set('mode', 'bad'), {
      ok: false,
      file: '/f',
      errors: [fault],
    });
  });

  it('tells another refusal with its remedy', async () => {
    await startAgent({ status: () => assert.fail('broken') });
    await assert.rejects(createControlClient(path).status(), {
      name: 'ControlRefusal',
      code: 'internal',
      status: 500,
    });
  });

  it('understands an agent of a later version, with more fields and words', async () => {
    const later = {
      ...healthy,
      version: '9.0.0',
      novelty: { x: 1 },
      health: { state: 'dazed', reasons: [] },
    };
    await startStranger(http(JSON.stringify(later)));
    assert.deepEqual(await createControlClient(path).status(), later);
  });
});

describe('an agent that is not there', () => {
  const reason = async (): Promise<AgentNotReachable> => {
    const error: unknown = await createControlClient(path, { deadlineMs: 2000 })
      .status()
      .catch((thrown: unknown) => thrown);
    assert.ok(error instanceof AgentNotReachable, String(error));
    return error;
  };

  it('has no socket: says how to start it', async () => {
    const error = await reason();
    assert.deepEqual([error.code, error.noneRuns], ['ENOENT', true]);
    assert.match(error.remedy, /systemctl start understudy/);
  });

  it('has left its socket behind', async () => {
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    const error = await reason();
    assert.deepEqual([error.code, error.noneRuns], ['ECONNREFUSED', true]);
    assert.match(error.message, /has died/);
  });

  it('may not be spoken to by this user: says which group to join', async () => {
    const isRoot = process.getuid?.() === 0;
    await startAgent();
    chmodSync(folder, 0o755);
    const module = new URL('../../src/control/client.js', import.meta.url).pathname;
    const script = `import { createControlClient } from ${JSON.stringify(module)};
      const error = await createControlClient(${JSON.stringify(path)}).status().catch((e) => e);
      console.log(error.code, error.noneRuns, error.remedy);`;
    const node = [process.execPath, '--input-type=module', '-e', script];
    if (!isRoot) chmodSync(path, 0);
    const [program = '', ...rest] = isRoot
      ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...node]
      : node;
    const child = spawnSync(program, rest, { encoding: 'utf8' });
    assert.match(child.stdout, /^EACCES false run as root, or join the group/, child.stderr);
  });

  it('does not answer within the deadline', async () => {
    await startStranger(null);
    const error: unknown = await createControlClient(path, { deadlineMs: 30 })
      .status()
      .catch((thrown: unknown) => thrown);
    assert.ok(error instanceof AgentNotReachable);
    assert.deepEqual([error.code, error.noneRuns], ['ETIMEDOUT', false]);
    assert.match(error.message, /within 30 ms/);
  });

  it('closes the connection without a word', async () => {
    await startStranger('');
    assert.equal((await reason()).noneRuns, false);
  });

  it('has a file of another kind in its place', async () => {
    writeFileSync(path, '');
    assert.equal((await reason()).code, 'ECONNREFUSED');
  });
});

describe('an answer that is none', () => {
  const answers: readonly [title: string, bytes: string][] = [
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['no JSON', http('<html>')],
    ['half of it', http(JSON.stringify(healthy)).slice(0, -20)],
    ['half of its header', 'HTTP/1.1 200 OK\r\nContent-'],
    ['JSON of another form', http('{"name":"x"}')],
    [
      'a virtual router of another form',
      http(JSON.stringify({ ...healthy, virtualRouters: [{}] })),
    ],
    ['a failure without words', http('{}', '500 Internal Server Error')],
  ];
  for (const [title, bytes] of answers) {
    it(`is told as such: ${title}`, async () => {
      await startStranger(bytes);
      await assert.rejects(createControlClient(path).status(), { name: 'UnexpectedAnswer' });
    });
  }

  it('is told as such for settings, set, reload and orders too', async () => {
    await startStranger(http('{"ok":true}'));
    const client = createControlClient(path);
    for (const call of [
      client.settings(),
      client.set('a', 'b'),
      client.reload(),
      client.command('failover'),
    ]) {
      await assert.rejects(call, { name: 'UnexpectedAnswer' });
    }
  });
});
