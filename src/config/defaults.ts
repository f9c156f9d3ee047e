// Fills in what the file leaves open and types the units. The schema's own defaults are in already;
// here are those that depend on the host or on other settings. No checks.
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { ChecksumDialect } from '../model/advertisement.js';
import {
  familyOf,
  parseAddress,
  parseAddressWithPrefix,
  type AddressWithPrefix,
  type IpAddress,
} from '../model/address.js';
import { assert } from '../model/assert.js';
import type { HaMode } from '../model/status.js';
import { milliseconds, millisecondsToCentiseconds } from '../model/units.js';
import { DEFAULT_PRIORITY, INSTALLED_VIP_SCRIPT } from './schema.js';
import type { Settings, VirtualRouterSettings } from './settings.js';

/** What of the host the defaults depend on. Tests pass their own. */
export interface Host {
  hostName(): string;
  fileExists(path: string): boolean;
}

export const thisHost: Host = {
  hostName: hostname,
  fileExists: existsSync,
};

/** scripts/vip of this package: dist/src/config is three folders deep. */
export const PACKAGE_VIP_SCRIPT = fileURLToPath(new URL('../../../scripts/vip', import.meta.url));

/** The file as the schema has accepted and completed it. */
export interface SettingsFile {
  readonly name?: string;
  readonly ha: { readonly mode: HaMode; readonly primary: boolean; readonly preempt: boolean };
  readonly virtualRouters: readonly {
    readonly name: string;
    readonly interface: string;
    readonly vrid: number;
    readonly addresses: readonly string[];
    readonly advertisementIntervalMs: number;
    readonly priority?: number;
    readonly preempt?: boolean;
    readonly checksum: ChecksumDialect | 'auto';
    readonly unicastPeers: readonly string[];
  }[];
  readonly vip: { readonly script?: string };
  readonly runtimeDirectory: string;
  readonly stateDirectory: string;
}

/** Complete settings from a file that passed every check. */
export function completeSettings(file: SettingsFile, host: Host): Settings {
  const { mode, primary, preempt } = file.ha;
  return {
    name: file.name ?? host.hostName(),
    ha: { mode, primary, preempt },
    virtualRouters: file.virtualRouters.map((router) => completeRouter(router, file.ha)),
    vip: { script: file.vip.script ?? defaultVipScript(host) },
    runtimeDirectory: file.runtimeDirectory,
    stateDirectory: file.stateDirectory,
  };
}

const defaultVipScript = (host: Host): string =>
  host.fileExists(INSTALLED_VIP_SCRIPT) ? INSTALLED_VIP_SCRIPT : PACKAGE_VIP_SCRIPT;

function completeRouter(
  router: SettingsFile['virtualRouters'][number],
  ha: SettingsFile['ha'],
): VirtualRouterSettings {
  const addresses = router.addresses.map(checkedAddress);
  const [first] = addresses;
  assert(first !== undefined, 'a checked virtual router has an address');
  return {
    name: router.name,
    interface: router.interface,
    vrid: router.vrid,
    family: familyOf(first.address),
    addresses,
    advertisementInterval: millisecondsToCentiseconds(milliseconds(router.advertisementIntervalMs)),
    priority: router.priority ?? (ha.primary ? DEFAULT_PRIORITY.primary : DEFAULT_PRIORITY.other),
    preempt: router.preempt ?? ha.preempt,
    checksum: router.checksum,
    unicastPeers: router.unicastPeers.map(checkedPeer),
  };
}

function checkedAddress(text: string): AddressWithPrefix {
  const value = parseAddressWithPrefix(text);
  assert(value !== null, `${text} passed the checks, so it is an address with prefix length`);
  return value;
}

function checkedPeer(text: string): IpAddress {
  const value = parseAddress(text);
  assert(value !== null, `${text} passed the checks, so it is an address`);
  return value;
}
