// The answer to `understudy status`: what the core thinks beside what the kernel has. Derived anew at
// each call; nothing is kept here.
import type { Settings } from '../config/settings.js';
import type { InstanceSnapshot } from '../core/interface.js';
import type { Peer } from '../core/peers.js';
import type { RouterSnapshot } from '../core/router.js';
import { formatAddressWithPrefix, type AddressWithPrefix } from '../model/address.js';
import { TRANSITION_REASONS, type TransitionReason } from '../model/reasons.js';
import type { PeerReport } from '../model/peer-report.js';
import type { InterfaceStatus, PeerStatus, Status, VirtualRouterStatus } from '../model/status.js';
import type { Instant } from '../model/units.js';
import type { BypassStatus } from './bypass.js';
import type { Driver } from './driver.js';
import type { PeerChannel } from './peer-channel.js';

export interface StatusInput {
  readonly driver: Driver;
  readonly channel: Pick<PeerChannel, 'rttMs'>;
  /** Null where no bypass is set up. */
  readonly bypass: () => Pick<BypassStatus, 'segments'> | null;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** The wall clock and the monotonic clock, read together. */
  readonly wallClock: () => number;
  readonly now: () => Instant;
  /** What is wrong besides the virtual routers: files that cannot be written, settings refused. */
  readonly problems: () => readonly string[];
}

export function statusOf(input: StatusInput): Status {
  const { driver, version, startedAt } = input;
  const { settings } = driver;
  const snapshot = driver.snapshot();
  const virtualRouters = snapshot.virtualRouters.map((router) => routerStatus(router, input));
  const interfaces = interfaceStatuses(driver, settings);
  return {
    name: settings.name,
    version,
    pid: process.pid,
    startedAt: new Date(startedAt).toISOString(),
    mode: settings.ha.mode,
    primary: settings.ha.primary,
    health: health(settings, virtualRouters, [...pairProblems(snapshot), ...input.problems()]),
    virtualRouters,
    interfaces,
    peers: snapshot.peers.map((peer) => peerStatus(peer, input)),
    monitors: snapshot.monitors.map(({ name, state, detail, weight }) => ({
      name,
      state,
      detail,
      weight,
    })),
    flaps: {
      count: snapshot.flapCount,
      limit: settings.ha.maximumFlaps,
      windowSeconds: settings.ha.flapWindow / 1_000,
      latched: snapshot.memory.flaps.latched,
    },
    bypass: {
      ...snapshot.bypass,
      latched: snapshot.memory.bypassEngaged || snapshot.memory.flaps.latched,
      segments: input.bypass()?.segments ?? [],
    },
    handover: handoverOf(snapshot),
    maintenance: snapshot.memory.maintenance,
  };
}

function routerStatus(router: RouterSnapshot, input: StatusInput): VirtualRouterStatus {
  const { configuration, counters } = router;
  const { name } = configuration;
  const present = input.driver.keeper.present(name);
  const sendErrors = input.driver.sendErrors.get(name);
  return {
    name,
    interface: configuration.interface,
    vrid: configuration.vrid,
    family: configuration.family,
    state: router.state,
    // Before the first transition there is no record to agree with.
    since: input.driver.transitionTimes.get(name) ?? wallTime(router.since, input),
    reason: router.reason,
    configuredPriority: configuration.priority,
    effectivePriority: router.effectivePriority,
    adjustments: router.adjustments,
    addresses: configuration.addresses.map((address) => ({
      address: formatAddressWithPrefix(address),
      present: includes(present, address),
    })),
    activeAddress: router.activeAddress,
    advertisementIntervalMs: configuration.advertisementInterval * 10,
    activeAdvertisementIntervalMs: router.activeAdverInterval * 10,
    lastAdvertisementAgeMs:
      router.lastAdvertisementAge === null ? null : Math.round(router.lastAdvertisementAge / 1_000),
    checksum: {
      setting: configuration.checksum,
      sending: router.sending,
      received: router.received,
    },
    counters: {
      advertisementsSent: counters.advertisementsSent,
      advertisementsReceived: counters.advertisementsReceived,
      priorityZeroSent: counters.priorityZeroSent,
      priorityZeroReceived: counters.priorityZeroReceived,
      transitions: counters.transitions,
      errors: {
        ...input.driver.reception.discardedFor(name),
        ...counters.remarks,
        ...(sendErrors === undefined ? {} : { send: sendErrors }),
      },
    },
  };
}

