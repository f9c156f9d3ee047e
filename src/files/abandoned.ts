// What a writer that was killed has left beside a file: the name of a temporary file, and the removal of old ones.
// No writing.
import { randomBytes } from 'node:crypto';
import { readdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** No write takes so long, whoever has its number by now. */
const OLD_MS = 60_000;

/** The name of a new temporary file beside `target`, which says whose it is. */
export const temporaryName = (target: string): string =>
  join(
    dirname(target),
    `.${basename(target)}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`,
  );

/**
 * Removes the temporary files beside `target` whose writer has ended, or which are more than a minute old.
 * What cannot be removed stays: nobody reads it.
 * @param inUse those that this process is writing.
 */
export async function removeAbandoned(target: string, inUse: ReadonlySet<string>): Promise<void> {
  const folder = dirname(target);
  const found = await readdir(folder).catch((): string[] => []);
  for (const name of found) {
    const path = join(folder, name);
    const writer = writerOf(name, basename(target));
    if (writer === null || inUse.has(path)) continue;
    const isOver = writer === process.pid || !isRunning(writer) || (await isOld(path));
    if (isOver) await unlink(path).catch(() => undefined);
  }
}

/** The process whose temporary file for `target` this is; null for any other file. */
function writerOf(name: string, target: string): number | null {
  const start = `.${target}.`;
  if (!name.startsWith(start)) return null;
  const [, writer] = /^(\d{1,10})\.[0-9a-f]{12}\.tmp$/.exec(name.slice(start.length)) ?? [];
  return writer === undefined ? null : Number(writer);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

const isOld = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > OLD_MS,
    () => false,
  );
