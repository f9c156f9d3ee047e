// Gathers the facts of this host that settings name. Files are looked at by other threads, so that a disk that
// hangs delays nobody; interfaces come from the agent's kernel, or from `ip`. No judgement.
import { execFile } from 'node:child_process';
import { constants, readFileSync, statSync, type Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { credentialOf } from '../config/credential.js';
import type { Settings } from '../config/settings.js';
import { parseAddress } from '../model/address.js';
import {
  ABSENT,
  interpreterOf,
  type FileFacts,
  type HostFacts,
  type Identity,
  type LinkKind,
  type StandingAddress,
} from './facts.js';
import { notesProblem, readSyncNotes, syncNotesPath } from './sync-notes.js';
import { controlSocketOf, namedFiles } from './named.js';
import { programReplaced } from './own-program.js';
import { readKeyFileLater } from './peer-key.js';
import { credentialPath, KeyFileError } from './secret-file.js';
import { readSigningKeysLater } from './signing-keys.js';

/** What a first line is read with: the kernel's own limit (BINPRM_BUF_SIZE − 1). */
const FIRST_LINE_BYTES = 255;

export type NetworkFacts = Pick<HostFacts, 'links' | 'noMulticast' | 'addresses' | 'recorded'>;

/** All facts of these settings. Never rejects: what cannot be looked at is `unknown`. */
export async function observeHost(
  settings: Settings,
  agent: Identity | null,
  network: NetworkFacts,
): Promise<HostFacts> {
  const files = new Map<string, FileFacts>();
  const named = namedFiles(settings);
  const see = async (path: string, program: boolean): Promise<void> => {
    if (files.has(path)) return;
    if (credentialOf(path) !== null) {
      const place = credentialPath(path);
      files.set(path, place === null ? UNSEEN : await fileFacts(place, false));
      return;
    }
    files.set(path, await fileFacts(path, program));
    const folder = dirname(path);
    if (folder !== path) await see(folder, false);
  };
  const keyProblems = new Map<string, string>();
  for (const { file, use } of named) {
    await see(file, use === 'program');
    const interpreter = interpreterOf(files.get(file)?.firstLine ?? '');
    if (interpreter !== null) await see(interpreter, false);
    if (use === 'key' || use === 'signing-keys') {
      const problem = await keyProblem(file, use);
      if (problem !== null) keyProblems.set(file, problem);
    }
  }
  await see(controlSocketOf(settings), false);
  const lacksNft = settings.virtualRouters.some(({ acceptMode }) => !acceptMode) && (await noNft());
  const own = { lacksNft, programReplaced: await programReplaced() };
  return { agent, files, keyProblems, ...own, ...network };
}

/** Where scripts/accept-mode looks for it. */
async function noNft(): Promise<boolean> {
  const folders = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`.split(':');
  const found = await Promise.all(folders.map((folder) => fileFacts(join(folder, 'nft'), false)));
  return found.every(({ kind, mode }) => kind !== 'file' || (mode & 0o111) === 0);
}

/** Nobody but the unit's own processes can look. */
const UNSEEN: FileFacts = { ...ABSENT, kind: 'unknown' };

async function keyProblem(path: string, use: 'key' | 'signing-keys'): Promise<string | null> {
  try {
    await (use === 'key' ? readKeyFileLater(path) : readSigningKeysLater(path));
    return null;
  } catch (error) {
    return error instanceof KeyFileError ? error.message : String(error);
  }
}

async function fileFacts(path: string, program: boolean): Promise<FileFacts> {
  try {
    const stats = await stat(path);
    const firstLine = program && stats.isFile() ? await firstLineOf(path) : '';
    const { mode, uid, gid } = stats;
    return { kind: kindOf(stats), mode: mode & 0o7777, uid, gid, firstLine };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { ...ABSENT, kind: code === 'ENOENT' || code === 'ENOTDIR' ? 'absent' : 'unknown' };
  }
}

function kindOf(stats: Stats): FileFacts['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSocket() ? 'socket' : 'special';
}

async function firstLineOf(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null);
  if (file === null) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FIRST_LINE_BYTES), 0);
    return buffer.toString('latin1', 0, bytesRead).split('\n', 1)[0] ?? '';
  } finally {
    await file.close();
  }
}

/** This process. */
export const ownIdentity = (): Identity => ({
  uid: process.getuid?.() ?? 0,
  gids: new Set([process.getgid?.() ?? 0, ...(process.getgroups?.() ?? [])]),
});

/**
 * Whom an agent with these settings runs as, for a process that is not the agent: the owner of its state
 * folder, or of the key's, with his groups; null where neither tells.
 */
export function agentIdentity({ stateDirectory, ha }: Settings): Identity | null {
  const own = ownerOf(stateDirectory);
  const { keyFile } = ha;
  const hasFolder = keyFile !== null && credentialOf(keyFile) === null;
  const other = own ?? (hasFolder ? ownerOf(dirname(keyFile)) : null);
  // /etc/understudy of root's says nothing of the agent.
  if (other === null || (own === null && other.uid === 0)) return null;
  if (other.uid === process.getuid?.()) return ownIdentity();
  return { uid: other.uid, gids: new Set([other.gid, ...groupsOf(other.uid)]) };
}

function ownerOf(folder: string): { readonly uid: number; readonly gid: number } | null {
  try {
    return statSync(folder);
  } catch {
    return null;
  }
}

/** The groups of a user as /etc/passwd and /etc/group have them (passwd(5), group(5)). */
function groupsOf(uid: number): number[] {
  const rows = (path: string): string[][] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  const user = rows('/etc/passwd').find((row) => Number(row[2] ?? Number.NaN) === uid);
  if (user === undefined) return [];
  const others = rows('/etc/group').filter((row) => row[3]?.split(',').includes(user[0] ?? ''));
  return [user[3], ...others.map((row) => row[2])].map(Number).filter(Number.isInteger);
}

/** What the state.json of an agent with these settings names; nothing where that cannot be read. */
export function recordedBy({ stateDirectory }: Settings): Pick<HostFacts, 'recorded'> {
  try {
    const text = readFileSync(join(stateDirectory, 'state.json'), 'utf8');
    const { addresses } = JSON.parse(text) as {
      addresses: { interface: string; address: string }[];
    };
    return { recorded: new Set(addresses.map((one) => `${one.interface} ${one.address}`)) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? { recorded: new Set() } : {};
  }
}

/** What the notes of shared settings are instead; nothing where they can be used, or may not be looked at. */
export function notesOf({ stateDirectory, ha }: Settings): Pick<HostFacts, 'notesProblem'> {
  if (ha.sync === 'off' || ha.peers.length === 0) return {};
  const path = syncNotesPath(stateDirectory);
  const notes = readSyncNotes(path);
  if (notes.ok || notes.found.includes('EACCES')) return {};
  return { notesProblem: notesProblem(path, notes.found) };
}

interface IpLink {
  readonly ifname?: string;
  readonly link_type?: string;
  readonly address?: string;
  readonly flags?: readonly string[];
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
}

/** Interfaces and addresses of this network namespace as `ip` lists them; without it, as far as /proc tells. */
export async function networkHere(): Promise<NetworkFacts> {
  try {
    const { stdout } = await promisify(execFile)('ip', ['-json', 'address', 'show'], {
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
      maxBuffer: 64 * 1024 * 1024,
    });
    const links = JSON.parse(stdout) as readonly IpLink[];
    return {
      links: new Map(links.map((link) => [link.ifname ?? '', kindOfIp(link)])),
      noMulticast: new Set(
        links.flatMap(({ ifname = '', flags }) =>
          flags === undefined || flags.includes('MULTICAST') ? [] : [ifname],
        ),
      ),
      addresses: links.flatMap(({ ifname = '', addr_info: all = [] }) =>
        all.flatMap(({ local, prefixlen }) => standing(ifname, local, prefixlen)),
      ),
    };
  } catch {
    return { links: linksOfProc(), addresses: addressesOfNode() };
  }
}

const kindOfIp = ({ link_type: type, address = '', flags = [] }: IpLink): LinkKind =>
  type === 'loopback' ? 'loopback' : linkKind('', address, flags.includes('NOARP'));

/** `macAddress`: as in `02:00:00:00:00:01`; anything else is none. */
export function linkKind(name: string, macAddress: string, noArp: boolean): LinkKind {
  if (name === 'lo') return 'loopback';
  if (!/^([\da-f]{2}:){5}[\da-f]{2}$/i.test(macAddress)) return 'no-mac';
  return noArp ? 'no-arp' : 'ethernet';
}

function standing(name: string, text = '', prefixLength = Number.NaN): StandingAddress[] {
  const address = parseAddress(text);
  return address === null || !Number.isInteger(prefixLength)
    ? []
    : [{ interface: name, address, prefixLength }];
}

function linksOfProc(): HostFacts['links'] {
  try {
    const lines = readFileSync('/proc/net/dev', 'utf8').split('\n').slice(2);
    const names = lines.map((line) => line.slice(0, line.lastIndexOf(':')).trim());
    return new Map(names.map((name) => [name, name === 'lo' ? 'loopback' : 'unknown']));
  } catch {
    return null;
  }
}

const addressesOfNode = (): StandingAddress[] =>
  Object.entries(networkInterfaces()).flatMap(([name, all]) =>
    (all ?? []).flatMap(({ address, cidr }) =>
      standing(name, address, Number(cidr?.split('/')[1])),
    ),
  );
