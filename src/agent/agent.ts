// One running agent put together: kernel, executor, driver, journal, files, control socket. No
// protocol and no loop: those are the driver's.
import { join } from 'node:path';
import type { Settings } from '../config/settings.js';
import type { CommandOutcome, ControlHandlers, ReloadOutcome } from '../control/protocol.js';
import { startControlServer, type ControlServer } from '../control/server.js';
import type { HostFacts } from '../host/facts.js';
import { observeHost, ownIdentity } from '../host/observe.js';
import type { Status } from '../model/status.js';
import { Driver } from './driver.js';
import { collectInTime } from '../engine/collections.js';
import { beginCollection, heapUsed, keepCode, keepHeapSmall } from '../engine/heap.js';
import { createEventFile, readEventTail, type EventFile } from '../journal/event-file.js';
import { keyChanges } from './key-words.js';
import { HostWatch, networkFacts } from './host-watch.js';
import { createJournal, TAIL_LENGTH, type Journal } from '../journal/journal.js';
import type { AgentOptions } from './agent-options.js';
import { carryOut } from './operator.js';
import { AgentServices } from './services.js';
import { SettingsInForce, type Applied } from './settings-in-force.js';
import { formatRecording } from './recorder.js';
import { MetricsDoor } from './metrics-door.js';
import { leftoversOf, memoryAt, stateOf, type Clocks } from './memory.js';
import { createBackgroundFile, type BackgroundFile } from '../files/background-file.js';
import { formatState, readState, stateFilePath, type State } from '../journal/state-file.js';
import { Signing } from './signing.js';
import { statusOf } from './status.js';
import { StatusFile } from '../journal/status-file.js';
import { judged } from './reload-words.js';
import { microseconds } from '../model/units.js';
import { laterIdly } from '../timers/later.js';
import { aliveDuring } from './watchdog.js';

export interface Agent {
  /** Reads the settings file again and applies the difference; an invalid file changes nothing. `by`: who asks. */
  reload(by?: string): Promise<ReloadOutcome>;
  status(): Status;
  /** The last events of the core, and the file they belong in when somebody wants them. */
  recording(): { readonly path: string; readonly text: string };
  /** What is wrong from now on, until told otherwise; part of health. */
  setProblem(key: string, problem: string | null): void;
  /** Looks at everything now. */
  wake(): void;
  /** Gives the role up, waits until the addresses are gone and everything is written. */
  stop(): Promise<void>;
}

/** Starts the agent: from its return on it takes part in the election. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const agent = new RunningAgent(options);
  await agent.start();
  return agent;
}

/** A role that moves is news at shorter distance than this. */
const QUIET = microseconds(100_000);

type Ordered = Parameters<ControlHandlers['command']>;

class RunningAgent implements Agent {
  readonly #options: AgentOptions;
  readonly #settings: SettingsInForce;
  readonly #clocks: Clocks;
  readonly #startedAt: number;
  readonly #eventFile: EventFile;
  readonly #stateFile: BackgroundFile;
  readonly #statusFile: StatusFile;
  readonly #journal: Journal;
  readonly #driver: Driver;
  readonly #services: AgentServices;
  readonly #left: ReturnType<typeof readState>;
  readonly #problems = new Map<string, string>();
  readonly #hostWatch: HostWatch;
  readonly #metrics: MetricsDoor;
  /** What does not fit on this host, by setting. */
  #hostProblems: ReadonlyMap<string, string> = new Map();
  #control: ControlServer | null = null;
  /** When something new was heard or done last. */
  #newsAt = 0;
  /** Settings that are about to be applied. */
  #coming: Settings | null = null;

