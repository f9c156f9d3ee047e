// Who gave an order, by the kernel's word: the control socket between two processes of different users.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from '../support/test.js';
import { nameOf, userName } from '../../src/control/caller.js';
import { startControlServer, type ControlServer } from '../../src/control/server.js';
import { openKernel } from '../../src/kernel/native.js';
import { healthy } from '../cli/statuses.js';
import { eventOf } from '../support/limits.js';
import { eventSource } from './events.js';

const refused = { ok: false, code: '', message: '', remedy: '' } as const;
const UNKNOWN = 4_123_456;

/** Sends an order, and says what came back; in the words of a shell for one that has no module here. */
const CLIENT = `
const socket = require('net').connect(process.argv[1]);
socket.on('data', (said) => process.stdout.write(said)).on('error', (error) => console.log(error.code));
const body = process.argv[2];
socket.write('POST ' + (process.argv[3] ?? '/v1/command') + ' HTTP/1.1\\r\\nHost: x\\r\\nX-User: mallory\\r\\nContent-Length: ' + body.length +
  '\\r\\n\\r\\n' + body);`;

describe('who gave an order', () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-caller-'));
  const path = join(folder, 'control.sock');
  let server: ControlServer;
  let orders: string[] = [];
  before(async () => {
    const kernel = openKernel();
    const { handlers } = eventSource();
    server = await startControlServer({
      path,
      handlers: {
        ...handlers,
        status: () => healthy,
        metrics: () => Promise.resolve({ type: 'text/plain', bytes: Buffer.from('# HELP x y\n') }),
        settings: () => ({ file: '/f', settings: [] }),
        set: (_setting, _value, by) => {
          orders.push(`set ${by}`);
          return Promise.resolve({ ok: false, file: '/f', errors: [] });
        },
        change: () => Promise.reject(new Error('not asked for')),
        reload: (by) => {
          orders.push(`reload ${by}`);
          return Promise.resolve({ ok: false, file: '/f', errors: [] });
        },
        command: (_name, _argument, { by }) => {
          orders.push(by);
          return Promise.resolve(refused);
        },
      },
      userOf: (fd) => kernel.peerCredentials(fd)?.uid ?? null,
      onError: (error) => assert.fail(String(error)),
    });
    chmodSync(folder, 0o755);
    chmodSync(path, 0o666);
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    orders = [];
  });

  async function say(body: object, ...as: string[]): Promise<string> {
    return sayTo('/v1/command', body, ...as);
  }

  async function sayTo(endpoint: string, body: object, ...as: string[]): Promise<string> {
    const order = [...as, process.execPath, '-e', CLIENT, path, JSON.stringify(body), endpoint];
    const [program = '', ...rest] = order;
    const env = { ...process.env, SUDO_USER: 'mallory', USER: 'mallory', LOGNAME: 'mallory' };
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'], env });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    await eventOf(child, 'close');
    return said;
  }

  const own = process.getuid?.() ?? 0;

  it('the user of this process, whatever the environment and the request say', async () => {
    await say({ command: 'failover' });
    assert.deepEqual(orders, [await nameOf(own)]);
  });

  it('also of a setting and of a reload', async () => {
    await sayTo('/v1/set', { setting: 'primary', value: 'on' });
    await sayTo('/v1/reload', {});
    const by = await nameOf(own);
    assert.deepEqual(orders, [`set ${by}`, `reload ${by}`]);
  });

  it('a request cannot say who sends it', async () => {
    assert.match(await say({ command: 'failover', by: 'mallory' }), /^HTTP\/1\.1 400 /);
    assert.deepEqual(orders, []);
  });

  const skip = own === 0 ? false : 'becoming another user needs root';
  it('another user: by name, and by number where it has none', { skip }, async () => {
    for (const uid of [1, UNKNOWN]) {
      await say(
        { command: 'failover' },
        'setpriv',
        `--reuid=${uid}`,
        '--regid=65534',
        '--clear-groups',
      );
    }
    assert.deepEqual(orders, [await nameOf(1), `uid ${UNKNOWN}`]);
    assert.match(orders[0] ?? '', /^[a-z]+$/, 'user 1 has a name (/etc/passwd)');
  });
});

describe('the name of a user', () => {
  it('is the first that can be shown', () => {
    const text = [
      'root:x:0:0::/root:/bin/sh',
      'toor:x:0:0::/root:/bin/sh',
      'al\u001B[31mice:x:7:7:::',
      'a b:x:8:8:::',
      `${'x'.repeat(33)}:x:9:9:::`,
      'DOM\\bob:x:10:10:::',
      'broken',
      ':x:11:11:::',
    ].join('\n');
    assert.deepEqual(
      [0, 7, 8, 9, 10, 11, 12].map((uid) => userName(text, uid)),
      ['root', null, null, null, 'DOM\\bob', null, null],
    );
  });

  it('is the number without a file, and nothing when nobody is known', async () => {
    assert.deepEqual([await nameOf(7, '/nonexistent'), await nameOf(null)], ['uid 7', '']);
  });

  it('no open unix socket: nobody', () => {
    assert.equal(openKernel().peerCredentials(2_000_000_000), null);
  });
});
