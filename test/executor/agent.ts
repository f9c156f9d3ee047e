// An agent in miniature, to be killed: it starts an executor, hands it the will, says its pid and
// waits. Not a test: see will.test.ts.
import process from 'node:process';
import { startExecutor } from '../../src/executor/process.js';
import type { LastWill, RunRequest } from '../../src/executor/executor.js';
import { request } from './bench.js';

interface Task {
  readonly path: string;
  readonly will: Omit<LastWill, 'farewell'> & {
    readonly farewell: readonly { linkIndex: number; frame: number[] }[];
  };
  readonly run: RunRequest | null;
}

const task = JSON.parse(process.argv[2] ?? '') as Task;
const executor = await startExecutor({ path: task.path, onExit: () => process.exit(3) });
const farewell = task.will.farewell.map(({ linkIndex, frame }) => ({
  linkIndex,
  frame: Uint8Array.from(frame),
}));
executor.setWill({ ...task.will, farewell });
if (task.run !== null) void executor.run(task.run);
// Frames are handled in order: an answer to this one means that the will has arrived.
await executor.run(request(['/bin/true']));
process.stdout.write(`${executor.pid}\n`);
process.stdin.resume();
