// What is wrong with a file of the settings on a host: a key, a program and its interpreter, a folder, the
// control socket. Judged from facts; nothing is opened here.
import { dirname } from 'node:path';
import { credentialOf } from '../config/credential.js';
import {
  ABSENT,
  interpreterOf,
  type FileFacts,
  type HostFacts,
  type Identity,
  type NamedFile,
} from './facts.js';
import { advice, type HostFinding } from './finding.js';

const READ = 4;
const WRITE = 2;
const RUN = 1;

const factsOf = (host: HostFacts, path: string): FileFacts => host.files.get(path) ?? ABSENT;

/** What the kernel would answer: permission bits alone, no access lists and no capabilities but root's. */
export function permits({ uid, gids }: Identity, file: FileFacts, wanted: number): boolean {
  if (uid === 0) return (wanted & RUN) === 0 || file.kind === 'folder' || (file.mode & 0o111) !== 0;
  const shift = file.uid === uid ? 6 : gids.has(file.gid) ? 3 : 0;
  return ((file.mode >> shift) & wanted) === wanted;
}

/** The nearest folder above that the agent may not pass; null when it may pass all, or it cannot be told. */
function barrier(host: HostFacts, path: string): string | null {
  const folder = dirname(path);
  if (folder === path || host.agent === null) return null;
  const facts = factsOf(host, folder);
  if (facts.kind === 'folder' && !permits(host.agent, facts, RUN)) return folder;
  return barrier(host, folder);
}

const modeOf = ({ mode }: FileFacts): string => (mode & 0o7777).toString(8).padStart(4, '0');

/** `a folder`; for what is there and no regular file. */
const KINDS: Readonly<Record<FileFacts['kind'], string>> = {
  absent: 'none',
  file: 'a file',
  folder: 'a folder',
  socket: 'a socket',
  special: 'a special file',
  unknown: 'what cannot be looked at',
};

export function fileFindings(named: NamedFile, host: HostFacts): HostFinding[] {
  switch (named.use) {
    case 'key':
    case 'signing-keys':
      return keyFindings(named, host);
    case 'program':
      return programFindings(named, host);
    case 'folder':
      return folderFindings(named, host);
    case 'textfile':
      return textfileFindings(named, host);
    case 'certificate':
    case 'secret':
      return credentialFindings(named, host);
  }
}

/** In the agent's own words (peer-key.ts); and whether the agent may read what the observer has read. */
function keyFindings({ setting, file }: NamedFile, host: HostFacts): HostFinding[] {
  const facts = factsOf(host, file);
  const problem = host.keyProblems.get(file);
  if (facts.kind === 'absent') {
    const message = problem ?? `${file}: there is no key file`;
    return [{ path: setting, level: 'missing', message }];
  }
  const wrong =
    problem === undefined ? [] : [{ path: setting, level: 'wrong', message: problem } as const];
  if (credentialOf(file) !== null) {
    // Who may read it is systemd's affair; who is not of the unit sees none.
    if (facts.kind !== 'unknown') return wrong;
    return problem === undefined ? [] : [advice(setting, problem)];
  }
  if (facts.kind === 'unknown') return [];
  const hidden = host.agent !== null && (!permits(host.agent, facts, READ) || barrier(host, file));
  if (hidden !== false && hidden !== null) {
    const remedy = `chown --reference=${dirname(file)} ${file}`;
    const message = `${file}: the agent's user cannot read it (user ${facts.uid}, group ${facts.gid}, mode ${modeOf(facts)}); ${remedy}`;
    return [{ path: setting, level: 'wrong', message }];
  }
  return wrong;
}

function programFindings({ setting, file, effect }: NamedFile, host: HostFacts): HostFinding[] {
  const facts = factsOf(host, file);
  const finding = (level: HostFinding['level'], found: string, remedy: string): HostFinding[] => [
    {
      path: setting,
      level,
      message: `${file}: expected a program, found ${found}; ${effect}: ${remedy}`,
    },
  ];
  if (facts.kind === 'unknown') return [];
  if (facts.kind === 'absent') return finding('missing', 'none', 'install it, or correct the path');
  if (facts.kind !== 'file') return finding('wrong', KINDS[facts.kind], 'name the file itself');
  const runs = host.agent === null ? (facts.mode & 0o111) !== 0 : permits(host.agent, facts, RUN);
  if (!runs) {
    return finding(
      'wrong',
      `one of mode ${modeOf(facts)} that is not executable`,
      `"chmod +x ${file}"`,
    );
  }
  const closed = barrier(host, file);
  if (closed !== null) {
    return finding(
      'wrong',
      `it in ${closed}, which is closed to the agent`,
      `"chmod o+x ${closed}"`,
    );
  }
  return [
    ...interpreterFindings(facts, host, finding),
    ...ownerFindings({ setting, file }, facts, host),
  ];
}

type Tell = (level: HostFinding['level'], found: string, remedy: string) => HostFinding[];

