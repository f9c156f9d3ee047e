// What a test learns of a child process that ends before it has said what the test waits for. Each child is a shell.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { Inbox } from '../kernel/inbox.js';
import { endOf, wordOf, Words } from '../support/child.js';
import { eventOf, linesOf } from '../support/limits.js';
import { describe, it } from '../support/test.js';

const shell = (script: string) =>
  spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] });
const DIES = 'echo half a word; echo no addon >&2; exit 3';
const ENDED = /the process ended with exit code 3: \/bin\/sh .*\nno addon\n/;

describe('who waits for a child that dies', () => {
  it('for a word learns what was expected, the exit code and the standard error', async () => {
    const never = new Promise(() => undefined);
    await assert.rejects(wordOf(shell(DIES), 'a sign of life', never), (error: Error) => {
      assert.match(error.message, /^expected a sign of life; found: /);
      assert.match(error.message, ENDED);
      return true;
    });
  });

  it('for what it prints learns what it printed, too', async () => {
    const child = shell(DIES);
    const said = new Words(child, child.stdout);
    const ready = said.until('ready', (text) => text.includes('ready'));
    await assert.rejects(ready, /^Error: expected ready; found: [^]*no addon[^]*half a word\n$/);
  });

  it('for a message has what came before, and then its end', async () => {
    const child = shell(DIES);
    const inbox = new Inbox<string>();
    child.stdout.on('data', (piece: Buffer) => inbox.put(piece.toString()));
    await endOf(child).catch((error: Error) => inbox.end(error));
    assert.equal(await inbox.take(), 'half a word\n');
    await assert.rejects(inbox.take('an answer'), ENDED);
  });

  it('by a signal, or that is not there, learns that', async () => {
    await assert.rejects(endOf(shell('kill -KILL $$')), /ended by SIGKILL: /);
    const missing = spawn('/nonexistent/program', [], { stdio: ['ignore', 'pipe', 'pipe'] });
    await assert.rejects(endOf(missing), /ENOENT/);
  });

  it('for a line, data or a message of its own learns of the end', async () => {
    const next = linesOf(shell('echo one').stdout, 'the child');
    assert.equal(await next(), 'one');
    await assert.rejects(
      next('two'),
      /^Error: expected two of the child; found its end after: one$/,
    );
    await assert.rejects(eventOf(shell('exit 0').stdout, 'data'), /'data' .*ended without/);
    const silent = eventOf(shell('exit 4'), 'message', 'an answer');
    await assert.rejects(silent, /expected an answer; found: it ended without \(4,/);
    assert.deepEqual(
      await eventOf(shell('exit 5'), 'exit'),
      [5, null],
      'the end itself is no fault',
    );
  });

  it('a word that comes first is taken, however the child ends', async () => {
    const child = shell('echo ready; exit 1');
    assert.equal(await wordOf(child, 'ready', linesOf(child.stdout, 'the child')()), 'ready');
  });
});
