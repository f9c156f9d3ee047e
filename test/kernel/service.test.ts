// sd_notify and the lock file, between processes. The judge of sd_notify is a socket of Python's,
// since Node has no unix datagrams.
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from '../support/test.js';
import { openKernel } from '../../src/kernel/native.js';

const ADDON = new URL('../../../build/Release/understudy.node', import.meta.url);
const NATIVE = new URL('../../src/kernel/native.js', import.meta.url);
const skip = existsSync(ADDON) ? false : 'the addon is not built: npm run build:native';
const noPython =
  spawnSync('python3', ['--version']).status === 0 ? false : 'python3 is not installed';

const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = sys.argv[1]
s.bind('\\0' + name[1:] if name[0] == '@' else name)
print('bound', flush=True)
for i in range(int(sys.argv[2])): print(repr(s.recv(4096).decode()), flush=True)
`;
import { Words } from '../support/child.js';
import { eventOf } from '../support/limits.js';

describe('notify', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-'));
  after(() => rmSync(folder, { recursive: true }));
  afterEach(() => {
    delete process.env['NOTIFY_SOCKET'];
  });

  const listen = async (address: string, count: number): Promise<() => Promise<string>> => {
    const child = spawn('python3', ['-c', LISTENER, address, String(count)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = new Words(child, child.stdout);
    const closed = eventOf(child, 'close', undefined, () => said.text);
    await said.until('the listener to be bound', (text) => text.includes('bound'));
    return async () => {
      await closed;
      return said.text;
    };
  };

  for (const kind of ['a path', 'an abstract name'] as const) {
    it(`reaches ${kind}`, { skip: noPython }, async () => {
      const address =
        kind === 'a path' ? join(folder, 'notify') : `@understudy-test-${process.pid}`;
      const heard = await listen(address, 2);
      process.env['NOTIFY_SOCKET'] = address;
      openKernel().notify('READY=1\nSTATUS=Backup');
      openKernel().notify('WATCHDOG=1');
      assert.equal(await heard(), "bound\n'READY=1\\nSTATUS=Backup'\n'WATCHDOG=1'\n");
    });
  }

  it('does nothing when nobody asked', () => {
    openKernel().notify('READY=1');
    process.env['NOTIFY_SOCKET'] = '';
    openKernel().notify('READY=1');
  });

  it('says what is wrong with the address', () => {
    const refusals = {
      [join(folder, 'nobody')]: 'ENOENT',
      'vsock:2:1234': 'EAFNOSUPPORT',
      [`/${'x'.repeat(120)}`]: 'ENAMETOOLONG',
    };
    for (const [address, code] of Object.entries(refusals)) {
      process.env['NOTIFY_SOCKET'] = address;
      assert.throws(() => openKernel().notify('READY=1'), {
        name: 'KernelError',
        code,
        syscall: 'sendto',
      });
    }
  });
});

describe('lock file', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-'));
  after(() => rmSync(folder, { recursive: true }));

  /** A process that takes the lock, tells whether it got it, and keeps it. */
  const lockElsewhere = async (path: string): Promise<[ChildProcess, string]> => {
    const script = `
      const { openKernel } = await import(${JSON.stringify(NATIVE.href)});
      const lock = openKernel().lockFile(${JSON.stringify(path)});
      process.stdout.write(lock === null ? 'refused' : 'held');
      setInterval(() => globalThis.gc(), 10);`;
    const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = new Words(child, child.stdout);
    return [child, await said.until('held or refused', (text) => text !== '')];
  };
  const end = async (child: ChildProcess): Promise<void> => {
    const gone = eventOf(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };

  it('is held by one process until that dies, however it dies', async () => {
    const path = join(folder, 'agent.lock');
    const [child, said] = await lockElsewhere(path);
    assert.equal(said, 'held');
    assert.equal(openKernel().lockFile(path), null);
    await end(child);
    const lock = openKernel().lockFile(path);
    assert.ok(lock !== null);
    const [other, answer] = await lockElsewhere(path);
    assert.equal(answer, 'refused');
    await end(other);
    lock.release();
  });

  it('is free after its release, which may be repeated', async () => {
    const path = join(folder, 'again.lock');
    const lock = openKernel().lockFile(path);
    assert.ok(lock !== null);
    lock.release();
    lock.release();
    const [child, said] = await lockElsewhere(path);
    assert.equal(said, 'held');
    await end(child);
  });

  it('is not inherited by a program that is started', async () => {
    const path = join(folder, 'inherit.lock');
    const lock = openKernel().lockFile(path);
    assert.ok(lock !== null);
    const sleeper = spawn('sleep', ['60'], { stdio: 'ignore' });
    await eventOf(sleeper, 'spawn');
    lock.release();
    const again = openKernel().lockFile(path);
    assert.ok(again !== null);
    again.release();
    await end(sleeper);
  });

  it('creates the file for its owner alone, and says when it cannot', () => {
    const path = join(folder, 'mode.lock');
    openKernel().lockFile(path)?.release();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.throws(() => openKernel().lockFile(join(folder, 'no', 'such')), {
      code: 'ENOENT',
      syscall: 'open',
      message: /locking .*no\/such: open failed with ENOENT/,
    });
  });
});
