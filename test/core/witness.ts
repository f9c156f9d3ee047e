// Watches everything an instance gives and says what broke a rule that must hold whatever happens.
// Knows the rules, not the machine: it keeps only what the effects themselves have said.
import type { Instance } from '../../src/core/instance.js';
import type { Deadline, InstanceEffect, InstanceEvent } from '../../src/core/interface.js';
import type { RouterSnapshot } from '../../src/core/router-snapshot.js';
import { assert, unreachable } from '../../src/model/assert.js';
import { instant } from '../../src/model/units.js';
import { line, routerOf } from './instance-bench.js';

/** Deadlines at one instant: for each router its timers, its yield, a silence; for each peer; and what follows. */
const DEADLINES_AT_ONCE = 24;

interface Seen {
  state: RouterSnapshot['state'];
  /** The last desire; false before the first. */
  present: boolean;
  /** Since the addresses were last wanted, they were reported present. */
  confirmed: boolean;
}

/** What a virtual router is called, and what it is. */
type Named = readonly [name: string, identity: string];

/** Effects of one event, and how they came about. */
interface Batch {
  readonly event: InstanceEvent;
  readonly effects: readonly InstanceEffect[];
}

export class Witness {
  readonly instance: Instance;
  now: number;
  stopped = false;
  readonly #seen = new Map<string, Seen>();

  constructor(instance: Instance, now: number) {
    this.instance = instance;
    this.now = now;
  }

  /** Lets the time pass, deadline by deadline, then takes the event. */
  happen(event: InstanceEvent, pause: number): readonly InstanceEffect[] {
    const effects = this.pass(this.now + Math.max(0, pause));
    // A packet may carry an arrival time from before the last deadline.
    return [...effects, ...this.#take(event, this.now + Math.min(0, pause))];
  }

  /** Fires every deadline up to and including `until`. */
  pass(until: number): readonly InstanceEffect[] {
    const all: InstanceEffect[] = [];
    let atOnce = 0;
    for (;;) {
      const next = this.instance.nextDeadline();
      if (next === null || next.at > until) break;
      atOnce = next.at > this.now ? 1 : atOnce + 1;
      assert(atOnce <= DEADLINES_AT_ONCE, `progress, not ${next.cause} at ${next.at} for ever`);
      assert(next.at >= this.now, `a deadline not before ${this.now}, ${next.cause} is ${next.at}`);
      this.now = next.at;
      all.push(...this.#take({ kind: 'deadline' }, next.at));
    }
    this.now = Math.max(this.now, until);
    return all;
  }

  #take(event: InstanceEvent, at: number): readonly InstanceEffect[] {
    const before = this.#names();
    const due = this.instance.nextDeadline();
    const effects = this.instance.handle(event, instant(at));
    if (this.instance.onlyDelayed) this.#judgeDelay(due);
    if (event.kind === 'configure') this.#follow(before);
    this.#judge({ event, effects });
    if (event.kind === 'stop') this.stopped = true;
    this.#compareWithSnapshot();
    return effects;
  }

  /** Whoever armed a timer for `before` need not arm it anew. */
  #judgeDelay(before: Deadline | null): void {
    const now = this.instance.nextDeadline();
    if (now === null) return;
    assert(before !== null, `nothing was waited for, and only delayed ${now.cause} is`);
    assert(now.at >= before.at, `only delayed, from ${before.at} (${before.cause}) to ${now.at}`);
  }

