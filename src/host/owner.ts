// Whom files and folders belong to that root is asked to work on: root acts as their owner, since whoever may
// change what leads to a file chooses where it is written and which program runs. Nothing is written here.
import { spawnSync } from 'node:child_process';
import { lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
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
    for (const [at, found] of stepsOf(path)) {
      if (!content && found.isFile()) continue;
      if (isOpenToOthers(found)) {
        throw new Error(
          `${at}: expected to be writable by its owner only, found mode ${modeOf(found)}: chmod go-w ${at}`,
        );
      }
      if (isRoots(found.uid)) continue;
      if (owner !== null && owner.uid !== found.uid) {
        throw new Error(
          `${at}: expected to belong to root or user ${owner.uid}, found user ${found.uid}: chown it`,
        );
      }
      owner ??= { uid: found.uid, gid: found.gid };
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
 * Runs this command again as `owner`, with the two rights that the agent has too.
 * @returns its exit code. @throws Error when it cannot be started.
 */
export function repeatAs({ uid, gid }: Owner): number {
  const rights = '+net_admin,+net_raw';
  const who = ['--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--no-new-privs'];
  const may = ['--inh-caps', rights, '--ambient-caps', rights, '--bounding-set', `-all,${rights}`];
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status, error } = spawnSync('setpriv', [...who, ...may, ...command], {
    stdio: 'inherit',
  });
  if (error !== undefined) {
    throw new Error(
      `expected setpriv, to act as user ${uid}, found ${error.message}: install util-linux, or run this as that user`,
    );
  }
  return status ?? 1;
}

/** Why root must not start `program`; null when nobody else can change it or what leads to it. */
export function distrusted(program: string): string | null {
  try {
    const owner = ownerOf([program], true);
    return owner === null ? null : `user ${owner.uid} may change it`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Everything on the way to the file, links followed, and the file itself where it is there. */
function* stepsOf(path: string): Generator<readonly [at: string, found: Stats]> {
  let at = '/';
  let ahead = resolve(path).split('/');
  let links = 0;
  while (ahead.length > 0) {
    const [name = '', ...rest] = ahead;
    ahead = rest;
    if (name === '' || name === '.') continue;
    at = name === '..' ? dirname(at) : join(at, name);
    const found = lstatSync(at, { throwIfNoEntry: false });
    if (found === undefined) return;
    yield [at, found];
    if (!found.isSymbolicLink()) continue;
    links += 1;
    if (links > MOST_LINKS) throw new Error(`${path}: more than ${MOST_LINKS} links`);
    const target = readlinkSync(at);
    at = target.startsWith('/') ? '/' : dirname(at);
    ahead = [...target.split('/'), ...rest];
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
