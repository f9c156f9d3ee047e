// Fills in what the file leaves open and types the units. The schema's own defaults are in already;
// here are those that depend on the host or on other settings. No checks.
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  familyOf,
  parseAddress,
  parseAddressWithPrefix,
  type AddressWithPrefix,
  type IpAddress,
} from '../model/address.js';
import { assert } from '../model/assert.js';
import { milliseconds, millisecondsToCentiseconds } from '../model/units.js';
import { completeMonitors } from './monitor-defaults.js';
import { DEFAULT_PRIORITY, INSTALLED_VIP_SCRIPT, type SettingsFile } from './schema.js';
import { settableValues } from './settable.js';
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

/** Complete settings from a file that passed every check. */
export function completeSettings(file: SettingsFile, host: Host): Settings {
  const name = file.name ?? host.hostName();
  return {
    name,
    ha: completeHa(file.ha),
    monitors: completeMonitors(file),
    bypass: file.bypass ?? null,
    hooks: { transition: file.hooks.transition ?? null, monitor: file.hooks.monitor ?? null },
    virtualRouters: file.virtualRouters.map((router) => completeRouter(router, file.ha, name)),
    vip: {
      script: file.vip.script ?? defaultVipScript(host),
      leaseSeconds: file.vip.leaseSeconds,
    },
    realtime: file.realtime,
    runtimeDirectory: file.runtimeDirectory,
    stateDirectory: file.stateDirectory,
    settable: settableValues(file),
  };
}

function completeHa(ha: SettingsFile['ha']): Settings['ha'] {
  return {
    mode: ha.mode,
    primary: ha.primary,
    preempt: ha.preempt,
    preemptDelay: milliseconds(ha.preemptDelaySeconds * 1_000),
    port: ha.port,
    keyFile: ha.keyFile ?? null,
    peers: ha.peers.map(({ name, addresses }) => ({ name, addresses: addresses.map(checkedPeer) })),
    peerCheckInterval: milliseconds(ha.peerCheckIntervalMs),
    peerFailureThreshold: ha.peerFailureThreshold,
    peerRecoveryThreshold: ha.peerRecoveryThreshold,
    maximumFlaps: ha.maximumFlaps,
    flapWindow: milliseconds(ha.flapWindowSeconds * 1_000),
  };
}

const defaultVipScript = (host: Host): string =>
  host.fileExists(INSTALLED_VIP_SCRIPT) ? INSTALLED_VIP_SCRIPT : PACKAGE_VIP_SCRIPT;

function completeRouter(
  router: SettingsFile['virtualRouters'][number],
  ha: SettingsFile['ha'],
  ownName: string,
): VirtualRouterSettings {
  // In active-active each virtual router says for itself who is primary.
  const isPrimary = ha.mode === 'active-active' ? router.primary === ownName : ha.primary;
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
    priority: router.priority ?? (isPrimary ? DEFAULT_PRIORITY.primary : DEFAULT_PRIORITY.other),
    preempt: router.preempt ?? ha.preempt,
    checksum: router.checksum,
    unicastPeers: router.unicastPeers.map(checkedPeer),
    ...(router.primary === undefined ? {} : { primary: router.primary }),
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