  /** Names, and what each virtual router is (RFC 9568 §6). */
  #names(): readonly Named[] {
    const { virtualRouters } = this.instance.snapshot(instant(this.now));
    return virtualRouters.map(({ configuration: { name, interface: link, family, vrid } }) => [
      name,
      `${link} ${family} ${vrid}`,
    ]);
  }

  /** One whose name no other had, or has now, may be called something else from now on. */
  #follow(before: readonly Named[]): void {
    const after = this.#names();
    const [former, current] = [new Map(before), new Map(after)];
    const anew = after.filter(([name]) => !former.has(name));
    for (const [name, identity] of before) {
      const seen = this.#seen.get(name);
      const at = anew.findIndex(([, other]) => other === identity);
      if (seen === undefined || current.has(name) || at < 0) continue;
      for (const [now] of anew.splice(at, 1)) this.#seen.set(now, seen);
      this.#seen.delete(name);
    }
  }

  #judge(batch: Batch): void {
    if (batch.event.kind === 'addresses-present') {
      const seen = this.#of(batch.event.virtualRouter);
      if (seen.present) seen.confirmed = true;
    }
    for (const [index, effect] of batch.effects.entries()) {
      const about = routerOf(effect);
      const later = batch.effects.slice(index + 1).filter((one) => routerOf(one) === about);
      this.#judgeEffect(batch, effect, later);
    }
  }

  #judgeEffect({ event }: Batch, effect: InstanceEffect, later: readonly InstanceEffect[]): void {
    const about = routerOf(effect);
    if (about === undefined) return;
    const seen = this.#of(about);
    const says = line(effect);
    switch (effect.kind) {
      case 'send-advertisement':
        assert(this.#maySend(effect, seen, later, event), `${says} while ${seen.state}`);
        return;
      case 'set-addresses':
        if (effect.present) this.#judgeAddition(event, seen, later, says);
        seen.present = effect.present;
        seen.confirmed = false;
        return;
      case 'announce':
        assert(seen.state === 'Active' && seen.confirmed, `${says} without address`);
        return;
      case 'transition':
        assert(effect.from === seen.state, `${says} while ${seen.state}`);
        assert(effect.from !== effect.to, `${says} goes somewhere`);
        seen.state = effect.to;
        return;
      case 'report':
      case 'check-peer':
      case 'ask-gateway':
      case 'witness':
      case 'hold-until':
      case 'peer-news':
      case 'set-bypass':
        return;
    }
    unreachable(effect);
  }

  /**
   * An Active sends; one that becomes Active sends just before it says so; priority 0 is sent just
   * before leaving, and by a Backup as its question to an Active that falls silent, whose time is a
   * deadline. After the stop only the farewell remains.
   */
  #maySend(
    { priority }: Extract<InstanceEffect, { kind: 'send-advertisement' }>,
    { state }: Seen,
    later: readonly InstanceEffect[],
    event: InstanceEvent,
  ): boolean {
    const next = later.find(({ kind }) => kind !== 'set-addresses' && kind !== 'report');
    const becomes = next?.kind === 'transition' ? next.to : state;
    if (this.stopped) return false;
    if (event.kind === 'stop') return priority === 0 && state === 'Active' && becomes !== 'Active';
    if (priority === 0 && state === 'Backup') return event.kind === 'deadline';
    if (priority === 0) return state === 'Active' && becomes !== 'Active';
    return priority <= 255 && (becomes === 'Active' || state === 'Active');
  }

  /** Addresses are added on becoming Active, to restore them, again, or because the list changed. */
  #judgeAddition(
    event: InstanceEvent,
    { state }: Seen,
    later: readonly InstanceEffect[],
    says: string,
  ): void {
    const becomesActive = later.some(
      (effect) => effect.kind === 'transition' && effect.to === 'Active',
    );
    const causes = ['addresses-removed', 'configure', 'deadline'];
    const restores = state === 'Active' && causes.includes(event.kind);
    assert(becomesActive || restores, `${says} while ${state}, at ${event.kind}`);
  }

  /** What the effects said is what the snapshot says, for every virtual router there is. */
  #compareWithSnapshot(): void {
    const { mode, virtualRouters } = this.instance.snapshot(instant(this.now));
    const names = new Set(virtualRouters.map(({ configuration }) => configuration.name));
    for (const [name, seen] of this.#seen) {
      if (names.has(name)) continue;
      assert(seen.state === 'Initialize' && !seen.present, `${name} left nothing behind`);
      this.#seen.delete(name);
    }
    for (const router of virtualRouters) {
      const seen = this.#of(router.configuration.name);
      const { name, priority } = router.configuration;
      assert(seen.state === router.state, `${name} ${seen.state}, the snapshot ${router.state}`);
      assert(seen.present === (router.state === 'Active'), `${name} holds what its state says`);
      const rests = router.state === 'Initialize' || router.releasing !== null;
      assert(mode !== 'off' || rests, `${name} rests when off, or is being handed over`);
      assert(!this.stopped || router.state === 'Initialize', `${name} rests when stopped`);
      const { effectivePriority } = router;
      assert(
        priority === 255 ? effectivePriority === 255 : isOrdinary(effectivePriority),
        `${name} priority ${effectivePriority} of ${priority}`,
      );
      assert(router.lastAdvertisementAge === null || router.lastAdvertisementAge >= 0, 'an age');
    }
  }

  #of(name: string): Seen {
    const known = this.#seen.get(name);
    if (known !== undefined) return known;
    const seen: Seen = { state: 'Initialize', present: false, confirmed: false };
    this.#seen.set(name, seen);
    return seen;
  }
}

const isOrdinary = (priority: number): boolean => priority >= 1 && priority <= 254;
