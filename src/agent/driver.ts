// The one loop: packets, then the clock, one event at a time, its effects in order, then the timer.
// No protocol (core), no bytes (wire), no files. Effects enqueue; none calls back into a step.
import type { Settings, VirtualRouterSettings } from '../config/settings.js';
import { Instance } from '../core/instance.js';
import type { InstanceEffect, InstanceEvent, InstanceSnapshot } from '../core/interface.js';
import type { PeerReport } from '../model/peer-report.js';
import type { Kernel } from '../kernel/kernel.js';
import { assert } from '../model/assert.js';
import type { AddressTarget } from '../model/netlink-script.js';
import type { Instant, Microseconds } from '../model/units.js';
import { AddressKeeper } from './address-keeper.js';
import { Alarm, soonest } from './alarm.js';
import type { DriverOptions, Services } from './driver-options.js';
import { Advertiser } from './advertiser.js';
import { instanceConfiguration, standbyOf } from './instance-configuration.js';
import { LeasedWill } from './leased-will.js';
import { remainingOf, type Leftovers } from './leftovers.js';
import { Moves } from './moves.js';
import { Network } from './network.js';
import { Novelty } from './novelty.js';
import { Reception } from './reception.js';
import { Recorder } from './recorder.js';
import { isRemark, Records, type ReportEffect } from './records.js';
import { Stall } from './stall.js';
import { Suspension } from './suspension.js';
import { Tallies } from './tallies.js';

/** Deadlines handled in one wake-up; more means that the core makes no progress. */
const DEADLINES_PER_WAKE = 1_000;

/** Other settings may take a monitor away. */
const MONITOR_EVENTS: ReadonlySet<string> = new Set(['monitor', 'monitor-removed', 'configure']);

const DEADLINE: InstanceEvent = { kind: 'deadline' };

export class Driver {
  readonly #options: DriverOptions;
  readonly #kernel: Kernel;
  readonly #will: LeasedWill;
  readonly #records: Records;
  readonly #services: Services;
  readonly #instance: Instance;
  readonly network: Network;
  readonly #advertiser: Advertiser;
  readonly #alarm: Alarm;
  readonly reception: Reception;
  readonly keeper: AddressKeeper;
  readonly recorder: Recorder;
  readonly tallies = new Tallies();
  readonly moves: Moves;
  #settings: Settings;
  #routers = new Map<string, VirtualRouterSettings>();
  readonly #inbox: InstanceEvent[] = [];
  #awake = false;
  #wakeScheduled = false;
  #stopped = false;
  #changed = true;
  readonly #novelty = new Novelty();
  readonly #suspension: Suspension;
  readonly #stall: Stall;
  /** Since the last `distrust` something has happened after which a repeated advertisement may do more than re-arm a timer. */
  #doubts = true;
  /** The last of this wake-up that the peers have not been told. */
  #news: PeerReport | null = null;
  /** Peers that are to be asked in this wake-up. */
  readonly #asked: string[] = [];

