// Whether this process was silent for so long that it may have cost the role, before a wake-up or within it. What follows
// is the core's.
import type { Settings } from '../config/settings.js';
import type { InstanceEvent } from '../core/interface.js';
import type { Kernel } from '../kernel/kernel.js';
import { after, between, microseconds, type Instant, type Microseconds } from '../model/units.js';
import type { AddressKeeper } from './address-keeper.js';
import { longestSilence } from './instance-configuration.js';
import type { LeasedWill } from './leased-will.js';
import type { Network } from './network.js';
import type { Suspension } from './suspension.js';

interface StallParts {
  readonly kernel: Pick<Kernel, 'now'>;
  readonly network: Pick<Network, 'drain'>;
  readonly keeper: Pick<AddressKeeper, 'kernelTold' | 'disturbed'>;
  readonly will: Pick<LeasedWill, 'holds' | 'renew' | 'lose' | 'step'>;
  readonly suspension: Pick<Suspension, 'passed' | 'byBootTime'>;
}

export class Stall {
  readonly #parts: StallParts;
  readonly #handle: (event: InstanceEvent, at: Instant) => void;
  #longest = microseconds(Infinity);
  #leaseSeconds = 0;
  /** When this process was last seen to get on. Every silence before has been noticed. */
  #seen: Instant;
  /** What has not been sent by then is not to be sent: the longest silence after `#seen`, by CLOCK_BOOTTIME. */
  #sendUntil = microseconds(Infinity);

  constructor(parts: StallParts, handle: (event: InstanceEvent, at: Instant) => void) {
    this.#parts = parts;
    this.#handle = handle;
    this.#seen = parts.kernel.now();
  }

  configure(settings: Settings): void {
    this.#longest = longestSilence(settings);
    this.#leaseSeconds = settings.vip.leaseSeconds;
  }

  /**
   * Tells the core of a silence of ours, and renews the lease. If the lease was revoked meanwhile, the core hears that
   * before anything else. After a silence as long as Active_Down_Interval another router may be Active: the core listens
   * before it sends (`stalled`). If the executor was stopped like us and the kernel has let the addresses expire, the role
   * is lost for certain (`revoked`).
   * @param due when this process was to be woken; null for never.
   */
  notice(due: Instant | null): void {
    const { kernel, network, keeper, will, suspension } = this.#parts;
    const now = kernel.now();
    // Our own clock stood still meanwhile.
    const suspended = suspension.passed();
    if (suspended > 0) this.#handle({ kind: 'suspended', by: suspended }, now);
    this.#begin(now);
    if (!will.renew()) return this.#revoked(now);
    if (due === null) return;
    const silence = between(due, now) + suspended;
    const lease = this.#leaseSeconds;
    if (lease > 0 && silence >= Math.min(this.#longest, lease * 1_000_000)) {
      network.drain(now);
      keeper.kernelTold();
      if (will.holds && keeper.disturbed) {
        this.#handle({ kind: 'revoked' }, now);
        return;
      }
    }
    if (silence >= this.#longest) this.#handle({ kind: 'stalled' }, now);
  }

  /**
   * Tells the core of a silence in the middle of a wake-up, which the sending has found: what was decided before it has not
   * been sent.
   */
  noticeWithin(): void {
    this.notice(this.#seen);
  }

  /** One more thing of a wake-up is done. A silence before it stays to be noticed. */
  step(): void {
    const now = this.#parts.will.step();
    if (now !== null) this.#getsOn(now);
  }

  /**
   * What is not sent by then, by CLOCK_BOOTTIME, is not to be sent. Whoever is stopped in the middle of a wake-up, alone or
   * with its machine, would say afterwards what it decided before, and an Active that took over meanwhile would obey it.
   */
  sendUntil(): Microseconds {
    this.#getsOn(this.#parts.kernel.now());
    return this.#sendUntil;
  }

  #getsOn(now: Instant): void {
    if (between(this.#seen, now) < this.#longest) this.#begin(now);
  }

  #begin(now: Instant): void {
    this.#seen = now;
    const until = this.#longest === Infinity ? null : after(now, this.#longest);
    this.#sendUntil = this.#parts.suspension.byBootTime(until) ?? microseconds(Infinity);
  }

  #revoked(now: Instant): void {
    this.#parts.will.lose();
    this.#handle({ kind: 'revoked' }, now);
  }
}