function interfaceStatuses(driver: Driver, settings: Settings): InterfaceStatus[] {
  const names = new Set(settings.virtualRouters.map((router) => router.interface));
  return [...names].map((name) => {
    const link = driver.network.linkNamed(name);
    return {
      name,
      present: link !== undefined,
      up: link?.up ?? false,
      carrier: link?.carrier ?? false,
      discarded: driver.reception.discardedOn(name),
    };
  });
}

const peerStatus = (
  { configuration, state, paths, report }: Peer,
  { channel }: StatusInput,
): PeerStatus => ({
  name: configuration.name,
  state,
  ...(report !== null && state === 'healthy' ? { fitness: fitnessOf(report) } : {}),
  paths: paths.map((path) => ({
    address: path.address,
    state: path.state,
    rttMs: channel.rttMs(configuration.name, path.address),
  })),
});

function fitnessOf({ fit, sound }: PeerReport): 'sound' | 'soft-fault' | 'unfit' {
  if (!fit) return 'unfit';
  return sound ? 'sound' : 'soft-fault';
}

/** The virtual routers that are being handed over, and why; null when none is. */
function handoverOf({
  virtualRouters,
  peers,
}: InstanceSnapshot): NonNullable<Status['handover']> | null {
  const leaving = virtualRouters.filter(({ releasing }) => releasing !== null);
  const reason = leaving[0]?.releasing;
  if (reason === undefined || reason === null) return null;
  const to = peers.find(({ state, report }) => state === 'healthy' && report?.fit === true);
  return {
    virtualRouters: leaving.map(({ configuration }) => configuration.name),
    to: to?.configuration.name ?? null,
    reason,
  };
}

/** What keeps a pair from being one. */
function pairProblems({ peers, differences, monitors }: InstanceSnapshot): string[] {
  return [
    ...peers
      .filter(({ state }) => state !== 'healthy')
      .map(({ configuration, state }) => `peer ${configuration.name} is ${state}`),
    ...differences.map((difference) => `settings differ: ${difference}`),
    ...monitors
      .filter(({ state, weight }) => state === 'failed' && weight !== 'hard')
      .map(({ name, detail }) => `${name}: ${detail}`),
  ];
}

/** Why a virtual router that is out of the election is out of it by choice. */
const CHOSEN: ReadonlySet<TransitionReason> = new Set([
  'mode-off',
  'maintenance',
  'shutdown',
  'startup',
]);

function health(
  settings: Settings,
  routers: readonly VirtualRouterStatus[],
  problems: readonly string[],
): Status['health'] {
  const faults = routers
    .filter(({ state, reason }) => state === 'Initialize' && !CHOSEN.has(reason))
    .map(({ name, reason }) => `${name}: ${TRANSITION_REASONS[reason]}`);
  const lacks = [...routers.flatMap(addressProblems), ...problems];
  const remarks = settings.ha.mode === 'off' ? [TRANSITION_REASONS['mode-off']] : [];
  const reasons = [...faults, ...lacks, ...remarks];
  if (faults.length > 0) return { state: 'fault', reasons };
  return { state: lacks.length > 0 ? 'degraded' : 'healthy', reasons };
}

function addressProblems({ name, state, addresses, adjustments }: VirtualRouterStatus): string[] {
  const missing = addresses.filter(({ present }) => !present).length;
  const problems = adjustments.map(({ name: cause }) => `${name}: priority lowered by ${cause}`);
  if (state === 'Active' && missing > 0) {
    problems.push(`${name}: ${missing} of ${addresses.length} virtual addresses are not present`);
  }
  if (state !== 'Active' && missing < addresses.length) {
    problems.push(`${name}: virtual addresses are present though the state is ${state}`);
  }
  return problems;
}

const includes = (all: readonly AddressWithPrefix[], one: AddressWithPrefix): boolean =>
  all.some(
    ({ address, prefixLength }) => address === one.address && prefixLength === one.prefixLength,
  );

const wallTime = (at: Instant, { now, wallClock }: StatusInput): string =>
  new Date(wallClock() - (now() - at) / 1_000).toISOString();
