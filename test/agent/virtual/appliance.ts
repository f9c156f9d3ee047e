// One appliance in virtual time: the real driver, peer channel and executor slot on its host (host.ts), a modelled
// executor, and state.json, which outlives them. No tests.
import { Driver } from '../../../src/agent/driver.js';
import type { Services } from '../../../src/agent/driver-options.js';
import { openExecutorSlot, type SlotClock } from '../../../src/executor/executor-slot.js';
import { openHaPort } from '../../../src/peer-channel/ha-port.js';
import { createJournal, type Journal } from '../../../src/journal/journal.js';
import { leftoversOf, memoryAt, stateOf } from '../../../src/agent/memory.js';
import { createPeerChannel, type PeerChannel } from '../../../src/peer-channel/peer-channel.js';
import { EMPTY_STATE, type State } from '../../../src/journal/state-file.js';
import { Signing } from '../../../src/agent/signing.js';
import { statusOf } from '../../../src/agent/status.js';
import type { Settings } from '../../../src/config/settings.js';
import type { OperatorCommand } from '../../../src/core/interface.js';
import type { RunRequest, RunResult } from '../../../src/executor/executor.js';
import type { OutgoingMessage } from '../../../src/kernel/kernel.js';
import type { Family, IpAddress } from '../../../src/model/address.js';
import type { MonitorStatus } from '../../../src/model/monitor.js';
import type { AnnouncedVersion } from '../../../src/model/settings-version.js';
import type { EventRecord, Status, VirtualRouterStatus } from '../../../src/model/status.js';
import { VirtualExecutor, type Running } from './executor.js';
import { VirtualHost } from './host.js';
import { VirtualLease } from './lease.js';
import { VirtualProcess } from './process.js';
import type { Side } from './story.js';
import type { World } from './world.js';

/** What a script of the addresses takes, in microseconds. */
const SCRIPT = 5_000;

const ORDINARY = {
  enabled: false,
  scheduling: 'ordinary',
  priority: null,
  programLocked: false,
  missing: [],
} as const;

interface Life {
  readonly process: VirtualProcess;
  readonly driver: Driver;
  readonly channel: PeerChannel;
}

interface Due {
  readonly at: number;
  readonly take: () => void;
}

export class Appliance extends VirtualHost {
  settings: Settings;
  state: State = EMPTY_STATE;
  /** Every record of every agent, and what the slot has said. */
  readonly records: EventRecord[] = [];
  /** How often its prober was told to ask the gateways at once. */
  askedGateway = 0;
  readonly said: string[] = [];
  /** What the peer has told of its shared settings, and when that came, in microseconds. */
  readonly versions: (AnnouncedVersion | null)[] = [];
  readonly versionsAt: number[] = [];
  /** All that were started, the last one in use. */
  readonly executors: VirtualExecutor[] = [];
  readonly #monitors = new Map<string, MonitorStatus>();
  #life: Life | null = null;
  #held: (() => void)[] | null = null;

  constructor(world: World, side: Side, settings: Settings) {
    super(world, side);
    this.settings = settings;
    world.join(this);
  }

  get driver(): Driver {
    return this.#alive().driver;
  }

  get channel(): PeerChannel {
    return this.#alive().channel;
  }

  get process(): VirtualProcess {
    return this.#alive().process;
  }

  /** The one in use. */
  get executor(): VirtualExecutor {
    const executor = this.executors.at(-1);
    if (executor === undefined) throw new Error(`${this.side} has no executor`);
    return executor;
  }

  get running(): boolean {
    return this.#life !== null && !this.#life.process.dead;
  }

  router(name = 'lan'): { state: VirtualRouterStatus['state']; releasing: string | null } {
    const found = this.driver
      .snapshot()
      .virtualRouters.find(({ configuration }) => configuration.name === name);
    if (found === undefined) throw new Error(`${this.side} has no virtual router ${name}`);
    return { state: found.state, releasing: found.releasing };
  }

  /** Whether the peer is healthy on every path. */
  get knowsPeer(): boolean {
    const [peer] = this.driver.snapshot().peers;
    return peer !== undefined && this.records.findLast(isPeerHealth)?.event === 'peer-healthy';
  }

  events(name: string, from = 0): EventRecord[] {
    return this.records.slice(from).filter(({ event }) => event === name);
  }

  // --- processes -----------------------------------------------------------------------------------

