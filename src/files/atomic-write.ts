// Replaces a file as a whole: readers see the old text or the new one, and after a power cut too.
// Nothing about settings.
import { lstat, open, readlink, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { removeAbandoned, temporaryName } from './abandoned.js';

export interface AtomicWriteOptions {
  /**
   * Mode of a file that does not exist yet; an existing one keeps its own. Default 0o644. Written by
   * root, a new file belongs to the owner of its folder: the agent may run as another user.
   */
  readonly mode?: number;
  /**
   * Whether file and folder are forced to the disk (fsync). Default true; false for files on a
   * tmpfs that are rewritten often, such as status.json.
   */
  readonly durable?: boolean;
  /** Whether what a symbolic link points at is replaced; else the link is. Default true. */
  readonly followsLink?: boolean;
  /** Replaces rename(2). For tests, which interrupt the writing here. */
  readonly rename?: (from: string, to: string) => Promise<void>;
  /** Replaces open(2). For tests, which see here what is forced to the disk, and when. */
  readonly open?: typeof open;
}

/**
 * Writes `text` to `path` by way of a temporary file beside it: same mode and owner, fsync, rename,
 * fsync of the folder. A symbolic link stays one, and what it points at is replaced, unless that is not wanted.
 * @throws the system's error (`code` is its errno name); the file is then as it was before.
 */
export async function atomicWriteFile(
  path: string,
  text: string,
  options: AtomicWriteOptions = {},
): Promise<void> {
  const { durable = true, rename: move = rename, open: openFile = open } = options;
  const target = options.followsLink === false ? resolve(path) : await followLink(path);
  const before = await look(options)(target).catch(absent);
  await sweepOnce(target);
  const temporary = temporaryName(target);
  inUse.add(temporary);
  try {
    await writeNew(openFile, temporary, text, { before, mode: options.mode ?? 0o644, durable });
    await move(temporary, target);
  } catch (error) {
    // The error tells what went wrong; that the temporary file is gone already is no news.
    await unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    inUse.delete(temporary);
  }
  if (durable) await syncFolder(openFile, dirname(target));
}

/** The temporary files that this process is writing. */
const inUse = new Set<string>();
const swept = new Set<string>();

/** At the first write of a file: what an earlier writer, ended by SIGKILL, has left goes. */
async function sweepOnce(target: string): Promise<void> {
  if (swept.has(target)) return;
  swept.add(target);
  await removeAbandoned(target, inUse);
}

/** Of a link that is replaced itself, neither mode nor owner is taken over. */
const look =
  ({ followsLink = true }: AtomicWriteOptions) =>
  async (target: string): Promise<Standing | null> => {
    const found = await (followsLink ? stat(target) : lstat(target));
    return found.isSymbolicLink() ? null : found;
  };

/** What `path` stands for when it is a symbolic link, dangling ones too; else the path itself. */
async function followLink(path: string): Promise<string> {
  const real = await realpath(path).catch(absent);
  if (real !== null) return real;
  const link = await lstat(path).catch(absent);
  if (link === null || !link.isSymbolicLink()) return resolve(path);
  return resolve(dirname(path), await readlink(path));
}

interface Standing {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

async function writeNew(
  openFile: typeof open,
  path: string,
  text: string,
  wanted: { readonly before: Standing | null; readonly mode: number; readonly durable: boolean },
): Promise<void> {
  const { before, mode, durable } = wanted;
  // Nobody else may open it before mode and owner are right.
  const file = await openFile(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    const now = await file.stat();
    const owner = before ?? (now.uid === 0 ? await stat(dirname(path)) : now);
    if (owner.uid !== now.uid || owner.gid !== now.gid) await file.chown(owner.uid, owner.gid);
    await file.chmod(before === null ? mode : before.mode & 0o7777);
    if (durable) await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(openFile: typeof open, path: string): Promise<void> {
  const folder = await openFile(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function absent(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
  throw error;
}
