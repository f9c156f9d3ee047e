// An agent in miniature, to be killed or stopped: it starts an executor, hands it the will, says its
// pid and waits. With a lease it renews that, and says when it was revoked. Not a test: see
// will.test.ts and lease.test.ts.
import process from 'node:process';
import { startExecutor } from '../../src/executor/process.js';
import type { LastWill, RunRequest } from '../../src/executor/executor.js';
import { openKernel } from '../../src/kernel/native.js';
import { request } from './bench.js';

interface Task {
  readonly path: string;
  readonly will: Omit<LastWill, 'farewell'> & {
    readonly farewell: readonly { linkIndex: number; frame: number[] }[];
  };
  readonly run: RunRequest | null;
}

/** So often it lives; far below every silence of a test. */
const RENEWAL_MS = 5;

const task = JSON.parse(process.argv[2] ?? '') as Task;
const say = (word: string): void => void process.stdout.write(`${word}\n`);
const lease = task.will.lease === null ? null : openKernel().openLease();
const executor = await startExecutor({
  path: task.path,
  ...(lease === null ? {} : { lease }),
  onRevoked: () => say('told'),
  onExit: () => process.exit(3),
});
let renewal: NodeJS.Timeout | undefined;
if (lease !== null) {
  lease.take();
  renewal = setInterval(() => {
    if (lease.renew()) return;
    clearInterval(renewal);
    say('revoked');
  }, RENEWAL_MS);
}
const farewell = task.will.farewell.map(({ linkIndex, frame }) => ({
  linkIndex,
  frame: Uint8Array.from(frame),
}));
executor.setWill({ ...task.will, farewell });
if (task.run !== null) {
  void executor.run(task.run).then(({ outcome }) => say(JSON.stringify(outcome)));
}
// Frames are handled in order: an answer to this one means that the will has arrived.
await executor.run(request(['/bin/true']));
say(String(executor.pid));
// Who asks gets a word once the lease has been renewed: it lives, and is not silent any more.
process.stdin.on('data', (words: Buffer) => {
  if (words.toString() === 'long\n') {
    // A wake-up that takes long: no sign of life any more, and yet it gets on.
    clearInterval(renewal);
    lease?.step();
    setInterval(() => lease?.step(), RENEWAL_MS);
    say('long');
    return;
  }
  if (lease?.renew() !== false) say('alive');
});
