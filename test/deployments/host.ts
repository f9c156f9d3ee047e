// What runs on a host of a deployment besides understudy: nginx as Debian ships it, and stand-ins for the
// back ends. Starts, breaks and mends them; knows no deployment.
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ended, run } from '../../scripts/lab/command.js';
import type { Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName, NamespaceName } from '../../scripts/lab/network.js';
import { coverFolders, withOwnFolders, type OwnFolders } from '../../scripts/lab/own-folders.js';
import { MAIN, PROGRAMS, ROOT } from '../../scripts/lab/program.js';
import { realtime, realtimeNode } from '../../scripts/lab/realtime.js';
import type { StandInOrder, StandInPlan } from './stand-in.js';

/** Mount points that a machine without understudy or nginx lacks. */
const MOUNT_POINTS = [
  '/etc/understudy',
  '/etc/understudy-hooks',
  '/etc/sysctl.d',
  '/etc/nginx',
  '/usr/lib/understudy',
  '/var/lib/understudy',
  '/var/lib/nginx',
  '/var/log/nginx',
  '/srv/shared',
] as const;

/** Where the sandbox covers the machine's folders, so that the mount points can be made. */
const COVERED = ['/etc', '/usr/lib', '/var', '/srv'] as const;

let covered: Promise<void> | null = null;

/** Covers the folders of the machine once for all hosts, and makes the mount points. */
export const coverOnce = (): Promise<void> => (covered ??= cover());

async function cover(): Promise<void> {
  await coverFolders('/run/lab', COVERED);
  await run(['mkdir', '-p', ...MOUNT_POINTS]);
}

/** A host has /etc/nginx and the like for itself, and understudy's package installed. */
export const hostFolders: OwnFolders = (directory) => {
  const own = (name: string): string => {
    const folder = `${directory}/${name}`;
    mkdirSync(folder, { recursive: true });
    return folder;
  };
  own('all-run/understudy');
  return [
    [own('etc'), '/etc/understudy'],
    [own('hooks'), '/etc/understudy-hooks'],
    [own('sysctl.d'), '/etc/sysctl.d'],
    [own('state'), '/var/lib/understudy'],
    [own('lib'), '/usr/lib/understudy'],
    [own('nginx'), '/etc/nginx'],
    [own('nginx-state'), '/var/lib/nginx'],
    [own('log'), '/var/log/nginx'],
    // One for all hosts.
    [own('../shared'), '/srv/shared'],
    // Last: it hides the folders of the lab.
    [own('run'), `${directory}/all-run/understudy`],
    [own('all-run'), '/run'],
  ];
};

/** What scripts/install puts into /usr/lib/understudy, as far as an agent that runs from here needs it. */
export function installPackage(directory: string): void {
  const library = `${directory}/lib`;
  for (const part of ['scripts', 'package.json']) {
    cpSync(`${ROOT}${part}`, `${library}/${part}`, { recursive: true });
  }
  symlinkSync(PROGRAMS, `${library}/dist`);
  for (const part of ['vip', 'hooks', 'checks']) {
    symlinkSync(`scripts/${part}`, `${library}/${part}`);
  }
  mkdirSync(`${library}/bin`);
  const command = `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`;
  writeFileSync(`${library}/bin/understudy`, command, { mode: 0o755 });
}

/** Prefix of a command line that finds `understudy`, as a shell of the host would. */
export const WITH_COMMAND = [
  'env',
  `PATH=/usr/lib/understudy/bin:${process.env['PATH'] ?? ''}`,
] as const;

/** nginx of an appliance, in the foreground. */
export class Nginx {
  readonly #lab: Lab;
  readonly #name: ApplianceName;
  #child: ChildProcess | null = null;

  constructor(lab: Lab, name: ApplianceName) {
    this.#lab = lab;
    this.#name = name;
  }

  /** The command line for a program of this host. */
  inside(argv: readonly string[]): string[] {
    const { directory } = this.#lab.appliance(this.#name);
    return this.#lab.network.inside(this.#name, [
      ...withOwnFolders(hostFolders(directory)),
      ...argv,
    ]);
  }

  start(): void {
    const [command = '', ...rest] = this.inside(['nginx', '-g', 'daemon off;']);
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    const { log } = this.#lab.appliance(this.#name);
    log.follow(child.stdout);
    log.follow(child.stderr);
    child.once('exit', (code, signal) => log.add(`-- nginx ended: ${signal ?? `status ${code}`}`));
    this.#child = child;
  }

  /** A crash of all its processes at once: SIGKILL. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** In good order: SIGQUIT lets the workers finish their requests. */
  async stop(): Promise<void> {
    const child = this.#running();
    child.kill('SIGQUIT');
    await ended(child);
  }

  /** New settings, with new workers; the old ones finish their requests. */
  async reload(): Promise<void> {
    await run(this.inside(['nginx', '-s', 'reload']));
  }

  async #end(signal: 'SIGKILL'): Promise<void> {
    const child = this.#running();
    const pid = child.pid ?? 0;
    const workers = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    for (const one of [pid, ...workers.filter(Boolean).map(Number)]) process.kill(one, signal);
    await ended(child);
  }

  get running(): boolean {
    const child = this.#child;
    return child !== null && child.exitCode === null && child.signalCode === null;
  }

  #running(): ChildProcess {
    if (this.#child === null || !this.running) {
      throw new Error(`${this.#name}: expected a running nginx, found none`);
    }
    return this.#child;
  }
}

/** A back end, on a host of its own or on an appliance. */
export class StandIn {
  readonly name: string;
  readonly #lab: Lab;
  readonly #host: NamespaceName;
  readonly #plan: StandInPlan;
  #child: ChildProcess | null = null;

  constructor(lab: Lab, host: NamespaceName, plan: StandInPlan) {
    this.name = plan.name;
    this.#lab = lab;
    this.#host = host;
    this.#plan = plan;
  }

  get running(): boolean {
    const child = this.#child;
    return child !== null && child.exitCode === null && child.signalCode === null;
  }

  /** Resolves when every service listens. */
  async start(): Promise<void> {
    const program = fileURLToPath(new URL('stand-in.js', import.meta.url));
    // It stands for a host of its own: one that waits for this machine would be taken out by nginx.
    const argv = this.#lab.network.inside(this.#host, [
      ...realtime(1),
      ...realtimeNode,
      program,
      JSON.stringify(this.#plan),
    ]);
    const [command = '', ...rest] = argv;
    this.#child = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await this.#done();
  }

  /** A crash: SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#running();
    child.kill('SIGKILL');
    await ended(child);
  }

  /** In good order: requests under way are finished. */
  async stop(): Promise<void> {
    const child = this.#running();
    child.kill('SIGTERM');
    await ended(child);
  }

  /** A hang: connections are still accepted, by the kernel, and never answered. */
  freeze(): void {
    this.#running().kill('SIGSTOP');
  }

  thaw(): void {
    this.#running().kill('SIGCONT');
  }

  async order(order: StandInOrder): Promise<void> {
    const done = this.#done();
    this.#running().send(order);
    await done;
  }

  #done(): Promise<void> {
    const child = this.#running();
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void =>
        reject(new Error(`${this.name}: expected it to go on, found it ended (${code})`));
      child.once('exit', onExit);
      child.once('message', () => {
        child.off('exit', onExit);
        resolve();
      });
    });
  }

  #running(): ChildProcess {
    if (this.#child === null) throw new Error(`${this.name}: expected it running, found it not`);
    return this.#child;
  }
}
