// Whether this process was silent for so long that it may have cost the role. What follows is the core's.
import type { Settings } from '../config/settings.js';
import type { InstanceEvent } from '../core/interface.js';
import type { Kernel } from '../kernel/kernel.js';
import { between, microseconds, type Instant } from '../model/units.js';
import type { AddressKeeper } from './address-keeper.js';
import { longestSilence } from './instance-configuration.js';
import type { LeasedWill } from './leased-will.js';
import type { Network } from './network.js';

interface StallParts {
  readonly kernel: Pick<Kernel, 'now'>;
  readonly network: Pick<Network, 'drain'>;
  readonly keeper: Pick<AddressKeeper, 'kernelTold' | 'disturbed'>;
  readonly will: Pick<LeasedWill, 'holds'>;
}

export class Stall {
  readonly #parts: StallParts;
  readonly #handle: (event: InstanceEvent, at: Instant) => void;
  #longest = microseconds(Infinity);
  #leaseSeconds = 0;

  constructor(parts: StallParts, handle: (event: InstanceEvent, at: Instant) => void) {
    this.#parts = parts;
    this.#handle = handle;
  }

  configure(settings: Settings): void {
    this.#longest = longestSilence(settings);
    this.#leaseSeconds = settings.vip.leaseSeconds;
  }

  /**
   * Tells the core of a silence of ours. After one as long as Active_Down_Interval another router may be Active: the core
   * listens before it sends (`stalled`). If the executor was stopped like us and the kernel has let the addresses expire,
   * the role is lost for certain (`revoked`).
   * @param due when this process was to be woken; null for never.
   */
  notice(due: Instant | null): void {
    const { kernel, network, keeper, will } = this.#parts;
    const now = kernel.now();
    if (due === null) return;
    const silence = between(due, now);
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
}
