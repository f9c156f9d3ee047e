// The lock that keeps a second agent out of a runtime directory, and the one that root has left there: whoever may
// write in the folder may replace it. No settings, no words for people but in errors.
import { existsSync, lstatSync, readFileSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';

/** The kernel, as far as a lock needs it. */
interface Locker<Lock> {
  /** @returns null when somebody holds it. @throws when it cannot be opened. */
  lockFile(path: string): Lock | null;
}

/**
 * Takes the lock. A file that belongs to somebody else, in a folder of our own, is replaced by one of ours, unless
 * somebody holds it.
 * @returns null when somebody holds it. @throws KernelError, or an Error that says what to remove.
 */
export function lockOf<Lock>(kernel: Locker<Lock>, path: string): Lock | null {
  try {
    return kernel.lockFile(path);
  } catch (error) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    const uid = process.geteuid?.();
    if (found?.isFile() !== true || found.uid === uid) throw error;
    if (isHeld(found.ino)) return null;
    if (lstatSync(dirname(path)).uid !== uid) {
      throw new Error(`it belongs to user ${found.uid}, who left it: remove it (rm ${path})`, {
        cause: error,
      });
    }
    unlinkSync(path);
    return kernel.lockFile(path);
  }
}

/** Whether the kernel knows of an flock(2) on a file of this number (proc_locks(5)); on any device, to be sure. */
function isHeld(inode: number): boolean {
  if (!existsSync('/proc/locks')) return true;
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .some((line) => line.includes(' FLOCK ') && line.includes(`:${inode} `));
}