  /** Starts an agent, which sends the executor of one before it away as main.ts does. */
  async start(): Promise<void> {
    const { world } = this;
    const process = new VirtualProcess();
    const lease = new VirtualLease(() => world.now);
    const former = this.executors.filter((executor) => !executor.process.dead);
    const left = this.state;
    const journal = this.#journal();
    let submit: () => void = () => undefined;
    const slot = await openExecutorSlot({
      path: '',
      lease,
      clock: this.#slotClock(process),
      start: ({ onExit, onRevoked }) => {
        const executor = new VirtualExecutor({
          now: () => world.now,
          lease,
          agent: process,
          script: (request, done) => this.#script(request, done),
          send: (_index, frame) => world.frame(this.side, frame),
          renew: (addresses, lifetime) => this.renew(addresses, lifetime),
          remove: (addresses) => this.removeLeft(addresses),
          tell: (what) => this.#tell(what),
          onRevoked: () => onRevoked?.(),
          onExit,
        });
        this.executors.push(executor);
        return Promise.resolve(executor);
      },
      onRevoked: () => submit(),
      onLost: (message) => this.said.push(`${message}; starting another`),
      onHopeless: (message) => this.said.push(message),
      onRunning: () => this.said.push('running'),
    });
    for (const executor of former) executor.kill('sent away');
    const clocks = { wallClock: () => world.now / 1_000, now: () => this.kernel.now() };
    const channel = createPeerChannel({
      journal,
      now: clocks.now,
      addresses: () => driver.network.addresses(),
      deliver: (event) => driver.hear(event),
      onHeard: () => driver.heard(),
      onVersion: (_, version) => {
        this.versions.push(version);
        this.versionsAt.push(world.now);
      },
      onProblem: (problem) => void (problem !== null && this.said.push(problem)),
      openPort: (options) =>
        openHaPort({
          ...options,
          openSocket: world.socketsOf(this.side, process),
          openCheckTimer: (room, _sockets, onDue) => world.checksOf(this.side, room, onDue),
        }),
    });
    const driver = new Driver({
      kernel: this.kernelFor(process),
      executor: slot,
      lease,
      journal,
      settings: this.settings,
      leftovers: leftoversOf(left),
      services: this.#services(channel),
      signing: new Signing(clocks),
      recordAhead: () => Promise.resolve(),
      onChange: () => {
        if (process.dead) return;
        this.state = structuredClone(stateOf(driver.snapshot(), driver.keeper.leftovers(), clocks));
      },
      onWake: () => undefined,
    });
    submit = () => driver.submit({ kind: 'deadline' });
    this.#life = { process, driver, channel };
    process.onDeath(() => this.#died());
    driver.submit({ kind: 'remember', memory: memoryAt(left, clocks), crashed: left.active });
    for (const status of this.#monitors.values()) driver.submit({ kind: 'monitor', status });
    await channel.configure(this.settings);
    driver.start();
  }

  /** SIGKILL, or whatever else ends a process at once. */
  kill(): void {
    this.#tell('agent killed');
    this.process.kill();
  }

  /** SIGSTOP, or an endless loop. */
  hang(): void {
    this.#tell('agent stopped');
    this.process.stop();
  }

  thaw(): void {
    this.#tell('agent goes on');
    this.process.thaw();
  }

  /** SIGTERM, as RunningAgent.stop has it. */
  async stop(): Promise<void> {
    const { driver, channel, process } = this.#alive();
    this.#tell('agent told to stop');
    const clocks = { wallClock: () => this.world.now / 1_000, now: () => this.kernel.now() };
    const remaining = driver.stop();
    void channel.close();
    let ended = false;
    void remaining.then((standing) => {
      this.state = { ...stateOf(driver.snapshot(), { standing }, clocks) };
      process.kill();
      ended = true;
    });
    await this.world.until(`the end of ${this.side}`, () => ended);
  }

  /** Why it was refused, or null. */
  operate(command: OperatorCommand, force = false, by = ''): string | null {
    return this.driver.operate({ kind: 'operator', command, force, by })?.detail ?? null;
  }

  /** As `understudy status` shows it. */
  status(): Status {
    const { driver, channel } = this.#alive();
    driver.catchUp();
    return statusOf({
      driver,
      channel,
      bypass: () => null,
      version: '0',
      startedAt: 0,
      wallClock: () => this.world.now / 1_000,
      now: () => this.kernel.now(),
      realtime: () => ORDINARY,
      problems: () => [],
    });
  }

  async configure(settings: Settings): Promise<void> {
    this.settings = settings;
    this.driver.configure(settings);
    await this.#alive().channel.configure(settings);
  }

  /** The prober says so; the next agent hears it too. */
  monitor(status: MonitorStatus): void {
    this.#monitors.set(status.name, status);
    if (this.#life === null) return;
    const { process, driver } = this.#life;
    process.enter(() => driver.deliver({ kind: 'monitor', status }));
  }

  #died(): void {
    for (const socket of this.kernel.sockets) socket.open = false;
    this.kernel.armedFor = null;
  }

  #alive(): Life {
    if (this.#life === null) throw new Error(`${this.side} was never started`);
    return this.#life;
  }

  #tell(what: string): void {
    this.world.story.tell({ at: this.world.now, side: this.side, kind: 'process', what });
  }

  // --- time ----------------------------------------------------------------------------------------

  /** What this appliance has to do next: the kernel, then executors, then the agent. */
  due(): Due[] {
    const due: Due[] = this.expiries();
    for (const executor of this.executors) {
      const at = executor.dueAt();
      if (at !== null) due.push({ at, take: () => executor.attend() });
    }
    const { armedFor } = this.kernel;
    if (armedFor !== null) due.push({ at: armedFor, take: () => this.kernel.advance(0) });
    return due;
  }

  #slotClock(process: VirtualProcess): SlotClock {
    return {
      now: () => this.world.now / 1_000,
      pause: (ms) =>
        new Promise((resolve) => this.world.after(ms * 1_000, () => process.enter(resolve))),
      every: (ms, task) => {
        const wake = process.waker(task);
        let stopped = false;
        const again = (): void => {
          this.world.after(ms * 1_000, () => {
            if (stopped || process.dead) return;
            wake();
            again();
          });
        };
        again();
        return () => (stopped = true);
      },
    };
  }

