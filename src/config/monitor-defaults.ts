// The monitors as the rest of the program sees them, from a file that passed every check. No checks.
import { parseAddress } from '../model/address.js';
import { assert } from '../model/assert.js';
import { milliseconds } from '../model/units.js';
import type { SettingsFile } from './schema.js';
import type { CheckSettings, MonitorSettings } from './settings.js';

type CheckInFile = SettingsFile['checks'][number];

/** Which answers count as a success unless the check says otherwise. */
const SUCCESS = { minimum: 200, maximum: 299 } as const;

export function completeMonitors(file: SettingsFile): MonitorSettings {
  return {
    gateway: gatewayOf(file.gatewayMonitoring),
    bandwidth: bandwidthOf(file.bandwidthMonitoring),
    links: linksOf(file.linkMonitoring),
    checks: file.checks.map(checkOf),
  };
}

function gatewayOf(file: SettingsFile['gatewayMonitoring']): MonitorSettings['gateway'] {
  const { addresses, intervalMs, failureThreshold, recoveryThreshold } = file;
  if (addresses.length === 0) return null;
  return {
    addresses: addresses.map((text) => {
      const address = parseAddress(text);
      assert(address !== null, `${text} passed the checks, so it is an address`);
      return address;
    }),
    interval: milliseconds(intervalMs),
    failureThreshold,
    recoveryThreshold,
    ...(file.interface === undefined ? {} : { interface: file.interface }),
  };
}

function bandwidthOf(file: SettingsFile['bandwidthMonitoring']): MonitorSettings['bandwidth'] {
  const { enabled, interfaces, minimumBps, seconds } = file;
  return enabled ? { interfaces, minimumBps, seconds } : null;
}

function linksOf(file: SettingsFile['linkMonitoring']): MonitorSettings['links'] {
  const { intervalMs, pairs, minimumActive } = file;
  return pairs.length === 0 ? null : { interval: milliseconds(intervalMs), pairs, minimumActive };
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
  const { host, port, url, command } = check;
  switch (check.type) {
    case 'tcp':
      assert(host !== undefined && port !== undefined, 'a checked tcp check has host and port');
      return { type: 'tcp', host, port };
    case 'script':
      assert(command !== undefined, 'a checked script check has a command');
      return { type: 'script', command };
    case 'http':
      assert(url !== undefined, 'a checked http check has a url');
      return httpKind(check, url);
  }
}

function httpKind(check: CheckInFile, url: string): CheckSettings['kind'] {
  const { expectStatus, expectBody, expectHeader, requestHeaders, verifyTls } = check;
  return {
    type: 'http',
    url,
    expectStatus: expectStatus ?? SUCCESS,
    ...(expectBody === undefined ? {} : { expectBody }),
    ...(expectHeader === undefined ? {} : { expectHeader }),
    ...(requestHeaders === undefined ? {} : { requestHeaders }),
    verifyTls: verifyTls ?? true,
  };
}