  constructor(options: DriverOptions) {
    const { kernel, journal, settings, signing } = options;
    this.#options = options;
    this.#kernel = kernel;
    this.#suspension = new Suspension(kernel);
    this.#services = options.services;
    this.#settings = settings;
    this.#instance = new Instance(instanceConfiguration(settings), kernel.now());
    this.moves = new Moves(journal, this.#instance);
    this.#records = new Records(journal, this.tallies, this.moves);
    this.recorder = new Recorder(this.#instance);
    this.reception = new Reception(options, (source) => this.#instance.isStranger(source));
    this.network = new Network(kernel, () => this.#wake(), this.#networkEvents());
    this.#advertiser = new Advertiser(
      this.network,
      kernel,
      (...refused) => this.#records.sendFailed(...refused),
      (name, frames) => this.tallies.announced(name, frames),
      (name) => this.keeper.holds(name),
      signing,
    );
    this.keeper = new AddressKeeper({
      ...options,
      network: this.network,
      submit: (event) => this.submit(event),
      now: () => kernel.now(),
      beforeActive: (names) => this.#services.beforeActive(names),
      onStuck: (virtualRouter, detail) => this.#records.addressesStuck(virtualRouter, detail),
      onStandingChanged: () => (this.#changed = true),
    });
    const own = { network: this.network, keeper: this.keeper };
    this.#will = new LeasedWill({ ...options, ...own });
    this.#alarm = new Alarm({
      kernel,
      core: (checks) => this.#instance.nextDeadline(checks),
      checks: () => this.#services.checksDueAt,
      others: () => soonest(this.network, this.keeper, this.#advertiser, options.watchdog),
      onExpired: () => this.#wake(),
    });
    const parts = { kernel, will: this.#will, suspension: this.#suspension, ...own };
    this.#stall = new Stall(parts, this.#take);
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

  flapCount(): number {
    return this.#instance.flapCount(this.#kernel.now());
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

  /** Gives the core an event now. */
  deliver(event: InstanceEvent): void {
    this.hear(event);
    this.#wake();
  }

  /** Puts what a peer has said into the inbox. It is taken by `heard`, or by the wake-up that is under way. */
  hear(event: InstanceEvent): void {
    this.#inbox.push(event);
  }

  /** Takes what was only counted: whoever looks from outside sees how much it was, and when. */
  catchUp(): void {
    if (this.reception.isAnyCounted(this.network)) this.#takeHeard();
  }

  /**
   * Gives the core what the peers have said, now; also called before other work. Nearly all of it only confirms what is
   * known: when nothing follows, and no deadline is due, nothing else is looked at. A packet or a notice wakes us itself.
   */
  heard(): void {
    const isAny = this.#inbox.length > 0 || this.#services.isAnyConfirmed;
    if (isAny || this.#alarm.isDue(this.#kernel.now())) this.#takeHeard();
  }

  #takeHeard(): void {
    if (this.#awake || this.#stopped) return;
    const now = this.#kernel.now();
    const armed = !this.#wakeScheduled && this.#alarm.armedFor !== null;
    if (!armed || this.#alarm.isDue(now) || !this.#will.renew()) return this.#wake();
    this.#awake = true;
    let quiet = true;
    try {
      const take = (event: InstanceEvent, at: Instant): void => {
        if (this.#handle(event, at).length > 0) quiet = false;
      };
      this.reception.repetitions(this.network, take);
      for (const event of this.#inbox.splice(0)) take(event, now);
    } finally {
      this.#awake = false;
    }
    if (!quiet || this.#changed) this.#wake();
    else this.#rest(now);
  }

  /** Link pairs are counted but not judged while bypassed or settling. */
  setInhibited(inhibited: boolean): void {
    this.network.setInhibited(inhibited);
    this.#wake();
  }

  /** Carries out an operator's order; returns the refusal, or null. */
  operate(order: Extract<InstanceEvent, { kind: 'operator' }>): ReportEffect | null {
    const effects = this.#turn(() => {
      const own = this.#handle(order, this.#kernel.now());
      this.#takeInbox();
      this.#changed = true;
      this.#flush();
      this.#rest(this.#kernel.now());
      return own;
    });
    const reports = effects.filter((effect) => effect.kind === 'report');
    return reports.find(({ report }) => report === 'refused') ?? null;
  }

  /** Applies new settings to the running instance; only the difference is noticed. */
  configure(settings: Settings): void {
    if (this.#stopped) return;
    this.#turn(() => {
      // A virtual router that goes says farewell with its old settings, on its old socket.
      const configuration = instanceConfiguration(settings);
      this.#handle({ kind: 'configure', configuration }, this.#kernel.now());
      this.#send();
      this.#settings = settings;
      this.#changed = true;
      this.#adopt(settings);
      this.#look();
    });
  }

  /**
   * Leaves the election: priority 0 now; the addresses stay until a successor is heard or its time
   * is over, then the executor removes them. A stop is the same path as a crash.
   * @returns what stands nevertheless when the executor has finished.
   */
  async stop(): Promise<readonly AddressTarget[]> {
    if (this.#stopped) return [];
    this.#turn(() => {
      this.#stopped = true;
      this.keeper.suspend();
      this.#handle({ kind: 'stop' }, this.#kernel.now());
      // Nobody will come: what is left to be done is to remove what stands.
      if (this.snapshot().isAlone) this.#will.leave(this.#settings, this.snapshot());
      this.#send();
      this.#services.leaveChecks(() => null);
      this.#alarm.close();
      this.network.close();
      this.#options.onChange();
    });
    await this.#options.executor.finish({ farewellSent: true });
    this.network.lookAgain();
    const remaining = remainingOf(this.network, this.keeper.standing());
    for (const target of remaining) this.#records.addressesLeft(target);
    return remaining;
  }

  #adopt(settings: Settings, leftovers?: Leftovers): void {
    this.#stall.configure(settings);
    this.#routers = new Map(settings.virtualRouters.map((router) => [router.name, router]));
    const isKnown = (name: string): boolean => this.#routers.has(name);
    this.tallies.keepOnly(isKnown);
    this.moves.keepOnly(isKnown);
    this.#options.signing.configure(settings);
    this.keeper.configure(settings.vip, settings.virtualRouters, leftovers);
    this.network.configure(settings);
    // What has yet to go, now that the mode is off, goes by the program that waits.
    const goes = settings.ha.mode === 'off' && this.keeper.standing().length > 0;
    if (!goes) this.#options.executor.setStandby(standbyOf(settings));
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
      resynchronized: () => this.#records.resynchronized(),
      socketFailed: (port, code) => this.#records.socketFailed(port, code),
      networkReadable: () => this.#networkReadable(),
    };
  }

  /** The kernel also tells of each lifetime that the executor renews. If there is nothing else, nothing follows. */
  #networkReadable(): void {
    if (this.#awake || this.#stopped) return;
    if (!this.network.drain(this.#kernel.now())) return;
    this.#networkChanged();
    this.#wake();
  }

  #networkChanged(): void {
    this.#novelty.note();
    this.#doubts = true;
    this.#services.networkChanged();
  }

  /** An event from outside, or the clock. Within a turn it begins none: what it brought is in the inbox. */
  #wake(): void {
    if (!this.#awake && !this.#stopped) this.#turn(() => undefined);
  }

  /**
   * Every event from outside comes in by this: the driver first takes what has happened by now, then does `act`. What the
   * effects bring about meanwhile waits in the inbox until all of them are done.
   */
  #turn<Answer>(act: () => Answer): Answer {
    assert(!this.#awake, 'an effect begins no turn of its own');
    this.#awake = true;
    try {
      if (!this.#stopped) this.#look();
      return act();
    } finally {
      this.#awake = false;
    }
  }

  #look(): void {
    this.#stall.notice(this.#alarm.armedFor);
    if (this.network.drain(this.#kernel.now())) this.#networkChanged();
    this.keeper.kernelTold();
    this.reception.repetitions(this.network, this.#take);
    this.#services.hearPeers();
    this.#takeInbox();
    this.reception.receive(this.network, this.#take);
    this.#takeInbox();
    this.#passDeadlines();
    this.#flush();
    const now = this.#kernel.now();
    this.#options.watchdog?.alive(now);
    this.#rest(now);
  }

  /** Until something happens that is more than a repetition, or a deadline has come. */
  #rest(now: Instant): void {
    this.reception.distrust(this.network, this.#instance, this.#doubts);
    this.#doubts = false;
    this.#services.leaveChecks(() => this.#alarm.bounded(this.#instance.checkPlan(), now));
    this.#alarm.arm(now);
  }

  readonly #sendUntil = (): Microseconds => this.#stall.sendUntil();

  readonly #take = (event: InstanceEvent, at: Instant): void => void this.#handle(event, at);

  #takeInbox(): void {
    while (this.#inbox.length > 0) {
      for (const event of this.#inbox.splice(0)) this.#handle(event, this.#kernel.now());
    }
  }

  #passDeadlines(): void {
    // What falls due meanwhile has a wake-up of its own: else a machine too slow would never send what is due.
    const begun = this.#kernel.now();
    for (let passed = 0; ; passed += 1) {
      const deadline = this.#alarm.passed(begun);
      if (deadline === null) return;
      assert(passed < DEADLINES_PER_WAKE, `${deadline.cause} of ${deadline.owner} passes`);
      this.tallies.passed(deadline, this.#handle(DEADLINE, this.#kernel.now()));
    }
  }

  #flush(): void {
    this.keeper.flush();
    this.#send();
    if (!this.#will.renew()) {
      this.submit({ kind: 'deadline' }); // revoked this very moment: the next wake-up begins with it
    } else if (this.#changed) {
      this.#changed = false;
      this.#will.leave(this.#settings, this.snapshot());
      this.#options.onChange();
    } else if (this.#will.isOutdated()) this.#will.leave(this.#settings, this.snapshot());
    this.#options.onWake(this.#novelty.told());
    if (this.#inbox.length > 0) this.submit(DEADLINE);
  }

  /**
   * What is due on the links, then one message to the peers, however much a wake-up has changed: one
   * that hears of our addresses lets go of its own, so by then the hosts have heard of them too.
   */
  #send(): void {
    if (!this.#advertiser.flush(this.#sendUntil)) {
      this.#stall.noticeWithin();
      this.keeper.flush();
    }
    this.tallies.lateness.sent(() => this.#kernel.now());
    const news = this.#news;
    this.#news = null;
    if (news !== null) this.#services.peerNews(news);
    if (this.#asked.length > 0) this.#services.checkPeers(this.#asked.splice(0));
  }

  #handle(event: InstanceEvent, at: Instant): readonly InstanceEffect[] {
    this.#stall.step();
    this.recorder.record(event, at);
    if (event.kind === 'advertisement' && event.advertisement.priority > 0) {
      this.keeper.successorHeard(event.virtualRouter);
    }
    const effects = this.#instance.handle(event, at);
    this.#novelty.take(event, effects);
    this.#alarm.eventTaken(event, this.#instance.onlyDelayed);
    this.#doubts ||= !this.#instance.onlyDelayed;
    for (const effect of effects) this.#perform(effect);
    if (this.moves.handled(event)) this.#changed = true;
    if (MONITOR_EVENTS.has(event.kind)) this.#services.monitors(this.#instance.monitors());
    return effects;
  }

  #perform(effect: InstanceEffect): void {
    this.#stall.step();
    switch (effect.kind) {
      case 'send-advertisement':
      case 'announce': {
        const settings = this.#routers.get(effect.virtualRouter);
        if (settings === undefined) return;
        if (effect.kind === 'announce') this.#advertiser.queueAnnouncement(settings);
        else this.#advertiser.queueAdvertisement(settings, effect);
        return;
      }
      case 'set-addresses':
        this.keeper.want(effect.virtualRouter, effect.present);
        this.#changed = true;
        return;
      case 'transition':
        this.#changed = true;
        this.#services.transition(effect, this.#records.transition(effect));
        return;
      case 'report':
        // What anybody on the link can cause must not have files rewritten.
        if (!isRemark(effect.report)) this.#changed = true;
        this.#records.report(effect);
        return;
      case 'check-peer':
        this.#asked.push(effect.peer);
        return;
      case 'ask-gateway':
        this.#services.askGateway();
        return;
      case 'peer-news':
        this.#news = effect.report;
        return;
      case 'witness':
        this.#services.orderWitness(effect.order);
        return;
      case 'hold-until':
        this.#options.executor.holdUntil(this.#suspension.byBootTime(effect.until));
        return;
      case 'set-bypass':
        this.#changed = true;
        this.#services.setBypass(effect.desired, effect.reason);
    }
  }
}
