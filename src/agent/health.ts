// The first line of a status: how this appliance is, and every reason, in words. It reads what the
// status says anyway and measures nothing itself.
import type { MonitorStatus } from '../model/monitor.js';
import { TRANSITION_REASONS, type TransitionReason } from '../model/reasons.js';
import { OTHER_RULES } from '../model/settings-digest.js';
import type {
  HaMode,
  HealthKind,
  KeyStatus,
  PeerStatus,
  Status,
  SyncStatus,
  VirtualRouterStatus,
} from '../model/status.js';
import { keyWords } from './key-words.js';
import { linkReasons } from './link-reasons.js';

export interface HealthInput {
  readonly mode: HaMode;
  readonly virtualRouters: readonly VirtualRouterStatus[];
  readonly peers: readonly PeerStatus[];
  readonly monitors: readonly MonitorStatus[];
  /** The virtual routers that are being handed over. */
  readonly leaving: readonly string[];
  /** The keys of the HA port that are in force. */
  readonly keys: readonly KeyStatus[];
  /** What is wrong with the witness. */
  readonly witness?: readonly string[];
  /** Settings that the group shares; absent where it shares none. */
  readonly sync?: SyncStatus | undefined;
  /** What is wrong besides: files that cannot be written, settings refused. */
  readonly problems: readonly string[];
}

/** Why a virtual router that is out of the election is out of it by choice. */
const CHOSEN: ReadonlySet<TransitionReason> = new Set([
  'mode-off',
  'maintenance',
  'shutdown',
  'startup',
]);

/**
 * `fault`: out of the election, and nobody chose that, or unable to hold what it is there for. `degraded`: something is wrong, or nobody
 * could take over. The reasons that weigh most come first.
 */
export function healthOf(input: HealthInput): Status['health'] {
  const { mode, virtualRouters, monitors, problems, peers } = input;
  const rotation = keyWords(input.keys, peers);
  const faults: Found = [
    ['nobody-holds', virtualRouters.flatMap((router) => nobodyReasons(router, input))],
    ['out-of-election', faultReasons(virtualRouters)],
    ['addresses-yielded', virtualRouters.flatMap(yieldReasons)],
  ];
  const lacks: Found = [
    ['maintenance', chosenReasons(virtualRouters)],
    ['addresses', virtualRouters.flatMap(addressReasons)],
    ['dual-active', dualReasons(input)],
    ['link', virtualRouters.flatMap((router) => linkReasons(router, peers))],
    ['peer', peers.flatMap(peerReasons)],
    ['witness', input.witness ?? []],
    ['monitor', monitors.flatMap(monitorReasons)],
    ['key', rotation.lacks],
    ['sync', syncReasons(input.sync)],
    ['host', problems],
  ];
  const remarks: Found = [
    [
      'remark',
      [
        ...(mode === 'off' ? [TRANSITION_REASONS['mode-off']] : []),
        ...peers.flatMap(ruleRemarks),
        ...rotation.remarks,
      ],
    ],
  ];
  const all = [...faults, ...lacks, ...remarks];
  const kinds: Partial<Record<HealthKind, number>> = {};
  for (const [kind, { length }] of all) if (length > 0) kinds[kind] = length;
  const reasons = all.flatMap(([, words]) => words);
  if (!isEmpty(faults)) return { state: 'fault', reasons, kinds };
  return { state: isEmpty(lacks) ? 'healthy' : 'degraded', reasons, kinds };
}

/** Reasons by what they are about, in the order in which they are told. */
type Found = readonly (readonly [HealthKind, readonly string[]])[];

const isEmpty = (found: Found): boolean => found.every(([, words]) => words.length === 0);

/** `lan, wan: the interface has no carrier`: what keeps several out is told once. */
function faultReasons(routers: readonly VirtualRouterStatus[]): string[] {
  const names = new Map<TransitionReason, string[]>();
  for (const { name, state, reason } of routers) {
    if (state !== 'Initialize' || CHOSEN.has(reason)) continue;
    names.set(reason, [...(names.get(reason) ?? []), name]);
  }
  return [...names].map(
    ([reason, concerned]) => `${concerned.join(', ')}: ${TRANSITION_REASONS[reason]}`,
  );
}

/** In the election for want of anybody else: it has tried, and its kernel does not have them. */
const yieldReasons = ({ name, adjustments }: VirtualRouterStatus): string[] =>
  adjustments.some((one) => one.name === 'address-lost')
    ? [`${name}: its virtual addresses cannot be put in place, or do not stay there: priority 1`]
    : [];

/** Out of it for reasons that are over in a moment. */
const PASSING: ReadonlySet<TransitionReason> = new Set(['startup', 'shutdown', 'settings-changed']);

/** Whoever has one of these hears no advertisement. */
const DEAF: ReadonlySet<TransitionReason> = new Set([
  'interface-missing',
  'interface-renamed',
  'interface-down',
  'no-carrier',
  'no-primary-address',
  'socket-failed',
]);

/** No Active_Down_Interval is longer, in intervals. */
const SILENT_INTERVALS = 4;

/**
 * Nobody has it, whoever chose that: we are out of the election, so is every peer, and nobody else is
 * heard. Where HA is off and there are no peers, that is what was asked for.
 */
