// Fills in what the file leaves open and types the units. The schema's own defaults are in already;
// here are those that depend on the host or on other settings. No checks.
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  familyOf,
  parseAddress,
  parseAddressWithPrefix,
  type IpAddress,
} from '../model/address.js';
import { assert } from '../model/assert.js';
import { parseListen } from '../model/listen.js';
import { milliseconds, millisecondsToCentiseconds } from '../model/units.js';
import { pacesOf, usualTtlSeconds } from './witness-checks.js';
import { DEFAULT_PRIORITY, INSTALLED_VIP_SCRIPT, type SettingsFile } from './schema.js';
import type {
  CheckInFile,
  CheckSettings,
  CompleteFile,
  CompleteRouter,
  MonitorSettings,
  Settings,
  VirtualRouterSettings,
} from './settings.js';

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

/** scripts/accept-mode of this package. */
export const PACKAGE_ACCEPT_MODE = fileURLToPath(
  new URL('../../../scripts/accept-mode', import.meta.url),
);

/** Which answers count as a success unless the check says otherwise. */
const SUCCESS = { minimum: 200, maximum: 299 } as const;

/** Fills in the defaults that depend on the host or on other settings. */
export function completeFile(file: SettingsFile, host: Host): CompleteFile {
  const { ha, vip } = file;
  const name = file.name ?? host.hostName();
  const installed = host.fileExists(INSTALLED_VIP_SCRIPT);
  return {
    ...file,
    name,
    virtualRouters: file.virtualRouters.map((router) => {
      // In active-active each virtual router says for itself who is primary.
      const isPrimary = ha.mode === 'active-active' ? router.primary === name : ha.primary;
      const priority = isPrimary ? DEFAULT_PRIORITY.primary : DEFAULT_PRIORITY.other;
      return { priority, preempt: ha.preempt, ...router };
    }),
    checks: file.checks.map((check) =>
      check.type === 'http' ? { expectStatus: SUCCESS, verifyTls: true, ...check } : check,
    ),
    vip: { script: installed ? INSTALLED_VIP_SCRIPT : PACKAGE_VIP_SCRIPT, ...vip },
  };
}

/** The settings of a file that passed every check. */
export const settingsOf = (file: CompleteFile): Settings => ({
  name: file.name,
  ha: haOf(file.ha),
  monitors: {
    gateway: gatewayOf(file.gatewayMonitoring),
    bandwidth: bandwidthOf(file.bandwidthMonitoring),
    links: linksOf(file.linkMonitoring),
    checks: file.checks.map(checkOf),
  },
  bypass: file.bypass ?? null,
  witness: file.witness === undefined ? null : witnessOf(file.witness, file),
  signing: { ...file.signing, keyFile: file.signing.keyFile ?? null },
  hooks: {
    transition: file.hooks.transition ?? null,
    monitor: file.hooks.monitor ?? null,
    beforeActive: file.hooks.beforeActive ?? null,
    beforeActiveTimeout: milliseconds(file.hooks.beforeActiveTimeoutMs),
  },
  virtualRouters: file.virtualRouters.map(routerOf),
  vip: file.vip,
  realtime: file.realtime,
  metrics: {
    textfile: file.metrics.textfile ?? null,
    interval: milliseconds(file.metrics.intervalSeconds * 1_000),
  },
  console: consoleOf(file.console),
  runtimeDirectory: file.runtimeDirectory,
  stateDirectory: file.stateDirectory,
});

function haOf(file: SettingsFile['ha']): Settings['ha'] {
  const { peerCheckIntervalMs, flapWindowSeconds, preemptDelaySeconds, ...same } = file;
  return {
    ...same,
    keyFile: file.keyFile ?? null,
    peers: file.peers.map(({ name, addresses }) => ({ name, addresses: addresses.map(addressOf) })),
    preemptDelay: milliseconds(preemptDelaySeconds * 1_000),
    peerCheckInterval: milliseconds(peerCheckIntervalMs),
    flapWindow: milliseconds(flapWindowSeconds * 1_000),
  };
}

