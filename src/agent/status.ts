// The answer to `understudy status`: what the core thinks beside what the kernel has. Derived anew at
// each call; nothing is kept here.
import type { Settings } from '../config/settings.js';
import type { InstanceSnapshot } from '../core/interface.js';
import type { RouterSnapshot } from '../core/router-snapshot.js';
import { formatAddressWithPrefix } from '../model/address.js';
import type {
  InterfaceStatus,
  RealtimeStatus,
  Status,
  SyncStatus,
  WitnessStatus,
  VirtualRouterStatus,
} from '../model/status.js';
import type { Instant } from '../model/units.js';
import type { BypassStatus } from '../hooks/bypass.js';
import type { Driver } from './driver.js';
import { healthOf } from './health.js';
import type { PeerChannel } from '../peer-channel/peer-channel.js';
import { readinessOf } from './readiness.js';
import { peerStatuses, type PathSource } from './peer-status.js';

interface StatusInput {
  readonly driver: Driver;
  readonly channel: PathSource & Pick<PeerChannel, 'counters' | 'keys'>;
  /** Null where no bypass is set up. */
  readonly bypass: () => Pick<BypassStatus, 'segments'> | null;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** The wall clock and the monotonic clock, read together. */
  readonly wallClock: () => number;
  readonly now: () => Instant;
  readonly realtime: () => RealtimeStatus;
  /** Undefined while nothing is known of shared settings. */
  readonly sync?: () => SyncStatus | undefined;
  /** Undefined where the settings name none. */
  readonly witness?: () => WitnessStatus | undefined;
  readonly witnessProblems?: () => readonly string[];
  /** What is wrong besides the virtual routers: files that cannot be written, settings refused. */
  readonly problems: () => readonly string[];
  /** What of it keeps the script of the addresses from being run; default: nothing. */
  readonly scriptProblems?: () => readonly string[];
}

