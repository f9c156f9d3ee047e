// What of vip-ocf's file does not fit this host: whom it may be changed by, which resource agents it names, and whether
// they know its parameters. It asks the agents (`meta-data`), so a command does this, and never the agent itself.
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import type { Settings } from '../config/settings.js';
import type { Identity } from './facts.js';
import { advice, type HostFinding } from './finding.js';
import { permits } from './file-findings.js';
import { distrusted } from './owner.js';
import { parseResources, type Resource } from './resource-file.js';

const PROGRAM = 'vip-ocf';
const USUAL_FILE = '/etc/understudy/vip-ocf.conf';
const USUAL_ROOT = '/usr/lib/ocf';
const SETTING = 'vip.script';
const READ = 4;
/** For an agent that tells what it is, ms. */
const PATIENCE_MS = 10_000;

interface Surroundings {
  readonly environment?: NodeJS.ProcessEnv;
  /** Why root must not start the program; null when it may. */
  readonly mistrust?: typeof distrusted;
}

/** Nothing where another script puts the addresses in place. Never rejects. */
export async function resourceAgentFindings(
  settings: Settings,
  agent: Identity | null,
  { environment = process.env, mistrust = distrusted }: Surroundings = {},
): Promise<HostFinding[]> {
  if (basename(settings.vip.script) !== PROGRAM) return [];
  const file = environment['UNDERSTUDY_VIP_OCF'] ?? USUAL_FILE;
  const unusable = await fileProblem(file, agent);
  if (unusable !== null) return [wrong(`${unusable}; no address could be put on`)];
  const { resources, problems } = parseResources(await readFile(file, 'utf8'), file);
  const asked = await Promise.all(
    resources.map((one) => agentFindings(one, environment, mistrust)),
  );
  return [
    ...problems.map(wrong),
    ...placeFindings(settings, resources, file),
    ...timeFindings(settings, resources),
    ...asked.flat(),
  ];
}

const wrong = (message: string): HostFinding => ({ path: SETTING, level: 'wrong', message });