  // --- the kernel ----------------------------------------------------------------------------------

  receive(family: Family, message: OutgoingMessage): void {
    if (this.#life === null) return;
    const packet = { ...message, family, linkIndex: this.linkIndex, hopLimit: 255 };
    const [, vrid = 0, priority = 0] = message.message;
    for (const executor of this.executors) {
      executor.hear({ linkIndex: this.linkIndex, family, vrid, priority });
    }
    this.kernel.deliver(packet);
  }

  receiveAnnouncement(address: IpAddress): void {
    if (this.#life === null) return;
    for (const executor of this.executors) executor.hearAnnouncement(address);
  }

  // --- scripts -------------------------------------------------------------------------------------

  /** From now on no script comes to its end. */
  hold(): void {
    this.#held = [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const go of held) go();
  }

  #script(request: RunRequest, done: (outcome: RunResult['outcome']) => void): Running {
    let over = false;
    const end = (outcome: RunResult['outcome']): void => {
      if (over) return;
      over = true;
      cancelTimeout();
      done(outcome);
    };
    const cancelTimeout = this.world.after(request.timeout * 1_000, () =>
      end({ kind: 'timed-out' }),
    );
    const attempt = (): void => {
      if (over) return;
      if (this.#held !== null) return void this.#held.push(attempt);
      for (const line of request.input.split('\n')) this.apply(line);
      end({ kind: 'exited', code: 0 });
    };
    this.world.after(SCRIPT, attempt);
    return {
      cancel: () => {
        over = true;
        cancelTimeout();
      },
    };
  }

  // --- what is said --------------------------------------------------------------------------------

  #journal(): Journal {
    const silent = (): undefined => undefined;
    const log = { debug: silent, info: silent, warn: silent, error: silent, fatal: silent };
    const append = (record: EventRecord): void => void this.records.push(record);
    const file = { append, problem: () => null, flush: () => Promise.resolve() };
    return createJournal(log, file, () => this.world.now / 1_000);
  }

  #services(channel: PeerChannel): Services {
    return {
      checkPeers: (peers) => channel.check(...peers),
      askGateway: () => void (this.askedGateway += 1),
      orderWitness: () => undefined,
      hearPeers: () => channel.hear(),
      confirmed: (take) => channel.confirmed(take),
      get isAnyConfirmed() {
        return channel.isAnyConfirmed;
      },
      trustPeers: (isKnown, doubts) => channel.trust(isKnown, doubts),
      leaveChecks: (plan) => channel.leaveChecks(plan),
      get checksDueAt() {
        return channel.checksDueAt;
      },
      networkChanged: () => channel.forgetSources(),
      beforeActive: () => null,
      peerNews: (report) => channel.news(report),
      setBypass: () => undefined,
      transition: ({ virtualRouter, from, to, reason }) =>
        this.world.story.tell({
          at: this.world.now,
          side: this.side,
          kind: 'transition',
          virtualRouter,
          from,
          to,
          reason,
        }),
      monitors: () => undefined,
    };
  }
}

const isPeerHealth = ({ event }: EventRecord): boolean =>
  event === 'peer-healthy' || event === 'peer-unhealthy';