function interpreterFindings({ firstLine }: FileFacts, host: HostFacts, tell: Tell): HostFinding[] {
  const interpreter = interpreterOf(firstLine);
  if (interpreter === null) return [];
  const { kind, mode } = factsOf(host, interpreter);
  if (kind === 'unknown' || (kind === 'file' && (mode & 0o111) !== 0)) return [];
  return tell(
    'wrong',
    `a script for ${JSON.stringify(interpreter)}, which is not there`,
    interpreter.endsWith('\r')
      ? 'save it with the line ends of Unix (LF)'
      : 'install it, or correct the first line',
  );
}

/** Whoever may write a program of root's agent is root. */
function ownerFindings(
  { setting, file }: Pick<NamedFile, 'setting' | 'file'>,
  facts: FileFacts,
  { agent }: HostFacts,
): HostFinding[] {
  const open = (facts.mode & 0o002) !== 0;
  const foreign = agent?.uid === 0 && facts.uid !== 0;
  if (!open && !foreign) return [];
  const found = open ? `mode ${modeOf(facts)}` : `one that user ${facts.uid} may write`;
  const remedy = open ? `"chmod o-w ${file}"` : `"chown root: ${file}"`;
  const message = `${file}: expected a program that nobody else may write, found ${found}: ${remedy}`;
  return [{ path: setting, level: 'advice', message }];
}

/** One that is not there is made at the start. */
function folderFindings({ setting, file, effect }: NamedFile, host: HostFacts): HostFinding[] {
  const facts = factsOf(host, file);
  const wrong = (found: string, remedy: string): HostFinding[] => [
    {
      path: setting,
      level: 'wrong',
      message: `${file}: expected a folder of the agent's, found ${found}; ${effect}: ${remedy}`,
    },
  ];
  if (facts.kind === 'absent' || facts.kind === 'unknown') return [];
  if (facts.kind !== 'folder')
    return wrong(KINDS[facts.kind], `remove it, or set another ${setting}`);
  if (host.agent === null || permits(host.agent, facts, READ + WRITE + RUN)) return [];
  const found = `one of user ${facts.uid}, group ${facts.gid}, mode ${modeOf(facts)}`;
  return wrong(found, `"chown" it to the agent's user`);
}

/** It is replaced as a whole, so that what counts is its folder, which belongs to whoever reads there. */
function textfileFindings({ setting, file, effect }: NamedFile, host: HostFacts): HostFinding[] {
  const folder = dirname(file);
  const facts = factsOf(host, folder);
  const finding = (level: HostFinding['level'], found: string, remedy: string): HostFinding[] => [
    {
      path: setting,
      level,
      message: `${file}: expected a folder that the agent may write in, found ${found}; ${effect}: ${remedy}`,
    },
  ];
  if (facts.kind === 'unknown') return [];
  if (facts.kind === 'absent') return finding('missing', `no ${folder}`, 'make it');
  if (facts.kind !== 'folder')
    return finding('wrong', KINDS[facts.kind], 'name a file in a folder');
  if (factsOf(host, file).kind === 'folder') {
    return finding('wrong', 'a folder in place of the file', `set another ${setting}`);
  }
  if (host.agent === null || permits(host.agent, facts, WRITE + RUN)) return [];
  const found = `one of user ${facts.uid}, group ${facts.gid}, mode ${modeOf(facts)}`;
  return finding('wrong', found, 'let the group of the agent write there (chgrp, chmod g+w)');
}

/** What a connection needs; a secret that others may read is not used. */
function credentialFindings(
  { setting, file, use, effect }: NamedFile,
  host: HostFacts,
): HostFinding[] {
  const facts = factsOf(host, file);
  const finding = (level: HostFinding['level'], found: string, remedy: string): HostFinding[] => [
    {
      path: setting,
      level,
      message: `${file}: expected a file that the agent may read, found ${found}; ${effect}: ${remedy}`,
    },
  ];
  if (facts.kind === 'unknown') return [];
  if (facts.kind === 'absent') return finding('missing', 'none', 'write it, or correct the path');
  if (facts.kind !== 'file') return finding('wrong', KINDS[facts.kind], 'name the file itself');
  if (use === 'secret' && (facts.mode & 0o027) !== 0) {
    const message = `${file}: expected mode 0600 or 0640, found ${modeOf(facts)}; ${effect}: "chmod 0600 ${file}", and a new secret if others may have read it`;
    return [{ path: setting, level: 'wrong', message }];
  }
  if (host.agent === null) return [];
  if (permits(host.agent, facts, READ) && barrier(host, file) === null) return [];
  const found = `one of user ${facts.uid}, group ${facts.gid}, mode ${modeOf(facts)}`;
  return finding('wrong', found, `chown --reference=${dirname(file)} ${file}`);
}

/** Anything but a socket there keeps the agent from its start. */
export function socketFindings(path: string, host: HostFacts): HostFinding[] {
  const { kind } = factsOf(host, path);
  if (kind === 'absent' || kind === 'socket' || kind === 'unknown') return [];
  const found = `expected the control socket or nothing, found ${KINDS[kind]}`;
  return [
    {
      path: 'runtimeDirectory',
      level: 'wrong',
      message: `${path}: ${found}; the agent could not start: remove it, or set another runtimeDirectory`,
    },
  ];
}
