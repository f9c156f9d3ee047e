// The log's own stream, on pipes whose reader stalls or goes: bounded, and it never keeps anybody.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { until, within, WAIT_LIMIT_MS } from '../support/limits.js';
import { openLogStream, type LogStream } from '../../src/journal/log-stream.js';

const NOT_BLOCKING = constants.O_NONBLOCK;

describe('the stream of the log', () => {
  let folder: string;
  let fifo: string;
  let reader: number;
  let writer: number;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-log-'));
    fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    reader = openSync(fifo, constants.O_RDONLY | NOT_BLOCKING);
    writer = openSync(fifo, constants.O_WRONLY | NOT_BLOCKING);
  });
  afterEach(() => {
    closeSync(writer);
    rmSync(folder, { recursive: true });
  });

  /** Makes the pipe full; the number of bytes it took. */
  function fill(): number {
    let count = 0;
    try {
      for (;;) count += writeSync(writer, Buffer.alloc(4_096));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
      return count;
    }
  }

  /** What lies in the pipe, until it is empty. */
  function drain(): string {
    const page = Buffer.alloc(65_536);
    let all = '';
    try {
      for (let count = -1; count !== 0;) {
        count = readSync(reader, page);
        all += page.toString('utf8', 0, count);
      }
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
    }
    return all;
  }

  /** The deadline is later than the limit of the wait: whoever needs it has failed by then. */
  const resolvesBeforeItsDeadline = (stream: LogStream, when: string): Promise<void> =>
    within(`close resolves ${when}`, stream.close(2 * WAIT_LIMIT_MS));

  it('writes every line in order', async () => {
    const stream = openLogStream(writer, 1_000_000);
    for (let line = 0; line < 1_000; line += 1) stream.write(`${line} — ü\n`);
    await stream.close(5_000);
    const expected = Array.from({ length: 1_000 }, (_, line) => `${line} — ü\n`).join('');
    assert.equal(drain(), expected);
    closeSync(reader);
  });

  it('a reader that stalls loses what is too much, whole lines, and gets the rest', async () => {
    const filler = fill();
    const stream = openLogStream(writer, 200_000);
    const line = `${'x'.repeat(999)}\n`;
    for (let count = 0; count < 500; count += 1) stream.write(line);
    assert.equal(drain().length, filler);
    let received = '';
    await until(
      'all that was kept',
      () => (received += drain()).length,
      (length) => length >= 200_000,
      0,
    );
    stream.write('and goes on\n');
    await stream.close(5_000);
    assert.equal(received + drain(), `${line.repeat(200)}and goes on\n`);
    closeSync(reader);
  });

  it('close gives up in time, and what was kept is forgotten', async () => {
    fill();
    const stream = openLogStream(writer, 200_000);
    stream.write('x'.repeat(150_000));
    await stream.close(1);
    drain();
    const text = 'y'.repeat(100_000);
    stream.write(text);
    let received = '';
    await until(
      'what is written later',
      () => (received += drain()),
      (all) => all.includes('y'),
      0,
    );
    closeSync(reader);
  });

  it('a reader that goes is no error; close resolves', async () => {
    const stream = openLogStream(writer, 1_000);
    closeSync(reader);
    stream.write('to nobody');
    await resolvesBeforeItsDeadline(stream, 'once the reader has gone');
    stream.write('to nobody again');
    await resolvesBeforeItsDeadline(stream, 'when it writes to nobody once more');
  });

  it('with nothing to write close resolves at once', async () => {
    await resolvesBeforeItsDeadline(openLogStream(writer, 1_000), 'with nothing to write');
    closeSync(reader);
  });

  it('at once: what was queued and what follows, without waiting', () => {
    const stream = openLogStream(writer, 1_000);
    assert.equal(stream.writeAtOnce(), true);
    stream.write('last ');
    stream.write('words');
    assert.equal(drain(), 'last words');
    closeSync(reader);
  });

  it('at once, into a full pipe or to nobody: given up', async () => {
    const stream = openLogStream(writer, 1_000_000);
    for (let count = 0; count < 200; count += 1) stream.write('x'.repeat(1_000));
    await stream.close(1);
    assert.equal(stream.writeAtOnce(), true);
    stream.write('never read');
    closeSync(reader);
    stream.write('never read');
  });
});
