// An agent or a release that root starts on what somebody else may change: it goes on as that one, with the two
// rights that an agent has. Whom files belong to is told by host/owner.ts.
import { existsSync, lchownSync, mkdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import type { Folders } from '../config/folders.js';
import { ownerOf, type Owner } from '../host/owner.js';
import { loadAddon } from '../kernel/addon.js';
import { stateFilePath } from '../journal/state-file.js';

/**
 * As root, whom an agent or a release acts as: whoever may change the settings, which name programs, or the folders.
 * @returns null when nobody but root may, or this is not root. @throws Error when there are several.
 */
export function actsAs(
  settingsFile: string,
  { runtimeDirectory, stateDirectory }: Folders,
): Owner | null {
  if (process.geteuid?.() !== 0) return null;
  const author = ownerOf([settingsFile], true);
  if (author !== null) return author;
  return ownerOf([join(runtimeDirectory, 'agent.lock'), stateFilePath(stateDirectory)], true);
}

/**
 * Makes the folders that are missing where only root may make one, for `owner`: /run is empty after a boot. No
 * folder above: another one could put a link in its place meanwhile.
 */
export function makeFoldersFor(
  { uid, gid }: Owner,
  { runtimeDirectory, stateDirectory }: Folders,
): void {
  for (const [folder, mode] of [
    [runtimeDirectory, 0o755],
    [stateDirectory, 0o750],
  ] as const) {
    if (existsSync(folder) || !existsSync(dirname(folder)) || ownerOf([folder]) !== null) continue;
    mkdirSync(folder, { mode });
    lchownSync(folder, uid, gid);
  }
}

/**
 * Starts this command again as `owner`: same process id, files and environment. Does not return.
 * @throws Error when it cannot.
 */
export function goOnAs({ uid, gid }: Owner): never {
  const rights = '+net_admin,+net_raw';
  const who = ['--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--no-new-privs'];
  const may = ['--inh-caps', rights, '--ambient-caps', rights, '--bounding-set', `-all,${rights}`];
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const command = [setpriv(uid), ...who, ...may, ...again];
  const texts = new TextEncoder().encode(command.map((one) => `${one}\0`).join(''));
  loadAddon().replaceProcess(texts.buffer);
  throw new Error(`expected to go on as user ${uid} by ${command[0]}, which did not start`);
}

function setpriv(uid: number): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/bin'];
  const found = folders
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, 'setpriv'))
    .find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(
    `expected setpriv, to act as user ${uid}, found none: install util-linux, or run this as that user`,
  );
}
