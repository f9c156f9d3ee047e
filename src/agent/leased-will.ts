// The last will that the executor holds, and the lease that it lapses with: the executor revokes it when this process
// hangs while it holds addresses. What stands in the will is last-will.ts's.
import type { Settings } from '../config/settings.js';
import type { InstanceSnapshot } from '../core/interface.js';
import type { Executor } from '../executor/executor.js';
import type { Kernel, Lease } from '../kernel/kernel.js';
import { between, type Instant } from '../model/units.js';
import type { AddressKeeper } from './address-keeper.js';
import { lastWill } from './last-will.js';
import type { Network } from './network.js';
import type { Signing } from './signing.js';
import type { Watchdog } from './watchdog.js';

interface LeasedWillOptions {
  readonly executor: Pick<Executor, 'setWill'>;
  readonly lease: Lease;
  readonly kernel: Pick<Kernel, 'now'>;
  readonly watchdog?: Watchdog;
  readonly network: Network;
  readonly keeper: AddressKeeper;
  readonly signing: Signing;
}

/** The clock is looked at after so many steps: one takes 0.3 ms with a thousand virtual routers. */
const STEPS_A_LOOK = 16;
/** A wake-up that has not come to its end after so long, in µs, is taken for one that never will. */
const LONGEST_WAKE_UP = 30_000_000;

export class LeasedWill {
  readonly #options: LeasedWillOptions;
  #holds = false;
  /** How many advertisements had been signed when the farewell of the will was. */
  #signed = 0;
  /** Since the last sign of life. */
  #steps = 0;
  /** When the first of them were looked at; null before. */
  #steppingSince: Instant | null = null;

  constructor(options: LeasedWillOptions) {
    this.#options = options;
  }

  /** Whether the lease is held: an Active of ours has addresses. Only then can it be revoked. */
  get holds(): boolean {
    return this.#holds;
  }

  /** Says that this process lives, if the lease is held. @returns false when it had been revoked by then. */
  renew(): boolean {
    this.#steps = 0;
    this.#steppingSince = null;
    return !this.#holds || this.#options.lease.renew();
  }

  /**
   * One more thing of a wake-up is done. With many virtual routers on a busy machine a wake-up takes seconds: who gets on
   * does not hang, and neither the executor nor the service manager is to end it.
   * @returns what the clock says, where it was looked at.
   */
  step(): Instant | null {
    this.#steps += 1;
    if (this.#steps % STEPS_A_LOOK !== 0) return null;
    const { kernel, lease, watchdog } = this.#options;
    const now = kernel.now();
    this.#steppingSince ??= now;
    if (between(this.#steppingSince, now) >= LONGEST_WAKE_UP) return now;
    if (this.#holds) lease.step();
    watchdog?.alive(now);
    return now;
  }

  /** The addresses are gone, and with them what the lease was for. */
  lose(): void {
    this.#holds = false;
  }

  /** Whether an advertisement was signed after the farewell of the will, so that others would discard the farewell as old. */
  isOutdated(): boolean {
    return this.#holds && this.#signed !== this.#options.signing.signed;
  }

  /** The lease is taken before the will that lapses with it is set. */
  leave(settings: Settings, snapshot: InstanceSnapshot): void {
    const { executor, lease, network, keeper, signing } = this.#options;
    const will = lastWill({
      settings,
      snapshot,
      standing: keeper.standing(),
      inherited: keeper.inherited(),
      signing,
      linkNamed: (name) => network.linkNamed(name),
      addressesOn: (name) => network.addressesOn(name),
      links: keeper.virtualMacs.removable(),
      putBack: keeper.virtualMacs.putBackMessages(),
    });
    const holds = will !== null && will.lease !== null;
    if (holds && !this.#holds) lease.take();
    this.#holds = holds;
    executor.setWill(will);
    this.#signed = signing.signed;
  }
}
