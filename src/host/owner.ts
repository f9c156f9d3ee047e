// Whom files and folders belong to that root is asked to work on: root acts as their owner, since whoever may
// change what leads to a file chooses where it is written and which program runs. Nothing is written here.
import { lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const MOST_LINKS = 16;
/** What a user namespace shows for a user whom it does not know. */
const UNKNOWN_USER = 65534;

/**
 * Who but root may change what `paths` lead to: folders, symbolic links and, with `content`, the files themselves.
 * @returns null when only root may. @throws Error when several may, or anybody.
 */
export function ownerOf(paths: readonly string[], content = false): Owner | null {
  let owner: Owner | null = null;
  for (const path of paths) {
    const way = wayTo(path);
    let step = way.next(null);
    while (step.done !== true) {
      const found = look(step.value);
      if (found !== null) owner = withOwnerOf(owner, step.value, found.stats, content);
      step = way.next(found);
    }
  }
  return owner;
}

/** As root, becomes the owner of what `paths` lead to, for good. @throws Error as `ownerOf` does. */
export function actAsOwner(...paths: string[]): void {
  if (process.geteuid?.() !== 0) return;
  const owner = ownerOf(paths, true);
  if (owner === null) return;
  process.setgroups?.([owner.gid]);
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
}

/**
 * Why root must not start `program`; null when nobody else can change it or what leads to it. The files are
 * looked at by other threads.
 */
export async function distrusted(program: string): Promise<string | null> {
  try {
    let owner: Owner | null = null;
    const way = wayTo(program);
    let step = way.next(null);
    while (step.done !== true) {
      const found = await lookLater(step.value);
      if (found !== null) owner = withOwnerOf(owner, step.value, found.stats, true);
      step = way.next(found);
    }
    return owner === null ? null : `user ${owner.uid} may change it`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** `owner`, or the one whom `found` adds. @throws Error when that makes several, or anybody may change it. */
function withOwnerOf(
  owner: Owner | null,
  at: string,
  found: Stats,
  content: boolean,
): Owner | null {
  if (!content && found.isFile()) return owner;
  if (isOpenToOthers(found)) {
    throw new Error(
      `${at}: expected to be writable by its owner only, found mode ${modeOf(found)}: chmod go-w ${at}`,
    );
  }
  if (isRoots(found.uid)) return owner;
  if (owner !== null && owner.uid !== found.uid) {
    throw new Error(
      `${at}: expected to belong to root or user ${owner.uid}, found user ${found.uid}: chown it`,
    );
  }
  return owner ?? { uid: found.uid, gid: found.gid };
}

/** What stands at a path, no link followed; null for nothing. */
interface Found {
  readonly stats: Stats;
  /** Where a symbolic link leads. */
  readonly target: string | null;
}

function look(at: string): Found | null {
  const stats = lstatSync(at, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  return { stats, target: stats.isSymbolicLink() ? readlinkSync(at) : null };
}

async function lookLater(at: string): Promise<Found | null> {
  try {
    const stats = await lstat(at);
    return { stats, target: stats.isSymbolicLink() ? await readlink(at) : null };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Everything on the way to the file, links followed, and the file itself where it is there: asks what stands at each
 * step, and is told.
 */
function* wayTo(path: string): Generator<string, void, Found | null> {
  let at = '/';
  let ahead = resolve(path).split('/');
  let links = 0;
  while (ahead.length > 0) {
    const [name = '', ...rest] = ahead;
    ahead = rest;
    if (name === '' || name === '.') continue;
    at = name === '..' ? dirname(at) : join(at, name);
    const found = yield at;
    if (found === null) return;
    if (found.target === null) continue;
    links += 1;
    if (links > MOST_LINKS) throw new Error(`${path}: more than ${MOST_LINKS} links`);
    at = found.target.startsWith('/') ? '/' : dirname(at);
    ahead = [...found.target.split('/'), ...rest];
  }
}

/** In a folder with the sticky bit nobody can replace what is another's. */
function isOpenToOthers(found: Stats): boolean {
  if (found.isSymbolicLink()) return false;
  if (found.isDirectory() && (found.mode & 0o1000) !== 0) return false;
  // Whoever owns it decides who else may write: root acts as that one.
  if (!isRoots(found.uid)) return false;
  return (found.mode & 0o002) !== 0 || ((found.mode & 0o020) !== 0 && !isRoots(found.gid));
}

/** Root's, or of somebody whom this user namespace does not know: nobody in it can act as that one. */
const isRoots = (id: number): boolean => id === 0 || (id === UNKNOWN_USER && !knowsEveryUser());

function knowsEveryUser(): boolean {
  try {
    const [, , count] = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/);
    return Number(count) > UNKNOWN_USER;
  } catch {
    return true;
  }
}

const modeOf = ({ mode }: Stats): string => (mode & 0o7777).toString(8);
