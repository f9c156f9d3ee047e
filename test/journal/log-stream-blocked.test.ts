// A log whose write blocks in a thread, as on a terminal that is stopped: the end of the process does not
// wait for it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atLeast } from '../support/limits.js';
import { it } from '../support/test.js';
import { openLogStream } from '../../src/journal/log-stream.js';

/** More than a pipe holds. */
const BYTES = 200_000;

it('close resolves when its time is over, though the write has not returned', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-log-'));
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  // Opened for both, so that nothing waits for a reader but the write.
  const descriptor = openSync(path, 'r+');
  try {
    const stream = openLogStream(descriptor, 2 * BYTES);
    stream.write('x'.repeat(BYTES));
    let closed = false;
    void stream.close(10).then(() => (closed = true));
    // Of two timers the one that is due first fires first, however late both are.
    await atLeast(20);
    assert.equal(closed, true);
  } finally {
    // Lets the write return: a thread that hangs would keep this process.
    const room = Buffer.alloc(BYTES);
    for (let read = 0; read < BYTES;) read += readSync(descriptor, room);
    await atLeast(0);
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  }
});
