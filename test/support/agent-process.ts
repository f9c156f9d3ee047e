// A real agent as a child process: its settings file and directories, its log line by line, its
// status, its end. No expectations: the tests have those. For use inside enterNamespace only.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createControlClient, type ControlClient } from '../../src/control/client.js';
import { controlSocketPath } from '../../src/control/protocol.js';
import { ENGINE_OPTIONS } from '../../src/engine/options.js';
import type { VirtualRouterState } from '../../src/model/reasons.js';
import type { EventRecord, Status, VirtualRouterStatus } from '../../src/model/status.js';
import { until, WAIT_LIMIT_MS, within } from './limits.js';
import { inNetns } from './namespace.js';
import { gone, stopped } from './process-state.js';

/** The compiled sources', or the bundle's where scripts/test says so: that is what is installed. */
export const MAIN =
  process.env['UNDERSTUDY_MAIN'] ?? fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** One line of the log: a record of an event, or a plain message. */
export interface LogLine extends Partial<EventRecord> {
  readonly level: string;
  readonly msg: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The settings file of an agent and the directories it names, all below /run. */
export class AgentHome {
  readonly directory: string;
  readonly settingsFile: string;
  readonly runtimeDirectory: string;
  readonly stateDirectory: string;

  constructor(name: string, settings: object) {
    this.directory = `/run/${name}`;
    this.settingsFile = `${this.directory}/understudy.yaml`;
    this.runtimeDirectory = `${this.directory}/run`;
    this.stateDirectory = `${this.directory}/state`;
    mkdirSync(this.directory, { recursive: true });
    this.configure(settings);
  }

  /** The text of a settings file that names these directories. JSON is YAML. */
  textOf(settings: object): string {
    const { runtimeDirectory, stateDirectory } = this;
    return JSON.stringify({ runtimeDirectory, stateDirectory, ...settings }, null, 2);
  }

  configure(settings: object): void {
    writeFileSync(this.settingsFile, this.textOf(settings));
  }

  /** The records of events.jsonl. */
  events(): EventRecord[] {
    return recordsIn(readFileSync(`${this.stateDirectory}/events.jsonl`, 'utf8'));
  }
}

export const recordsIn = (text: string): EventRecord[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as EventRecord);

export interface StartOptions {
  /** Network namespace; this one when missing. */
  readonly netns?: string;
  /** A command that starts the program in its place: with fewer rights, for instance. */
  readonly by?: readonly string[];
  /** Another copy of the program. */
  readonly main?: string;
  /** A module loaded into the agent's process before the agent. */
  readonly preload?: string;
  /** A descriptor for standard output; then no log line is seen here. */
  readonly stdout?: number;
  /** Node without the options of the engine: the agent then replaces itself, and starts twice. */
  readonly bare?: boolean;
}

interface Waiting {
  readonly fits: (line: LogLine) => boolean;
  readonly resolve: (line: LogLine) => void;
  readonly reject: (error: Error) => void;
}

export class AgentProcess {
  readonly home: AgentHome;
  readonly lines: LogLine[] = [];
  readonly #exited: Promise<Ended>;
  stderr = '';
  readonly #child: ChildProcess;
  #waiting: Waiting[] = [];
  #ended: Ended | null = null;

