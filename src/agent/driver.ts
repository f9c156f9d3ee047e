// The one loop: packets, then the clock, one event at a time, its effects in order, then the timer.
// No protocol (core), no bytes (wire), no files. Effects enqueue; none calls back into a step.
import type { Settings, VirtualRouterSettings } from '../config/settings.js';
import { Instance } from '../core/instance.js';
import type {
  InstanceConfiguration,
  InstanceEffect,
  InstanceEvent,
  InstanceSnapshot,
} from '../core/interface.js';
import type { Executor } from '../executor/executor.js';
import type { DeadlineTimer, Kernel } from '../kernel/kernel.js';
import { REMARKS, type Remark } from '../model/advertisement.js';
import { formatAddressWithPrefix } from '../model/address.js';
import { assert } from '../model/assert.js';
import type { AddressTarget } from '../model/netlink-script.js';
import { REPORTS, TRANSITION_REASONS, type Report } from '../model/reasons.js';
import { earlier, type Instant } from '../model/units.js';
import { AddressKeeper } from './address-keeper.js';
import { Advertiser } from './advertiser.js';
import type { Journal } from './journal.js';
import { lastWill } from './last-will.js';
import { Network } from './network.js';
import { Reception } from './reception.js';
import { Recorder } from './recorder.js';

export interface DriverOptions {
  readonly kernel: Kernel;
  readonly executor: Executor;
  readonly journal: Journal;
  readonly settings: Settings;
  /** What an earlier agent recorded as possibly standing on an interface. */
  readonly leftovers: readonly AddressTarget[];
  /** After a wake-up that changed something a person or state.json should see. */
  readonly onChange: () => void;
}

/** Deadlines handled in one wake-up; more means that the core makes no progress. */
const DEADLINES_PER_WAKE = 1_000;

export class Driver {
  readonly #kernel: Kernel;
  readonly #executor: Executor;
  readonly #journal: Journal;
  readonly #onChange: () => void;
  readonly #instance: Instance;
  readonly #network: Network;
  readonly #advertiser: Advertiser;
  readonly #timer: DeadlineTimer;
  readonly reception: Reception;
  readonly keeper: AddressKeeper;
  readonly recorder: Recorder;
  readonly sendErrors = new Map<string, number>();
  /** Wall time of each virtual router's last transition, as its record has it. */
  readonly transitionTimes = new Map<string, string>();
  #settings: Settings;
  #routers = new Map<string, VirtualRouterSettings>();
  #inbox: InstanceEvent[] = [];
  #awake = false;
  #wakeScheduled = false;
  #stopped = false;
  #changed = true;