  constructor(options: AgentOptions) {
    const { kernel, settings, wallClock, replaceFile } = options;
    const { runtimeDirectory, stateDirectory } = settings;
    this.#options = options;
    this.#clocks = { wallClock, now: () => kernel.now() };
    this.#startedAt = wallClock();
    const events = join(stateDirectory, 'events.jsonl');
    const onProblem = (): void => this.#statusFile.changed();
    this.#eventFile = createEventFile(events, { onProblem });
    this.#stateFile = createBackgroundFile(stateFilePath(stateDirectory), true, {
      replace: replaceFile,
      onProblem,
    });
    this.#statusFile = new StatusFile(
      createBackgroundFile(join(runtimeDirectory, 'status.json'), false, {
        replace: replaceFile,
        onProblem,
      }),
      () => this.status(),
    );
    const earlier = readEventTail(events, TAIL_LENGTH);
    this.#journal = createJournal(options.log, this.#eventFile, wallClock, earlier);
    this.#left = readState(stateFilePath(stateDirectory));
    this.#settings = this.#createSettings();
    this.#services = this.#createServices();
    this.#driver = new Driver({
      kernel,
      executor: options.executor,
      lease: options.lease,
      journal: this.#journal,
      settings,
      leftovers: leftoversOf(this.#left.state),
      services: this.#services,
      signing: new Signing({
        wallClock,
        onProblem: (problem) => this.setProblem('signing', problem),
      }),
      onChange: () => this.#changed(),
      recordAhead: () => this.#recordAhead(),
      onWake: (news) => this.#woken(news),
      watchdog: options.watchdog,
    });
    this.#hostWatch = this.#createHostWatch();
    this.#metrics = new MetricsDoor({
      status: () => this.status(),
      now: () => kernel.now() / 1_000,
      onProblem,
      isSaid: () => this.#hostProblems.has('metrics.textfile'),
      replace: replaceFile,
    });
  }

  async start(): Promise<void> {
    const { settings, log } = this.#options;
    const { state, problem } = this.#left;
    this.#control = await this.#openControl();
    if (problem !== null) log.warn(problem);
    const memory = memoryAt(state, this.#clocks);
    this.#driver.submit({ kind: 'remember', memory, crashed: state.active });
    await this.#services.configure(settings);
    // What comes back is small; this takes some ms, and nobody waits for an advertisement yet.
    keepHeapSmall();
    keepCode();
    this.#options.realtime.settle();
    this.#driver.start();
    this.#collectInTime();
    this.#metrics.configure(settings.metrics);
    void this.#hostWatch.look(settings);
  }

  status(): Status {
    this.#driver.catchUp();
    return statusOf({
      driver: this.#driver,
      channel: this.#services.channel,
      bypass: () => this.#services.bypass(),
      version: this.#options.version,
      startedAt: this.#startedAt,
      ...this.#clocks,
      realtime: () => this.#options.realtime.status(),
      sync: () => this.#services.sync.status(),
      witness: () => this.#services.witness.status(),
      witnessProblems: () => this.#services.witness.problems(),
      problems: () => [
        ...this.#problems.values(),
        ...this.#unsaidHostProblems(),
        ...this.#driver.keeper.virtualMacs.problems(),
        ...[this.#eventFile, this.#stateFile, this.#statusFile, this.#metrics]
          .map((file) => file.problem())
          .filter((problem) => problem !== null),
      ],
      scriptProblems: () =>
        [this.#problems.get('executor'), this.#hostProblems.get('vip.script')].filter(
          (problem) => problem !== undefined,
        ),
    });
  }

  setProblem(key: string, problem: string | null): void {
    if (problem === null) this.#problems.delete(key);
    else this.#problems.set(key, problem);
    this.#statusFile.changed();
  }

  wake(): void {
    this.#driver.submit({ kind: 'deadline' });
  }

  recording(): { readonly path: string; readonly text: string } {
    return {
      path: join(this.#options.settings.stateDirectory, 'recording.jsonl'),
      text: formatRecording(this.#driver.recorder.recording()),
    };
  }

  reload(by = ''): Promise<ReloadOutcome> {
    return this.#settings.reload(by);
  }

  stop(): Promise<void> {
    const { watchdog } = this.#options;
    return aliveDuring(this.#stop(), { watchdog, now: this.#clocks.now, later: laterIdly });
  }

  async #stop(): Promise<void> {
    this.#settings.stop();
    const remaining = this.#driver.stop();
    this.#hostWatch.end();
    await this.#services.close();
    const standing = await remaining;
    const virtualMacs = this.#driver.keeper.virtualMacs.remaining();
    const left = { standing, mayAdd: [], virtualMacs, keeps: false };
    this.#stateFile.write(formatState({ ...this.#remembered(), ...left }));
    const written = Promise.all([this.#statusFile.end(), this.#metrics.close()]);
    await this.#control?.close();
    await Promise.all([this.#eventFile.flush(), this.#stateFile.flush(), written]);
  }

  #woken(news: boolean): void {
    if (news) this.#newsAt = this.#clocks.now();
    this.#statusFile.stirred(news);
  }

  #collectInTime(): void {
    collectInTime({
      used: heapUsed,
      begin: beginCollection,
      trim: () => this.#options.realtime.trim(),
      isQuiet: () => this.#clocks.now() - this.#newsAt > QUIET,
      later: laterIdly,
    });
  }

  #createSettings(): SettingsInForce {
    const { settingsFile, listed, digest, notify } = this.#options;
    return new SettingsInForce({
      file: settingsFile,
      listed,
      digest,
      journal: this.#journal,
      current: () => this.#driver.settings,
      announce: (phase) =>
        notify(phase === 'over' ? 'READY=1' : `RELOADING=1\nMONOTONIC_USEC=${this.#clocks.now()}`),
      prepare: (settings) => this.#recordAhead(settings),
      begin: (settings) => {
        this.#options.realtime.apply(settings.realtime);
        this.#driver.configure(settings);
      },
      finish: (settings) => this.#finish(settings),
      agree: (agreement, apply) => this.#services.sync.agree(agreement, apply),
      onReplaced: () => void this.#hostWatch.look(this.#driver.settings),
      onProblem: (problem) => this.setProblem('settings', problem),
    });
  }

  async #finish(settings: Settings): Promise<Applied> {
    this.#coming = null;
    const keys = this.#services.channel.keys();
    await this.#services.configure(settings);
    const changes = keyChanges(keys, this.#services.channel.keys());
    this.#metrics.configure(settings.metrics);
    const { all, unfit } = judged(await this.#hostWatch.look(settings));
    return { changes, warnings: all, unfit };
  }

  #createHostWatch(): HostWatch {
    const { log, observeHost: observe } = this.#options;
    const facts = (settings: Settings): Promise<HostFacts> =>
      observeHost(settings, ownIdentity(), networkFacts(this.#driver.network));
    return new HostWatch({
      journal: this.#journal,
      observe: observe ?? facts,
      onAdvice: (text) => log.warn(text),
      onProblems: (problems) => {
        this.#hostProblems = problems;
        this.#statusFile.changed();
      },
    });
  }

  /** A key that cannot be used is told with what that means, once. */
  #unsaidHostProblems(): string[] {
    return [...this.#hostProblems].flatMap(([one, text]) =>
      (one === 'ha.keyFile' && this.#problems.has('ha-port')) ||
      (one === 'signing.keyFile' && this.#problems.has('signing'))
        ? []
        : text,
    );
  }

  /** What is about to be added or changed, by new settings too, is written down before it is. */
  #recordAhead(settings = this.#coming): Promise<void> {
    this.#coming = settings;
    this.#stateFile.write(formatState(this.#remembered()));
    return this.#stateFile.flush();
  }

  #createServices(): AgentServices {
    return new AgentServices({
      ...this.#options,
      journal: this.#journal,
      executor: this.#options.hookExecutor,
      ...this.#clocks,
      flaps: () => this.#driver.flapCount(),
      network: () => this.#driver.network,
      deliver: (event) => this.#driver.deliver(event),
      hear: (event) => this.#driver.hear(event),
      heard: () => this.#driver.heard(),
      onInhibit: (inhibited) => this.#driver.setInhibited(inhibited),
      inForce: this.#settings,
      onProblem: (key, problem) => this.setProblem(key, problem),
    });
  }

  #openControl(): Promise<ControlServer> {
    const { kernel, settings } = this.#options;
    return startControlServer({
      path: join(settings.runtimeDirectory, 'control.sock'),
      group: 'understudy',
      handlers: {
        status: () => this.status(),
        settings: () => this.#settings.view(),
        metrics: () => this.#metrics.metrics(),
        set: (setting, value, by) => this.#settings.set(setting, value, by),
        change: (request, by) => this.#settings.change(request, by),
        reload: (by) => this.reload(by),
        command: (name, argument, manner) => this.#command(name, argument, manner),
        sync: (order) => this.#services.sync.order(order),
        events: () => this.#journal.tail(),
        follow: (listener) => this.#journal.follow(listener),
      },
      onRequest: () => this.#driver.heard(),
      userOf: (fd) => kernel.peerCredentials(fd)?.uid ?? null,
      onError: (error) => {
        const detail = error instanceof Error ? error.message : String(error);
        this.#journal.recordLimited('error', `control ${detail}`, {
          event: 'control-error',
          reason: 'control-socket',
          detail,
        });
      },
    });
  }

  /** What is to outlive the agent is written down before it is called done. */
  async #command(...[name, argument, manner]: Ordered): Promise<CommandOutcome> {
    const outcome = await carryOut(this.#driver, this.#journal, { name, argument, ...manner });
    if (!outcome.ok) return outcome;
    await this.#stateFile.flush();
    const problem = this.#stateFile.problem();
    if (problem === null) return outcome;
    return {
      ok: true,
      detail: `${outcome.detail}; not recorded yet, so a restart would not know of it: ${problem}`,
    };
  }

  #changed(): void {
    this.#stateFile.write(formatState(this.#remembered()));
    this.#statusFile.changed();
  }

  #remembered(): State {
    const { keeper } = this.#driver;
    const left = keeper.leftovers();
    const coming = this.#coming === null ? [] : keeper.mayAdd(this.#coming.virtualRouters);
    const all = { ...left, mayAdd: [...left.mayAdd, ...coming] };
    return stateOf(this.#driver.snapshot(), all, this.#clocks);
  }
}
