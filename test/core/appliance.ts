// One of several appliances as data (appliances.ts): what is known of it, what it advertises, its address on the HA link.
// Nothing happens here. No assertions.
import { Instance } from '../../src/core/instance.js';
import type { InstanceConfiguration } from '../../src/core/interface.js';
import type { RouterConfiguration } from '../../src/core/machine/router.js';
import type { IpAddress } from '../../src/model/address.js';
import type { Advertisement } from '../../src/model/advertisement.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import type { Instant } from '../../src/model/units.js';

export interface Appliance {
  readonly name: string;
  readonly address: IpAddress;
  configuration: InstanceConfiguration;
  instance: Instance;
  alive: boolean;
  /** What arrived while its process stood still; null while it runs. */
  inbox: (() => void)[] | null;
  /** Goes up with every start, so that what an earlier life left in the queue is dropped. */
  life: number;
  /** Interfaces that do not exist. */
  readonly missing: Set<string>;
  /** Routers whose takeover script fails. */
  readonly failing: Set<string>;
  readonly wanted: Map<string, boolean>;
  /** Routers whose addresses stand on the interface. */
  readonly present: Set<string>;
  /** What it last had to tell its peers; null before the first time, and once it has stopped. */
  report: PeerReport | null;
  /** Advertisements sent because the Adver_Timer fired, since the journal was last read. */
  readonly periodic: Map<string, number>;
}

/** It has not been started yet. */
export const applianceOf = (
  name: string,
  address: IpAddress,
  configuration: InstanceConfiguration,
  now: Instant,
): Appliance => ({
  name,
  address,
  configuration,
  instance: new Instance(configuration, now),
  alive: false,
  inbox: null,
  life: 0,
  missing: new Set(),
  failing: new Set(),
  wanted: new Map(),
  present: new Set(),
  report: null,
  periodic: new Map(),
});

/** A process that stands still takes what has arrived when it goes on. */
export const receive = ({ inbox }: Appliance, take: () => void): void => {
  if (inbox === null) take();
  else inbox.push(take);
};

/** The address on the HA link of the appliance with this one on the LAN. */
export const haAddress = (address: IpAddress): IpAddress =>
  `10.98.0.${address.split('.').at(-1) ?? ''}` as IpAddress;

export const cutKey = (a: string, b: string, on: string): string =>
  `${[a, b].sort().join(' ')} ${on}`;

export const advertisementOf = (router: RouterConfiguration, priority: number): Advertisement => ({
  vrid: router.vrid,
  priority,
  maxAdvertiseInterval: router.advertisementInterval,
  addresses: router.addresses.map(({ address }) => address),
});

/** `  3.609375`, in columns. */
export const seconds = (at: number): string => (at / 1_000_000).toFixed(6).padStart(10);