  constructor(options: DriverOptions) {
    const { kernel, executor, journal, settings } = options;
    this.#kernel = kernel;
    this.#executor = executor;
    this.#journal = journal;
    this.#settings = settings;
    this.#onChange = options.onChange;
    this.#instance = new Instance(instanceConfiguration(settings), kernel.now());
    this.recorder = new Recorder(this.#instance);
    this.reception = new Reception(journal);
    this.#network = new Network(kernel, () => this.#wake(), this.#networkEvents());
    this.#advertiser = new Advertiser(this.#network, kernel.openAnnouncer(), (name, what, code) =>
      this.#sendFailed(name, what, code),
    );
    this.keeper = new AddressKeeper({
      network: this.#network,
      executor,
      submit: (event) => this.submit(event),
      now: () => kernel.now(),
      onStuck: (virtualRouter, detail) => this.#addressesStuck(virtualRouter, detail),
      onStandingChanged: () => (this.#changed = true),
    });
    this.#timer = kernel.openDeadlineTimer(() => this.#wake());
    this.#adopt(settings, options.leftovers);
  }

  /** Takes part in the election from now on. */
  start(): void {
    this.submit({ kind: 'start' });
  }

  get settings(): Settings {
    return this.#settings;
  }

  snapshot(): InstanceSnapshot {
    return this.#instance.snapshot(this.#kernel.now());
  }

  get network(): Network {
    return this.#network;
  }

  /** Gives the core an event from outside; it is taken in a wake-up of its own. */
  submit(event: InstanceEvent): void {
    this.#inbox.push(event);
    if (this.#wakeScheduled) return;
    this.#wakeScheduled = true;
    setImmediate(() => {
      this.#wakeScheduled = false;
      this.#wake();
    });
  }

  /** Applies new settings to the running instance; only the difference is noticed. */
  configure(settings: Settings): void {
    if (this.#stopped) return;
    // A virtual router that goes says farewell with its old settings, on its old socket.
    this.#handle(
      { kind: 'configure', configuration: instanceConfiguration(settings) },
      this.#kernel.now(),
    );
    this.#advertiser.flush();
    this.#settings = settings;
    this.#changed = true;
    this.#adopt(settings, []);
    this.#wake();
  }

  /**
   * Leaves the election: priority 0 now; the addresses stay until a successor is heard or its time
   * is over, then the executor removes them. A stop is the same path as a crash.
   * @returns what stands nevertheless when the executor has finished.
   */
  async stop(): Promise<readonly AddressTarget[]> {
    if (this.#stopped) return [];
    this.#wake();
    this.#stopped = true;
    this.keeper.suspend();
    this.#handle({ kind: 'stop' }, this.#kernel.now());
    this.#advertiser.flush();
    this.#timer.close();
    this.#network.close();
    this.#onChange();
    await this.#executor.finish({ farewellSent: true });
    this.#network.lookAgain();
    const remaining = this.keeper.remaining();
    for (const target of remaining) this.#addressesLeft(target);
    return remaining;
  }

  #adopt(settings: Settings, leftovers: readonly AddressTarget[]): void {
    this.#routers = new Map(settings.virtualRouters.map((router) => [router.name, router]));
    for (const name of this.transitionTimes.keys()) {
      if (!this.#routers.has(name)) this.transitionTimes.delete(name);
    }
    this.keeper.configure(settings.vip.script, settings.virtualRouters, leftovers);
    this.#network.configure(settings);
  }

  #networkEvents(): ConstructorParameters<typeof Network>[2] {
    return {
      emit: (event) => this.#inbox.push(event),
      addressRemoved: (address) => {
        this.#changed = true;
        this.keeper.addressRemoved(address);
      },
      addressAdded: (address) => {
        this.#changed = true;
        this.keeper.addressAdded(address);
      },
      resynchronized: () =>
        this.#journal.recordLimited('warn', 'netlink-overrun', {
          event: 'netlink-overrun',
          reason: 'overrun',
          detail: 'the kernel dropped notifications; links and addresses were read anew',
        }),
      socketFailed: (port, code) =>
        this.#journal.record('error', {
          event: 'socket-failed',
          reason: code,
          detail: `the advertisement socket of ${port.interface} (${port.family}) failed`,
          interface: port.interface,
        }),
    };
  }

  #wake(): void {
    if (this.#awake || this.#stopped) return;
    this.#awake = true;
    try {
      this.#network.drain(this.#kernel.now());
      this.#takeInbox();
      for (const { event, at } of this.reception.receive(this.#network)) this.#handle(event, at);
      this.#takeInbox();
      this.#passDeadlines();
      this.#flush();
    } finally {
      this.#awake = false;
    }
  }

  #takeInbox(): void {
    while (this.#inbox.length > 0) {
      const events = this.#inbox;
      this.#inbox = [];
      for (const event of events) this.#handle(event, this.#kernel.now());
    }
  }

  #passDeadlines(): void {
    for (let passed = 0; ; passed += 1) {
      const now = this.#kernel.now();
      const deadline = this.#instance.nextDeadline();
      if (deadline === null || deadline.at > now) return;
      assert(passed < DEADLINES_PER_WAKE, `${deadline.cause} of ${deadline.virtualRouter} passes`);
      this.#handle({ kind: 'deadline' }, now);
    }
  }

  #flush(): void {
    this.keeper.flush();
    this.#advertiser.flush();
    if (this.#changed) {
      this.#changed = false;
      this.#executor.setWill(
        lastWill({
          settings: this.#settings,
          snapshot: this.snapshot(),
          standing: this.keeper.standing(),
          linkNamed: (name) => this.#network.linkNamed(name),
        }),
      );
      this.#onChange();
    }
    if (this.#inbox.length > 0) this.submit({ kind: 'deadline' });
    this.#timer.arm(this.#nextDeadline());
  }

  #nextDeadline(): Instant | null {
    const retry = earlier(this.#network.retryAt, this.keeper.retryAt);
    const deadline = this.#instance.nextDeadline();
    const soonest = earlier(deadline?.at ?? null, retry);
    return soonest;
  }

  #handle(event: InstanceEvent, at: Instant): void {
    this.recorder.record(event, at);
    for (const effect of this.#instance.handle(event, at)) this.#perform(effect);
  }

  #perform(effect: InstanceEffect): void {
    switch (effect.kind) {
      case 'send-advertisement': {
        const settings = this.#routers.get(effect.virtualRouter);
        if (settings !== undefined) this.#advertiser.queueAdvertisement({ ...effect, settings });
        return;
      }
      case 'set-addresses':
        this.keeper.want(effect.virtualRouter, effect.present);
        this.#changed = true;
        return;
      case 'announce': {
        const settings = this.#routers.get(effect.virtualRouter);
        if (settings !== undefined) this.#advertiser.queueAnnouncement(settings);
        return;
      }
      case 'transition':
        this.#recordTransition(effect);
        return;
      case 'report':
        this.#recordReport(effect.virtualRouter, effect.report, effect.detail);
    }
  }

  #recordTransition(effect: Extract<InstanceEffect, { kind: 'transition' }>): void {
    const { virtualRouter, from, to, reason, effectivePriority } = effect;
    this.#changed = true;
    const { time } = this.#journal.record(to === 'Initialize' ? 'warn' : 'info', {
      event: 'transition',
      virtualRouter,
      from,
      to,
      reason,
      detail: TRANSITION_REASONS[reason],
      effectivePriority,
    });
    this.transitionTimes.set(virtualRouter, time);
  }

  #recordReport(virtualRouter: string, report: Report | Remark, detail: string): void {
    this.#changed = true;
    const fields = { event: report, virtualRouter, reason: report, detail };
    if (isRemark(report)) {
      // Anyone on the link can cause these, as often as he likes.
      this.#journal.recordLimited('warn', `${virtualRouter} ${report} ${detail}`, {
        ...fields,
        event: 'remark',
      });
    } else this.#journal.record('warn', { ...fields, detail: `${REPORTS[report]}: ${detail}` });
  }

  #addressesLeft({ interface: name, addresses }: AddressTarget): void {
    const list = addresses.map(formatAddressWithPrefix).join(' ');
    this.#journal.record('error', {
      event: 'addresses-stuck',
      reason: 'release-failed',
      detail: `${list} on ${name} could not be removed: run "understudy release"`,
    });
  }

  #addressesStuck(virtualRouter: string, detail: string): void {
    this.#journal.recordLimited('error', `stuck ${virtualRouter}`, {
      event: 'addresses-stuck',
      ...(virtualRouter === '' ? {} : { virtualRouter }),
      reason: 'release-failed',
      detail: `addresses could not be removed, trying again every second: ${detail}`,
    });
  }

  #sendFailed(virtualRouter: string, what: string, code: string): void {
    this.sendErrors.set(virtualRouter, (this.sendErrors.get(virtualRouter) ?? 0) + 1);
    this.#journal.recordLimited('warn', `send ${virtualRouter} ${what} ${code}`, {
      event: 'send-failed',
      virtualRouter,
      reason: code,
      detail: `the kernel refused to send an ${what}`,
    });
  }
}

const isRemark = (report: Report | Remark): report is Remark => report in REMARKS;

function instanceConfiguration({ ha, virtualRouters }: Settings): InstanceConfiguration {
  assert(ha.mode !== 'active-active', 'validation admits only modes of this release');
  return { mode: ha.mode, virtualRouters };
}
