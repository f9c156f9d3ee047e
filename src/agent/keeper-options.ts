// What the keeper of addresses is given, and whom it tells. Types only.
import type { InstanceEvent } from '../core/interface.js';
import type { Executor } from '../executor/executor.js';
import type { Instant } from '../model/units.js';
import type { Network } from './network.js';
import type { VirtualMacOptions } from './virtual-macs.js';

export interface KeeperOptions extends Pick<VirtualMacOptions, 'kernel' | 'recordAhead'> {
  readonly network: Network;
  readonly executor: Executor;
  /** Gives the core an event; it is taken after the present wake-up. */
  readonly submit: (event: InstanceEvent) => void;
  readonly now: () => Instant;
  /** What these wait for before their addresses come; null for nothing. */
  readonly beforeActive: (virtualRouters: readonly string[]) => Promise<void> | null;
  /** Addresses that a release could not remove. */
  readonly onStuck: (virtualRouter: string, detail: string) => void;
  /** What may stand on an interface has changed: state.json and the last will need to know. */
  readonly onStandingChanged: () => void;
}