  constructor(home: AgentHome, options: StartOptions = {}) {
    this.home = home;
    const preload = options.preload === undefined ? [] : ['--import', options.preload];
    const engine = options.bare === true ? [] : ENGINE_OPTIONS;
    const by = options.by ?? [];
    const command = [...by, process.execPath, ...engine, ...preload, options.main ?? MAIN];
    const [program = '', ...words] =
      options.netns === undefined ? command : inNetns(options.netns, ...command);
    this.#child = spawn(program, [...words, 'run', '--config', home.settingsFile], {
      stdio: ['ignore', options.stdout ?? 'pipe', 'pipe'],
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#ended = { code, signal };
        for (const { reject } of this.#waiting) reject(this.#gone());
        resolve(this.#ended);
      });
    });
    this.#child.stderr?.on('data', (piece: Buffer) => (this.stderr += piece.toString()));
    if (this.#child.stdout === null) return;
    createInterface({ input: this.#child.stdout }).on('line', (text) => this.#hear(text));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#ended === null;
  }

  /** The executor's process id; NaN while there is none. The agent has other children. */
  executorPid(): number {
    const children = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8');
    const isExecutor = (pid: string): boolean =>
      readFileSync(`/proc/${pid}/comm`, 'utf8') === 'understudy-exec\n';
    return Number(children.trim().split(' ').find(isExecutor));
  }

  /** The first line that fits at or after position `from` of the log, as soon as there is one. */
  line(
    fits: (line: LogLine) => boolean,
    from = 0,
    expected = `a line of the log for which ${String(fits)}`,
  ): Promise<LogLine> {
    const known = this.lines.slice(from).find(fits);
    if (known !== undefined) return Promise.resolve(known);
    if (this.#ended !== null) return Promise.reject(this.#gone());
    const next = new Promise<LogLine>((resolve, reject) =>
      this.#waiting.push({ fits, resolve, reject }),
    );
    return within(expected, next, () => this.#said());
  }

  event(name: string, from = 0): Promise<LogLine> {
    return this.line(({ event }) => event === name, from, `the event ${name}`);
  }

  /** The transition of a virtual router to a state, at or after position `from` of the log. */
  transition(to: VirtualRouterState, from = 0, virtualRouter = 'lan'): Promise<LogLine> {
    return this.line(
      (line) =>
        line.event === 'transition' && line.to === to && line.virtualRouter === virtualRouter,
      from,
      `a transition of ${virtualRouter} to ${to}`,
    );
  }

  /**
   * The end of its takeover: the addresses stand, and nothing more is told of it. Whoever judges all that the
   * log says from a position on waits for this first.
   */
  takenOver(virtualRouter = 'lan', from = 0): Promise<LogLine> {
    return this.line(
      (line) => line.event === 'move' && line.virtualRouter === virtualRouter,
      from,
      `the move of ${virtualRouter}`,
    );
  }

  /** The log from position `from` on, without that a machine stood still for a moment. */
  said(from: number): LogLine[] {
    return this.lines.slice(from).filter(({ event }) => event !== 'stalled');
  }

  transitions(): LogLine[] {
    return this.lines.filter(({ event }) => event === 'transition');
  }

  /** As patient as a test: how soon an agent answers on a busy machine is no verdict. */
  get control(): ControlClient {
    const path = controlSocketPath(this.home.runtimeDirectory);
    return createControlClient(path, { deadlineMs: WAIT_LIMIT_MS });
  }

  status(): Promise<Status> {
    return this.control.status();
  }

  async router(name = 'lan'): Promise<VirtualRouterStatus> {
    const status = await this.status();
    const router = status.virtualRouters.find((one) => one.name === name);
    if (router === undefined) throw new Error(`no virtual router ${name} in the status`);
    return router;
  }

  /** Asks until the status is as wanted. @throws Error with the last status at the limit. */
  until(fits: (status: Status) => boolean): Promise<Status> {
    const expected = `${this.home.directory}: a status for which ${String(fits)}`;
    return until(expected, () => this.status(), fits, 25);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it by a signal and waits until its log is read to the end. */
  end(signal: NodeJS.Signals): Promise<Ended> {
    this.signal(signal);
    return this.exited;
  }

  /** Agent and executor die at once: nobody is left who would do the will. Resolves when both are gone. */
  async annihilate(): Promise<void> {
    const executor = this.executorPid();
    // Stopped, it does not find out that its executor is dead.
    this.signal('SIGSTOP');
    await stopped(this.pid);
    process.kill(executor, 'SIGKILL');
    await Promise.all([this.end('SIGKILL'), gone(executor)]);
  }

  /** Its end, whatever brings it about. @throws Error with the end of its log at the limit. */
  get exited(): Promise<Ended> {
    return within(`${this.home.directory}: the agent's end`, this.#exited, () => this.#said());
  }

  /** For the end of a test: whatever state it is in, the process is gone afterwards. */
  async dispose(): Promise<void> {
    if (this.running) await this.end('SIGKILL');
  }

  #hear(text: string): void {
    const line = JSON.parse(text) as LogLine;
    this.lines.push(line);
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ fits }) => !fits(line));
    for (const { fits, resolve } of waiting) if (fits(line)) resolve(line);
  }

  #gone(): Error {
    return new Error(`the agent ended (${JSON.stringify(this.#ended)}):\n${this.#said()}`);
  }

  /** The end of its log and of its standard error. */
  #said(): string {
    const log = this.lines.slice(-10).map(({ msg }) => msg);
    return [...log, this.stderr.slice(-1_000)].join('\n');
  }
}