export function statusOf(input: StatusInput): Status {
  const { driver, version, startedAt } = input;
  const { settings } = driver;
  const snapshot = driver.snapshot();
  const virtualRouters = routerStatuses(snapshot, input);
  const interfaces = interfaceStatuses(input);
  const peers = peerStatuses(snapshot, settings, input.channel);
  const handover = handoverOf(snapshot);
  const sync = input.sync?.();
  const witness = input.witness?.();
  return {
    name: settings.name,
    version,
    pid: process.pid,
    startedAt: new Date(startedAt).toISOString(),
    time: new Date(input.wallClock()).toISOString(),
    mode: settings.ha.mode,
    primary: settings.ha.primary,
    health: healthOf({
      mode: settings.ha.mode,
      virtualRouters,
      peers,
      monitors: snapshot.monitors,
      leaving: handover?.virtualRouters ?? [],
      keys: input.channel.keys(),
      witness: input.witnessProblems?.() ?? [],
      sync,
      problems: input.problems(),
    }),
    readiness: readinessOf({
      mode: settings.ha.mode,
      virtualRouters,
      peers,
      own: snapshot.own,
      prospects: snapshot.prospects,
      leaving: handover?.virtualRouters ?? [],
      script: input.scriptProblems?.() ?? [],
    }),
    virtualRouters,
    interfaces,
    peers,
    ...haPortOf(input),
    monitors: snapshot.monitors.map(({ name, state, detail, weight, reading }) => ({
      name,
      state,
      detail,
      weight,
      ...(reading === undefined ? {} : { reading }),
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
    handover,
    maintenance: snapshot.memory.maintenance,
    ...standsBackOf(snapshot, input),
    ...(sync === undefined ? {} : { sync }),
    ...(witness === undefined ? {} : { witness }),
    realtime: input.realtime(),
    lateness: driver.tallies.lateness.status(),
  };
}

function routerStatuses(
  { virtualRouters }: Pick<InstanceSnapshot, 'virtualRouters'>,
  input: StatusInput,
): VirtualRouterStatus[] {
  const { settings, tallies } = input.driver;
  const { virtualMacs } = input.driver.keeper;
  const accepts = new Map(
    settings.virtualRouters.map(({ name, acceptMode }) => [name, acceptMode]),
  );
  return virtualRouters.map((router) => {
    const { name, preempt } = router.configuration;
    const takesPartSince = tallies.outOfInitializeSince(name);
    const virtualMac = virtualMacs.statusOf(name);
    return {
      ...routerStatus(router, input),
      ...(router.primaryAddress === null ? {} : { primaryAddress: router.primaryAddress }),
      preempt,
      acceptMode: accepts.get(name) ?? true,
      ...(virtualMac === null ? {} : { virtualMac }),
      ...(takesPartSince === undefined ? {} : { takesPartSince }),
    };
  });
}

function routerStatus(router: RouterSnapshot, input: StatusInput): VirtualRouterStatus {
  const { configuration, counters } = router;
  const { name } = configuration;
  const { keeper } = input.driver;
  const present = new Set(keeper.present(name).map(formatAddressWithPrefix));
  const foreign = new Set(keeper.foreign(name).map(formatAddressWithPrefix));
  const { tallies, moves } = input.driver;
  const lastMove = moves.lastOf(name);
  const sendErrors = tallies.sendErrorsOf(name);
  const { byRouter } = input.driver.reception;
  const discarding = input.driver.reception.unheardBy(name, input.now());
  const primary = primaryOf(name, input.driver.settings);
  return {
    name,
    interface: configuration.interface,
    vrid: configuration.vrid,
    family: configuration.family,
    state: router.state,
    // Before the first transition there is no record to agree with.
    since: tallies.lastTransitionOf(name) ?? wallTime(router.since, input),
    reason: router.reason,
    ...(router.because === '' ? {} : { because: router.because }),
    ...(router.nobodyHeld === null
      ? {}
      : { nobodyHeldAtMostMs: Math.ceil(router.nobodyHeld / 1_000) }),
    ...(lastMove === undefined ? {} : { lastMove }),
    configuredPriority: configuration.priority,
    effectivePriority: router.effectivePriority,
    adjustments: router.adjustments,
    addresses: configuration.addresses.map(formatAddressWithPrefix).map((address) => ({
      address,
      present: present.has(address),
      ...(foreign.has(address) ? { foreign: true as const } : {}),
    })),
    ...(primary === undefined ? {} : { primary }),
    activeAddress: router.activeAddress,
    ...(router.strangerActive ? { strangerActive: true as const } : {}),
    ...(router.rivalAddress === null ? {} : { rivalAddress: router.rivalAddress }),
    ...(router.unheard === null ? {} : { unheard: router.unheard }),
    ...(discarding.length === 0 ? {} : { discarding }),
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
      announcementsSent: tallies.announcementsOf(name),
      transitionsBy: tallies.transitionsOf(name),
      errors: {
        ...byRouter.countsOf(name),
        ...counters.remarks,
        ...(sendErrors === undefined ? {} : { send: sendErrors }),
      },
      ...fieldOf('lastErrors', {
        ...wallTimes(byRouter.lastOf(name), input),
        ...tallies.lastRemarksOf(name),
      }),
    },
  };
}

/** Sent away by an operator, and since when. */
function standsBackOf(
  { memory: { standBack } }: InstanceSnapshot,
  input: StatusInput,
): Pick<Status, 'standsBack'> {
  if (standBack === null) return {};
  return { standsBack: { by: standBack.by, since: wallTime(standBack.since, input) } };
}

/** In active-active each virtual router has its own. */
function primaryOf(name: string, { ha, virtualRouters }: Settings): string | undefined {
  if (ha.mode !== 'active-active') return undefined;
  return virtualRouters.find((router) => router.name === name)?.primary;
}

function haPortOf(input: StatusInput): Pick<Status, 'haPort'> {
  const { channel } = input;
  const counters = channel.counters();
  if (counters === null) return {};
  return {
    haPort: {
      since: wallTime(counters.since, input),
      discarded: counters.discarded,
      ...fieldOf('lastDiscarded', wallTimes(counters.lastDiscarded, input)),
      keys: channel.keys(),
    },
  };
}

function interfaceStatuses(input: StatusInput): InterfaceStatus[] {
  const { network, reception, settings } = input.driver;
  const names = new Set(settings.virtualRouters.map((router) => router.interface));
  return [...names].map((name) => {
    const link = network.linkNamed(name);
    return {
      name,
      ...(link === undefined ? {} : { index: link.index }),
      present: link !== undefined,
      up: link?.up ?? false,
      carrier: link?.carrier ?? false,
      discarded: reception.byInterface.countsOf(name),
      ...fieldOf('lastDiscarded', wallTimes(reception.byInterface.lastOf(name), input)),
    };
  });
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

type Times = Readonly<Record<string, string>>;

/** When the last of each kind came, by the wall clock. */
const wallTimes = (instants: Readonly<Record<string, Instant>>, input: StatusInput): Times =>
  Object.fromEntries(Object.entries(instants).map(([name, at]) => [name, wallTime(at, input)]));

/** A field that is left out while there was none. */
const fieldOf = <Name extends string>(
  name: Name,
  times: Times,
): { readonly [Key in Name]?: Times } =>
  (Object.keys(times).length === 0 ? {} : { [name]: times }) as { readonly [Key in Name]?: Times };

const wallTime = (at: Instant, { now, wallClock }: StatusInput): string =>
  new Date(wallClock() - (now() - at) / 1_000).toISOString();
