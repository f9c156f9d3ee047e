// Whether the program that this process runs is still the one that lies on the disk: an upgrade puts another file
// in its place. No judgement of what that means.
import { realpathSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import process from 'node:process';

/**
 * Remembers the file at `path` as it is now. The answer asks whether another one is in its place; false where none
 * is, as in the middle of an upgrade. A file that is written anew in its place is the same one.
 */
export function rememberProgram(path: string | undefined): () => Promise<boolean> {
  const first = path === undefined ? null : identityOf(path);
  return async () => {
    if (first === null) return false;
    const now = await stat(first.path, { bigint: true }).catch(() => null);
    return now !== null && now.ino !== first.inode;
  };
}

/** Where the file really is: the link that led to it may go while it is replaced. */
function identityOf(link: string): { readonly path: string; readonly inode: bigint } | null {
  try {
    const path = realpathSync(link);
    return { path, inode: statSync(path, { bigint: true }).ino };
  } catch {
    return null;
  }
}

/** Of this process, since it was started. */
export const programReplaced = rememberProgram(process.argv[1]);
