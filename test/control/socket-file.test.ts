// The control socket as a file: its mode and group, what it replaces, and what it leaves alone.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { startControlServer } from '../../src/control/server.js';
import { giveToGroup, groupId } from '../../src/control/socket-file.js';
import { Words } from '../support/child.js';
import { eventOf } from '../support/limits.js';
import { describe, it } from '../support/test.js';
import { ControlBench, get, handlers } from './server-bench.js';

const bench = new ControlBench();

describe('the control socket as a file', () => {
  it('is made with mode 0660, and nobody else may open it meanwhile', async () => {
    const before = process.umask();
    await bench.start();
    assert.equal(statSync(bench.path).mode & 0o777, 0o660);
    assert.equal(process.umask(), before);
  });

  it('is removed when the server closes', async () => {
    await bench.start();
    await bench.close();
    assert.equal(existsSync(bench.path), false);
  });

  it('replaces one that a killed agent left behind', async () => {
    const script = `require('net').createServer().listen(${JSON.stringify(bench.path)}, () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    await new Words(child, child.stdout).until('a server', (text) => text !== '');
    child.kill('SIGKILL');
    await eventOf(child, 'exit');
    assert.ok(existsSync(bench.path));
    await bench.start();
    assert.equal((await bench.say(get('/v1/status'))).status, 200);
  });

  it('is left alone while another agent listens', async () => {
    await bench.start();
    await assert.rejects(
      // One that starts all the same is closed, so that the test fails rather than hangs.
      startControlServer({ path: bench.path, handlers, onError: () => undefined }).then((second) =>
        second.close(),
      ),
      (error: Error & { code?: string }) =>
        error.code === 'AGENT_ALIVE' && /another agent listens at .*; stop it/.test(error.message),
    );
    assert.equal((await bench.say(get('/v1/status'))).status, 200);
  });

  it('never replaces another kind of file', async () => {
    writeFileSync(bench.path, 'precious');
    await assert.rejects(bench.start(), { code: 'NOT_A_SOCKET' });
    assert.ok(existsSync(bench.path));
  });

  it('says when its folder is missing', async () => {
    bench.path = join(bench.folder, 'none', 'control.sock');
    await assert.rejects(bench.start(), { code: 'EACCES' });
  });

  it('finds the number of a group', () => {
    const text = 'root:x:0:\nunderstudy-x:x:7:\nunderstudy:x:998:alice,bob\nbroken\n';
    assert.deepEqual(
      [groupId(text, 'understudy'), groupId(text, 'under'), groupId(text, 'broken')],
      [998, null, null],
    );
  });

  const noRight = process.getuid?.() === 0 ? false : 'changing the group needs root';
  it('goes to the group when the host has it', { skip: noRight }, async () => {
    const listener = createServer().listen(bench.path);
    await eventOf(listener, 'listening');
    chownSync(bench.path, 0, 0);
    const groups = join(bench.folder, 'group');
    writeFileSync(groups, 'understudy:x:4242:\n');
    giveToGroup(bench.path, 'nobody-has-this', groups);
    assert.equal(statSync(bench.path).gid, 0);
    giveToGroup(bench.path, 'understudy', groups);
    assert.equal(statSync(bench.path).gid, 4242);
    listener.close();
  });

  it('knows mkfifo from a socket', async () => {
    assert.equal(spawnSync('mkfifo', [bench.path]).status, 0);
    await assert.rejects(bench.start(), { code: 'NOT_A_SOCKET' });
  });
});
