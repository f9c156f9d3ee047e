// One appliance of the lab: starts, stops and breaks the failover daemon in its namespace. The
// wiring around it is network.ts.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, watch, type FSWatcher } from 'node:fs';
import process from 'node:process';
import { createControlClient, type ControlClient } from '../../src/control/client.js';
import { controlSocketPath } from '../../src/control/protocol.js';
import type { EventRecord, Status } from '../../src/model/status.js';
import { ended, LineLog, type LogLine } from './command.js';
import type { Network, RouterName } from './network.js';
import { withOwnFolders, type OwnFolders } from './own-folders.js';
import type { Program } from './program.js';
import { realtime } from './realtime.js';

export interface ApplianceOptions {
  readonly folders?: OwnFolders;
  /** Longest time that a daemon may take to stop after SIGTERM, and for an answer. Ends a hang. */
  readonly patienceMs: number;
}

export class Appliance {
  readonly name: RouterName;
  readonly directory: string;
  readonly log: LineLog;
  readonly #network: Network;
  readonly #inItsPlace: readonly string[];
  readonly #onChange: () => void;
  readonly #patienceMs: number;
  #daemon: { readonly child: ChildProcess; readonly program: Program } | null = null;
  #watcher: FSWatcher | null = null;

  constructor(
    name: RouterName,
    network: Network,
    onChange: () => void,
    { folders = () => [], patienceMs }: ApplianceOptions,
  ) {
    this.name = name;
    this.directory = `${network.directory}/${name}`;
    this.#inItsPlace = withOwnFolders(folders(this.directory));
    this.#network = network;
    this.#onChange = onChange;
    this.#patienceMs = patienceMs;
    this.log = new LineLog(onChange);
    mkdirSync(this.directory, { recursive: true });
  }

  get running(): boolean {
    const child = this.#daemon?.child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Process id of the daemon. @throws Error when none runs. */
  get pid(): number {
    return this.#running().child.pid ?? 0;
  }

  /** The daemon and all its descendants, the daemon first. @throws Error when none runs. */
  get processes(): number[] {
    return withDescendants(this.pid);
  }

  /** What was started last; null before the first start. */
  get software(): Program['software'] | null {
    return this.#daemon?.program.software ?? null;
  }

  /**
   * Starts the daemon; does not wait for anything but the process. `realtime` runs it and its
   * children under SCHED_FIFO, so that a busy machine is not measured in its place; needs root.
   * understudy does so by itself, unless its settings say otherwise.
   */
  start(program: Program, options: { readonly realtime?: boolean } = {}): void {
    if (this.running) {
      throw new Error(`${this.name}: expected no daemon, found one running; stop it first`);
    }
    const asked = options.realtime === true && program.software !== 'understudy';
    const scheduling = asked ? realtime(1) : [];
    const daemon = program.prepare(this.directory);
    // systemd empties the runtime directory too. What the daemon before said of itself is no word of this one.
    rmSync(this.#statusFile, { force: true });
    const argv = this.#network.inside(this.name, [...scheduling, ...this.#inItsPlace, ...daemon]);
    const [command = '', ...rest] = argv;
    const child = spawn(command, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.directory,
    });
    this.log.add(`-- ${argv.join(' ')}`);
    this.log.follow(child.stdout);
    this.log.follow(child.stderr);
    child.once('exit', (code, signal) => {
      this.log.add(`-- ${program.software} ended: ${signal ?? `status ${code}`}`);
    });
    this.#daemon = { child, program };
    this.#watcher?.close();
    this.#watcher =
      program.software === 'understudy' ? watch(`${this.directory}/run`, this.#onChange) : null;
  }

  /** SIGTERM, and waits for the end of the daemon. */
  async stop(): Promise<void> {
    const { child } = this.#running();
    const patienceMs = this.#patienceMs;
    child.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.log.add(`-- did not stop within ${patienceMs} ms of SIGTERM: killed`);
      child.kill('SIGKILL');
    }, patienceMs);
    await ended(child);
    clearTimeout(timer);
    if (child.signalCode === 'SIGKILL') {
      throw new Error(`${this.name}: expected an end within ${patienceMs} ms of SIGTERM`);
    }
  }

  /** A crash: SIGKILL to the daemon's own processes, all at once. */
  async kill(): Promise<void> {
    const { child, program } = this.#running();
    const pids = program.crashing(this.pid);
    // Stopped first: a child must not find its parent dead and tidy up before its own turn comes.
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
      for (const pid of pids) process.kill(pid, signal);
    }
    await ended(child);
  }

  /** What a power cut does to processes: the daemon and all its descendants, all at once. */
  async annihilate(): Promise<void> {
    const { child } = this.#running();
    const pids = this.processes;
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
      for (const pid of pids) signalIfAlive(pid, signal);
    }
    await ended(child);
  }

  /** A hang: SIGSTOP to the daemon's own processes. */
  freeze(): void {
    const { program } = this.#running();
    for (const pid of program.crashing(this.pid)) process.kill(pid, 'SIGSTOP');
  }

  /** The end of a hang. */
  thaw(): void {
    const { program } = this.#running();
    for (const pid of program.crashing(this.pid)) process.kill(pid, 'SIGCONT');
  }

  /** SIGHUP: the daemon reads its settings again. `program` writes them first. */
  reload(program: Program): void {
    const { child } = this.#running();
    program.prepare(this.directory);
    this.#daemon = { child, program };
    child.kill('SIGHUP');
  }

  /** The command line's way to a running understudy. */
  get control(): ControlClient {
    return createControlClient(controlSocketPath(`${this.directory}/run`));
  }

  /** The same, for what changes something: it waits as long as the lab does. */
  get patientControl(): ControlClient {
    const deadlineMs = this.#patienceMs;
    return createControlClient(controlSocketPath(`${this.directory}/run`), { deadlineMs });
  }

  get #statusFile(): string {
    return `${this.directory}/run/status.json`;
  }

  /** understudy's status.json as it stands; null when the daemon that was started last has written none. */
  status(): Status | null {
    const text = readIfPresent(this.#statusFile);
    return text === null ? null : (JSON.parse(text) as Status);
  }

  /** understudy's events so far, oldest first, over all starts of the daemon. */
  events(): EventRecord[] {
    const text = readIfPresent(`${this.directory}/state/events.jsonl`) ?? '';
    const complete = text.slice(0, text.lastIndexOf('\n') + 1);
    return complete
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as EventRecord);
  }

  /** The log lines matching the pattern. */
  logged(pattern: RegExp): LogLine[] {
    return this.log.lines.filter((line) => pattern.test(line.text));
  }

  /** Ends the daemon and lets go of the watcher; the other processes go with the namespace. */
  close(): void {
    this.#watcher?.close();
    this.#watcher = null;
    // One that was started just now is not in its namespace yet.
    this.#daemon?.child.kill('SIGKILL');
  }

  #running(): { readonly child: ChildProcess; readonly program: Program } {
    if (this.#daemon === null || !this.running) {
      throw new Error(`${this.name}: expected a running daemon, found none; start one first`);
    }
    return this.#daemon;
  }
}

function readIfPresent(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function withDescendants(pid: number): number[] {
  const text = readIfPresent(`/proc/${pid}/task/${pid}/children`) ?? '';
  const children = text.trim().split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(withDescendants)];
}

function signalIfAlive(pid: number, signal: 'SIGSTOP' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended between the look and the signal.
  }
}
