// The last will that the executor holds, and the lease that it lapses with: the executor revokes it when this process
// hangs while it holds addresses. What stands in the will is last-will.ts's.
import type { Settings } from '../config/settings.js';
import type { InstanceSnapshot } from '../core/interface.js';
import type { Executor } from '../executor/executor.js';
import type { Lease } from '../kernel/kernel.js';
import type { AddressKeeper } from './address-keeper.js';
import { lastWill } from './last-will.js';
import type { Network } from './network.js';
import type { Signing } from './signing.js';

interface LeasedWillOptions {
  readonly executor: Pick<Executor, 'setWill'>;
  readonly lease: Lease;
  readonly network: Network;
  readonly keeper: AddressKeeper;
  readonly signing: Signing;
}

export class LeasedWill {
  readonly #options: LeasedWillOptions;
  #holds = false;
  /** How many advertisements had been signed when the farewell of the will was. */
  #signed = 0;

  constructor(options: LeasedWillOptions) {
    this.#options = options;
  }

  /** An Active of ours has addresses: the lease is renewed, and may be revoked. */
  get holds(): boolean {
    return this.#holds;
  }

  /** Says that this process lives. @returns whether the lease was revoked before that. */
  isRevoked(): boolean {
    return this.#holds && !this.#options.lease.renew();
  }

  /** The addresses are gone, and with them what the lease was for. */
  lose(): void {
    this.#holds = false;
  }

  /** An advertisement was signed after the farewell of the will, which would be taken for an old one. */
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
