// What is allowed and yet worth a word: sections that do nothing, settings without effect, times that are hardly
// meant. No errors: see validate.ts.
import { parseAddress } from '../model/address.js';
import { formatPath, valueAt, type SettingsWarning } from './errors.js';
import { hostsAt } from './placed.js';
import { DEFAULT_PRIORITY, type SettingsFile } from './schema.js';
import type { RouterInFile } from './settings.js';
import { pacesOf, usualTtlSeconds } from './witness-checks.js';

/** `written`: what the file itself says, without defaults. */
export const warningsOf = (file: SettingsFile, written: unknown): SettingsWarning[] => [
  ...primaryWarnings(file),
  ...pairWarnings(file),
  ...idleWarnings(file, written),
  ...witnessWarnings(file),
  ...signingWarnings(file),
  ...gatewayWarnings(file.gatewayMonitoring),
  ...file.checks.flatMap(timeoutWarnings),
];

function primaryWarnings({ ha, bypass, virtualRouters }: SettingsFile): SettingsWarning[] {
  if (ha.mode === 'active-active') {
    // With a relay it says who goes into hardware bypass after too many flaps, in any mode.
    if (!ha.primary || bypass !== undefined) return [];
    const message = 'has no effect in active-active: each virtual router names its own primary';
    return [{ path: 'ha.primary', message }];
  }
  const message = 'has no effect unless ha.mode is active-active: ha.primary decides';
  return virtualRouters.flatMap(({ primary }, index) =>
    primary === undefined ? [] : [{ path: `virtualRouters[${index}].primary`, message }],
  );
}

/** With peers, as plain VRRP speakers have none and may do anything. */
function pairWarnings({ ha, virtualRouters }: SettingsFile): SettingsWarning[] {
  if (ha.peers.length === 0) return virtualRouters.flatMap(peerlessWarnings);
  const own = new Set(ha.peers.flatMap(({ addresses }) => addresses.map(parseAddress)));
  const strangers = (router: RouterInFile, index: number): SettingsWarning[] =>
    hostsAt(router.unicastPeers, ['virtualRouters', index, 'unicastPeers'])
      .filter(({ value }) => !own.has(value))
      .map(({ at, text }) => ({
        path: formatPath(at),
        message: `${text} is no address of a peer in ha.peers`,
      }));
  return [
    ...slow('ha.peerFailureThreshold', ha.peerCheckIntervalMs, ha.peerFailureThreshold),
    ...virtualRouters.flatMap((router, index) => [
      ...(ha.mode === 'active-passive' ? priorityWarnings(router, index, ha.primary) : []),
      ...strangers(router, index),
    ]),
  ];
}

function peerlessWarnings({ sources }: RouterInFile, index: number): SettingsWarning[] {
  if (sources === 'any') return [];
  const message = 'has no effect without ha.peers: every router is heard';
  return [{ path: `virtualRouters[${index}].sources`, message }];
}

function priorityWarnings(
  { priority }: RouterInFile,
  index: number,
  primary: boolean,
): SettingsWarning[] {
  if (priority === undefined) return [];
  const path = `virtualRouters[${index}].priority`;
  if (primary && priority <= DEFAULT_PRIORITY.other) {
    const message = `is ${priority}, and one that is not primary has ${DEFAULT_PRIORITY.other}: the primary would stand back`;
    return [{ path, message }];
  }
  if (primary || priority < DEFAULT_PRIORITY.primary) return [];
  const message = `is ${priority}, and a primary has ${DEFAULT_PRIORITY.primary}: set ha.primary here, or lower it`;
  return [{ path, message }];
}

/** Longer than this to find a fault is hardly meant: another unit, or a digit too many. */
const LONGEST_WAIT_MS = 60_000;

/** `times` attempts `everyMs` apart: what is wrong with so long a time, if anything. */
function slow(path: string, everyMs: number, times: number): SettingsWarning[] {
  if (everyMs * times <= LONGEST_WAIT_MS) return [];
  const message = `a failure is found after ${times} × ${everyMs} ms only: that is ${(everyMs * times) / 1000} s`;
  return [{ path, message }];
}

/** What it costs, where it was configured: nothing is wrong with it. */
function witnessWarnings(file: SettingsFile): SettingsWarning[] {
  const { witness, vip } = file;
  if (witness === undefined) return [];
  const ttl = witness.ttlSeconds ?? usualTtlSeconds(vip.leaseSeconds, pacesOf(file));
  const message = `when the Active loses its power, its lease must end first: that takes ${ttl} s and up to 1 s more, where the role is taken in some 0.3 s without a witness`;
  return [{ path: 'witness', message }];
}

function signingWarnings({ signing, virtualRouters }: SettingsFile): SettingsWarning[] {
  const inUse = virtualRouters.some(({ signed }) => signed !== 'off');
  if (!inUse && signing.keyFile !== undefined) {
    const message = 'has no effect: no virtual router says signed: receive, send or require';
    return [{ path: 'signing.keyFile', message }];
  }
  if (!inUse || signing.windowSeconds > 0) return [];
  const message =
    'is 0: after each restart of this agent, recordings of advertisements are heard until their sender is';
  return [{ path: 'signing.windowSeconds', message }];
}

function gatewayWarnings(section: SettingsFile['gatewayMonitoring']): SettingsWarning[] {
  if (section.addresses.length === 0) return [];
  return slow('gatewayMonitoring.failureThreshold', section.intervalMs, section.failureThreshold);
}

/** No attempt begins before the one before it has ended. */
function timeoutWarnings(
  { intervalMs, timeoutMs }: SettingsFile['checks'][number],
  index: number,
): SettingsWarning[] {
  if (timeoutMs <= intervalMs || timeoutMs <= LONGEST_WAIT_MS / 6) return [];
  const message = `is longer than intervalMs (${intervalMs}): one that hangs holds up the next for ${timeoutMs / 1000} s`;
  return [{ path: `checks[${index}].timeoutMs`, message }];
}

function idleWarnings(file: SettingsFile, written: unknown): SettingsWarning[] {
  const { linkMonitoring: links, gatewayMonitoring: gateways } = file;
  const says = (...path: string[]): boolean => valueAt(written, path) !== undefined;
  const all: readonly (SettingsWarning & { readonly when: boolean })[] = [
    {
      when: says('linkMonitoring') && links.pairs.length === 0,
      path: 'linkMonitoring',
      message: 'has no pairs, so nothing is monitored',
    },
    {
      when: says('gatewayMonitoring') && gateways.addresses.length === 0,
      path: 'gatewayMonitoring',
      message: 'has no addresses, so nothing is monitored',
    },
    {
      when: links.pairs.length > 0 && links.minimumActive === 0,
      path: 'linkMonitoring.minimumActive',
      message: 'is 0: no failed link is ever a fault',
    },
    {
      when: says('bandwidthMonitoring') && !says('bandwidthMonitoring', 'enabled'),
      path: 'bandwidthMonitoring',
      message: 'has no effect without enabled: true',
    },
  ];
  return all.flatMap(({ when, ...warning }) => (when ? [warning] : []));
}