function nobodyReasons(
  router: VirtualRouterStatus,
  { mode, peers }: Pick<HealthInput, 'mode' | 'peers'>,
): string[] {
  const { name, state, reason } = router;
  if (state !== 'Initialize' || PASSING.has(reason)) return [];
  const isDeaf = DEAF.has(reason);
  // Without peers nothing is known where nothing can be heard.
  if (peers.length === 0 && (isDeaf || mode === 'off')) return [];
  if (!isDeaf && isHeard(router)) return [];
  if (!peers.every((peer) => isOutAt(peer, name) || (!isDeaf && peer.state !== 'healthy'))) {
    return [];
  }
  const addresses = router.addresses.map(({ address }) => address.split('/', 1)[0]);
  if (addresses.length === 0) return [];
  const shown = addresses.slice(0, 3).join(', ');
  const more = addresses.length > 3 ? ` and ${addresses.length - 3} more` : '';
  return [`${name}: nobody holds ${shown}${more}`];
}

/** Some other router advertises. */
function isHeard({
  lastAdvertisementAgeMs: age,
  advertisementIntervalMs: ours,
  activeAdvertisementIntervalMs: theirs,
}: VirtualRouterStatus): boolean {
  return age !== null && age <= SILENT_INTERVALS * Math.max(ours, theirs);
}

const isOutAt = ({ state, virtualRouters = [] }: PeerStatus, name: string): boolean =>
  state === 'healthy' &&
  virtualRouters.every((theirs) => theirs.name !== name || theirs.state === 'Initialize');

/** Out of it by choice, but nobody may forget. */
const chosenReasons = (routers: readonly VirtualRouterStatus[]): string[] =>
  routers.some(({ state, reason }) => state === 'Initialize' && reason === 'maintenance')
    ? [TRANSITION_REASONS.maintenance]
    : [];

function addressReasons(router: VirtualRouterStatus): string[] {
  const { name, state, addresses, adjustments } = router;
  const missing = addresses.filter(({ present }) => !present).length;
  const ours = addresses.filter(({ present, foreign }) => present && foreign !== true).length;
  const lowered = adjustments.filter(({ name: cause }) => cause !== 'address-lost');
  const reasons = lowered.map(({ name: cause }) => `${name}: priority lowered by ${cause}`);
  if (state === 'Active' && missing > 0) {
    reasons.push(`${name}: ${missing} of ${addresses.length} virtual addresses are not present`);
  }
  if (state !== 'Active' && ours > 0) {
    reasons.push(`${name}: virtual addresses are present though the state is ${state}`);
  }
  return [...reasons, ...foreignReasons(router)];
}

/** The owner's (priority 255) are the interface's own, as they should be. */
function foreignReasons(router: VirtualRouterStatus): string[] {
  const { name, interface: link, configuredPriority, addresses } = router;
  const [first, ...others] = addresses.filter(({ foreign }) => foreign === true);
  if (first === undefined || configuredPriority === 255) return [];
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return [
    `${name}: ${first.address}${more} was put on ${link} by somebody else, and stays there whatever the role: ` +
      `take it off, or give the owner of the address priority 255`,
  ];
}

/** Two Actives; but while the role is handed over there are two on purpose. */
function dualReasons({ virtualRouters, peers, leaving }: HealthInput): string[] {
  const ours = virtualRouters.filter(
    ({ name, state }) => state === 'Active' && !leaving.includes(name),
  );
  return ours.flatMap(({ name }) =>
    peers
      .filter(({ virtualRouters: theirs = [] }) =>
        theirs.some((router) => router.name === name && router.state === 'Active'),
      )
      .map((peer) => `${name}: ${peer.name} is Active too`),
  );
}

function peerReasons({
  name,
  state,
  paths,
  fitness,
  cause,
  differences = [],
}: PeerStatus): string[] {
  if (state !== 'healthy') {
    const silence = state === 'unknown' ? 'has not answered yet' : 'is silent on every path';
    const heard = paths.find(({ problem }) => problem !== undefined);
    if (heard === undefined) return [`${name} ${silence}`];
    return [`${name} ${silence}; ${heard.problem ?? ''}`];
  }
  const lost = paths
    .filter((path) => path.state === 'unhealthy')
    .map(({ address, problem }) => (problem === undefined ? address : `${address} (${problem})`));
  const left = `${paths.length - lost.length} of ${paths.length} paths left`;
  const wrong = differences.filter((difference) => difference !== OTHER_RULES);
  return [
    ...(fitness === 'unfit'
      ? [`${name} cannot take the role${cause === undefined ? '' : `: ${cause}`}`]
      : []),
    ...(lost.length > 0 ? [`${name} does not answer over ${lost.join(', ')}; ${left}`] : []),
    ...(wrong.length > 0 ? [`settings differ from those of ${name}: ${wrong.join(', ')}`] : []),
  ];
}

/** Said, but no lack: one of the two may have a check that the other has not. */
const ruleRemarks = ({ name, state, differences = [] }: PeerStatus): string[] =>
  state === 'healthy' && differences.includes(OTHER_RULES)
    ? [`${OTHER_RULES} than ${name} has`]
    : [];

/** A hard one is told as the fault that it is. */
const monitorReasons = ({ name, state, detail, weight }: MonitorStatus): string[] =>
  state === 'failed' && weight !== 'hard' ? [`${name}: ${detail}`] : [];

/** Who only offers has lost nothing: the line of each peer tells it. */
function syncReasons(sync: SyncStatus | undefined): string[] {
  if (sync?.mode !== 'follow') return [];
  const { problem, peers } = sync;
  return [problem, ...peers.map((peer) => peer.problem)].filter((one) => one !== undefined);
}