/** What it holds is done with the agent's rights. */
async function fileProblem(file: string, agent: Identity | null): Promise<string | null> {
  let found;
  try {
    found = await stat(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT'
      ? `${file}: expected the resource agents of ${PROGRAM}, found no file: write it (docs/CLOUD.md)`
      : `${file}: it cannot be read (${code}): chmod o+x the folders above`;
  }
  const mode = found.mode & 0o7777;
  if (!found.isFile()) return `${file}: expected a file, found none: name the file itself`;
  const octal = mode.toString(8).padStart(4, '0');
  if ((mode & 0o022) !== 0) {
    return `${file}: expected a file that nobody else may write, found mode ${octal}: "chmod go-w ${file}"`;
  }
  if (agent === null) return null;
  if (found.uid !== 0 && found.uid !== agent.uid) {
    return `${file}: expected a file of root's, found one that user ${found.uid} may write: "chown root ${file}"`;
  }
  const facts = { kind: 'file', mode, uid: found.uid, gid: found.gid, firstLine: '' } as const;
  if (permits(agent, facts, READ)) return null;
  return `${file}: expected a file that the agent may read, found user ${found.uid}, group ${found.gid}, mode ${octal}: "chgrp understudy ${file}" and "chmod g+r ${file}"`;
}

/** Whether what it names are virtual addresses, and where they can be moved. */
function placeFindings(
  { virtualRouters }: Settings,
  resources: readonly Resource[],
  file: string,
): HostFinding[] {
  const known = new Map(
    virtualRouters.flatMap((router) =>
      router.addresses.map(({ address }) => [address as string, router]),
    ),
  );
  const named = [...new Set(resources.map(({ address }) => address))];
  const nobodys = named.filter((address) => !known.has(address));
  const macvlans = named.filter((address) => known.get(address)?.virtualMac === true);
  return [
    ...nobodys.map((address) =>
      wrong(
        `${file}: [${address}] is no virtual address: correct it, or add it to a virtual router`,
      ),
    ),
    ...macvlans.map((address) =>
      wrong(
        `${file}: [${address}] stands on a virtual MAC address, which no cloud moves: set virtualMac: false`,
      ),
    ),
    ...(named.length === 0
      ? [wrong(`${file}: expected [ADDRESS], found none: name a virtual address`)]
      : []),
  ];
}

/** All agents of an address are started, and asked, one after the other. */
function timeFindings({ vip }: Settings, resources: readonly Resource[]): HostFinding[] {
  return [...new Set(resources.map(({ address }) => address))].flatMap((address) => {
    const own = resources.filter((one) => one.address === address);
    const sum = (time: (one: Resource) => number): number =>
      own.reduce((total, one) => total + time(one) + one.monitorTimeout, 0);
    const longest = Math.max(
      sum(({ startTimeout }) => startTimeout),
      sum(({ stopTimeout }) => stopTimeout),
    );
    if (longest < vip.timeoutSeconds) return [];
    return [
      advice(
        'vip.timeoutSeconds',
        `the resource agents of ${address} may take ${longest} s, and all is ended after ${vip.timeoutSeconds} s: set more, or shorter timeouts`,
      ),
    ];
  });
}

/** Where it lies, as vip-ocf finds it; null for what names none. */
function pathOf(name: string, environment: NodeJS.ProcessEnv): string | null {
  const [, provider, type] = /^ocf:([^:]+):(?:.*:)?([^:]+)$/.exec(name) ?? [];
  if (provider === undefined || type === undefined) return name.startsWith('/') ? name : null;
  return join(environment['OCF_ROOT'] ?? USUAL_ROOT, 'resource.d', provider, type);
}

async function agentFindings(
  { agent: name, row, parameters }: Resource,
  environment: NodeJS.ProcessEnv,
  mistrust: typeof distrusted,
): Promise<HostFinding[]> {
  const path = pathOf(name, environment);
  if (path === null) {
    return [wrong(`${row}: expected resource-agent = ocf:PROVIDER:TYPE, found ${name || 'none'}`)];
  }
  const found = await stat(path).catch(() => null);
  if (found?.isFile() !== true || (found.mode & 0o111) === 0) {
    const remedy = 'install resource-agents, or correct the name';
    return [wrong(`${row}: expected a resource agent at ${path}, found none: ${remedy}`)];
  }
  const doubt = process.geteuid?.() === 0 ? await mistrust(path) : null;
  if (doubt !== null) return [wrong(`${row}: ${path} is not asked by root: ${doubt}`)];
  const known = await parametersOf(path, environment);
  if (known === null) {
    const remedy = `run "OCF_ROOT=${USUAL_ROOT} ${path} meta-data"`;
    return [wrong(`${row}: expected ${path} to tell its parameters, it does not: ${remedy}`)];
  }
  const unknown = [...parameters.keys()].filter((one) => !known.all.includes(one));
  const lacking = known.required.filter((one) => !parameters.has(one));
  return [
    ...unknown.map((one) =>
      wrong(`${row}: ${name} has no parameter ${one}: it knows ${known.all.join(', ') || 'none'}`),
    ),
    ...lacking.map((one) => wrong(`${row}: ${name} needs the parameter ${one}: add it`)),
  ];
}

/** As the agent tells them (OCF, meta-data); null when it does not. */
async function parametersOf(
  path: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly all: readonly string[]; readonly required: readonly string[] } | null> {
  try {
    const { stdout } = await promisify(execFile)(path, ['meta-data'], {
      env: { ...environment, OCF_ROOT: environment['OCF_ROOT'] ?? USUAL_ROOT },
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
    });
    if (!stdout.includes('<resource-agent')) return null;
    const tags = [...stdout.matchAll(/<parameter\s([^>]*)>/g)].map(([, text = '']) => text);
    const nameOf = (text: string): string => /\bname="([^"]*)"/.exec(text)?.[1] ?? '';
    return {
      all: tags.map(nameOf),
      required: tags.filter((text) => /\brequired="(?:1|true)"/.test(text)).map(nameOf),
    };
  } catch {
    return null;
  }
}