function consoleOf(file: SettingsFile['console']): Settings['console'] {
  const { listen: text, agentX: daemon, certificateFile, privateKeyFile, ...same } = file;
  const listen = parseListen(text);
  assert(listen !== null, `${text} passed the checks, so it is a place to listen at`);
  const agentX = daemon === undefined ? null : parseListen(daemon);
  const tls =
    certificateFile === undefined || privateKeyFile === undefined
      ? null
      : { certificateFile, privateKeyFile };
  return { ...same, listen, tls, agentX };
}

function witnessOf(
  file: NonNullable<SettingsFile['witness']>,
  whole: CompleteFile,
): Settings['witness'] {
  const { type, endpoints, key, ttlSeconds } = file;
  return {
    type,
    endpoints,
    key,
    ttlSeconds: ttlSeconds ?? usualTtlSeconds(whole.vip.leaseSeconds, pacesOf(whole)),
    caFile: file.caFile ?? null,
    certificateFile: file.certificateFile ?? null,
    privateKeyFile: file.privateKeyFile ?? null,
    user: file.user ?? null,
    passwordFile: file.passwordFile ?? null,
  };
}

function routerOf(file: CompleteRouter): VirtualRouterSettings {
  const { advertisementIntervalMs, ...same } = file;
  const addresses = file.addresses.map((text) => {
    const value = parseAddressWithPrefix(text);
    assert(value !== null, `${text} passed the checks, so it is an address with prefix length`);
    return value;
  });
  const [first] = addresses;
  assert(first !== undefined, 'a checked virtual router has an address');
  return {
    ...same,
    // RFC 9568 §6.4.3: the owner of the addresses accepts in any case.
    acceptMode: file.acceptMode || file.priority === 255,
    family: familyOf(first.address),
    addresses,
    advertisementInterval: millisecondsToCentiseconds(milliseconds(advertisementIntervalMs)),
    unicastPeers: file.unicastPeers.map(addressOf),
  };
}

function addressOf(text: string): IpAddress {
  const value = parseAddress(text);
  assert(value !== null, `${text} passed the checks, so it is an address`);
  return value;
}

function gatewayOf(file: SettingsFile['gatewayMonitoring']): MonitorSettings['gateway'] {
  const { intervalMs, ...same } = file;
  if (file.addresses.length === 0) return null;
  return {
    ...same,
    addresses: file.addresses.map(addressOf),
    interval: milliseconds(intervalMs),
  };
}

function bandwidthOf(file: SettingsFile['bandwidthMonitoring']): MonitorSettings['bandwidth'] {
  const { enabled, ...same } = file;
  return enabled ? same : null;
}

function linksOf(file: SettingsFile['linkMonitoring']): MonitorSettings['links'] {
  const { intervalMs, ...same } = file;
  return file.pairs.length === 0 ? null : { ...same, interval: milliseconds(intervalMs) };
}

function checkOf(check: CheckInFile): CheckSettings {
  const { name, intervalMs, timeoutMs, failureThreshold, recoveryThreshold, weight } = check;
  return {
    name,
    intervalMs,
    timeoutMs,
    failureThreshold,
    recoveryThreshold,
    ...(weight === undefined ? {} : { weight }),
    kind: kindOf(check),
  };
}

function kindOf(check: CheckInFile): CheckSettings['kind'] {
  const { type, host, port, command, url, expectStatus, verifyTls } = check;
  switch (type) {
    case 'tcp':
      assert(host !== undefined && port !== undefined, 'a checked tcp check has host and port');
      return { type, host, port };
    case 'script':
      assert(command !== undefined, 'a checked script check has a command');
      return { type, command };
    case 'http': {
      assert(url !== undefined && expectStatus !== undefined, 'a checked http check has a url');
      const { expectBody, expectHeader, requestHeaders } = check;
      return {
        type,
        url,
        expectStatus,
        ...(expectBody === undefined ? {} : { expectBody }),
        ...(expectHeader === undefined ? {} : { expectHeader }),
        ...(requestHeaders === undefined ? {} : { requestHeaders }),
        verifyTls: verifyTls ?? true,
      };
    }
  }
}
