// The executor of an agent that died may still be doing that one's last will. Two executors must not
// care for the same addresses: the new agent takes them over, and sends the old executor away.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBackgroundFile } from '../files/background-file.js';

/** What the executor calls itself (PR_SET_NAME). */
const COMMAND_NAME = 'understudy-exec';

const pidFile = (runtimeDirectory: string): string => join(runtimeDirectory, 'executor.pid');

/**
 * Leaves word for the next agent of this runtime directory: now, since this one may end at any time, and again and
 * again where that failed.
 */
export function recordExecutor(runtimeDirectory: string): (pid: number) => void {
  const path = pidFile(runtimeDirectory);
  const file = createBackgroundFile(path, false);
  return (pid) => {
    const text = `${pid}\n`;
    try {
      writeFileSync(path, text, { mode: 0o644 });
    } catch {
      // The directory's other files say what is wrong with it.
    }
    file.write(text);
  };
}

/** The executor of the agent before this one, while it still runs; null when there is none. */
export function formerExecutor(runtimeDirectory: string): number | null {
  try {
    const pid = Number(readFileSync(pidFile(runtimeDirectory), 'utf8'));
    if (!Number.isSafeInteger(pid) || pid < 2) return null;
    const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    return name === COMMAND_NAME ? pid : null;
  } catch {
    return null;
  }
}

/** Ends it before it removes what is ours now. Its farewell was sent when its agent died. */
export function sendAway(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
