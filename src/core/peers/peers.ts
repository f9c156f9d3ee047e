// The peers of an instance: their paths, what they reported last, and how they stand to one of our virtual routers.
// What follows from it is decided in decisions/.
import type { IpAddress } from '../../model/address.js';
import { isSamePeerRouter, type PeerReport, type PeerRouter } from '../../model/peer-report.js';
import {
  after,
  instant,
  microseconds,
  type Instant,
  type Microseconds,
} from '../../model/units.js';
import {
  excused,
  fellSilent,
  heard,
  newPath,
  peerState,
  silent,
  tolerance,
  type Path,
  type PathState,
  type PeerCheckParameters,
} from './peer-check.js';

export interface PeerConfiguration {
  readonly name: string;
  /** One path to each address; HA link first, LAN too. */
  readonly addresses: readonly IpAddress[];
}

/** Plain data: it survives JSON. */
export interface Peer {
  configuration: PeerConfiguration;
  paths: readonly Path[];
  state: PathState;
  /** Unhealthy, and nothing at all comes from it: it may be dead. */
  silent: boolean;
  /** The last authentic report; worth nothing once the peer is unhealthy. */
  report: PeerReport | null;
  /** Addresses that it has advertised from, newest first. A peer that lost its address is still known by it. */
  knownBy: readonly IpAddress[];
  /** Places where it has sent priority 0, in order, and until when messages that say it is Active may be older. */
  left: readonly { readonly position: number; readonly until: Instant }[];
  /** Places where it says that it is Active and has no addresses, in order, and since when it says so. */
  lacking: readonly { readonly position: number; readonly since: Instant }[];
  nextCheckAt: Instant;
  /** When it was last asked. */
  askedAt: Instant;
}

/** A report names at most so many. */
export const PRIMARY_ADDRESSES_TOLD = 8;
/** Twice that outlasts any change of addresses. */
const KNOWN_BY_MAXIMUM = 2 * PRIMARY_ADDRESSES_TOLD;

export const createPeer = (
  configuration: PeerConfiguration,
  parameters: PeerCheckParameters,
  now: Instant,
): Peer => ({
  configuration,
  paths: configuration.addresses.map((address) => newPath(parameters, address, now)),
  state: 'unknown',
  silent: false,
  report: null,
  knownBy: [],
  left: [],
  lacking: [],
  nextCheckAt: now,
  askedAt: now,
});

/** The peer under new settings: paths that stay keep what is known of them. */
export function reconfigurePeer(
  peer: Peer,
  configuration: PeerConfiguration,
  parameters: PeerCheckParameters,
  now: Instant,
): void {
  const latest = newPath(parameters, '' as IpAddress, now);
  peer.configuration = configuration;
  peer.paths = configuration.addresses.map((address) => {
    const known = peer.paths.find((path) => path.address === address);
    if (known === undefined) return newPath(parameters, address, now);
    return {
      ...known,
      failAt: instant(Math.min(known.failAt, latest.failAt)),
      silentAt: instant(Math.min(known.silentAt, latest.silentAt)),
    };
  });
  peer.nextCheckAt = instant(Math.min(peer.nextCheckAt, after(now, parameters.interval)));
  updateState(peer);
  peer.silent = fellSilent(peer.paths, now);
}

/** Gives every path a full term: checks begin, or this process was silent itself. */
export function excusePeer(peer: Peer, parameters: PeerCheckParameters, now: Instant): void {
  peer.nextCheckAt = now;
  peer.paths = peer.paths.map((path) => excused(parameters, path, now));
  peer.silent = false;
}

/** What a message changed. */
export interface Heard {
  /** The peer became healthy. */
  readonly state: boolean;
  /** Its report differs from the one before. */
  readonly report: boolean;
}

/** Takes a message. */
export function peerHeard(
  peer: Peer,
  parameters: PeerCheckParameters,
  message: {
    readonly address: IpAddress;
    readonly report: PeerReport;
    readonly answered: boolean;
  },
  now: Instant,
): Heard {
  if (peer.left.length > 0) peer.left = peer.left.filter(({ until }) => until > now);
  const left = peer.left.map(({ position }) => position);
  const report = withoutLeft(message.report, left);
  const changed = peer.report === null || !sameReport(peer.report, report);
  peer.report = report;
  if (changed) peer.lacking = lackingNow(peer, report, now);
  if (!report.primaryAddresses.every((one) => peer.knownBy.includes(one))) {
    const known = new Set([...report.primaryAddresses, ...peer.knownBy]);
    peer.knownBy = [...known].slice(0, KNOWN_BY_MAXIMUM);
  }
  peer.paths = peer.paths.map((path) =>
    path.address === message.address ? heard(parameters, path, message.answered, now) : path,
  );
  peer.silent = false;
  return { state: updateState(peer), report: changed };
}

/** In the order of their positions, like those before: hundreds are gone through once. */
function lackingNow({ lacking }: Peer, { routers }: PeerReport, now: Instant): Peer['lacking'] {
  const found: Peer['lacking'][number][] = [];
  let next = 0;
  for (const [position, { state, addressesPresent }] of routers.entries()) {
    if (state !== 'Active' || addressesPresent) continue;
    while ((lacking[next]?.position ?? Infinity) < position) next += 1;
    const known = lacking[next];
    found.push(known?.position === position ? known : { position, since: now });
  }
  return found;
}

/** Since when it says that it is Active at this place without addresses; null when it does not. */
function lackingSince({ lacking }: Peer, { position }: Place): Instant | null {
  const place = lacking[firstFrom(lacking, position)];
  return place?.position === position ? place.since : null;
}

/** Whether it says that it is Active at this place without addresses. */
export const isLacking = (peer: Peer, place: Place): boolean => lackingSince(peer, place) !== null;

/** Whether it has said so for so long. */
export function lacksFor(peer: Peer, place: Place, duration: Microseconds, now: Instant): boolean {
  const since = lackingSince(peer, place);
  return since !== null && after(since, duration) <= now;
}

/** Where the first place is that is not before this position: they are in order, and hundreds are asked for one by one. */
function firstFrom(places: readonly { readonly position: number }[], position: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] as (typeof places)[number]).position < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Most messages say nothing new. To find that out must cost less than to settle for nothing. */
function sameReport(a: PeerReport, b: PeerReport): boolean {
  if (a === b) return true;
  const { routers: left, primaryAddresses: from, digests: of, cause: why, ...rest } = a;
  const { routers: right, primaryAddresses: to, digests: by, cause: reason, ...other } = b;
  return (
    left.length === right.length &&
    sameFields(rest, other) &&
    // What only the other one says is a difference, too.
    sameFields(other, rest) &&
    (why === reason || (why !== undefined && sameFields(why, reason ?? {}))) &&
    sameFields(of, by) &&
    from.join() === to.join() &&
    left.every((router, index) => isSamePeerRouter(router, right[index] as PeerRouter))
  );
}

const sameFields = (a: object, b: object): boolean => {
  const other = b as Readonly<Record<string, unknown>>;
  return Object.entries(a).every(([name, value]) => other[name] === value);
};

/**
 * Whether `source` is known to be no address of a peer: each of them has told all its primary addresses, now or before,
 * and this is none of them. A peer that was never heard, or has more addresses than it tells, may have any address.
 */
export const isStranger = (peers: readonly Peer[], source: IpAddress): boolean =>
  peers.length > 0 &&
  peers.every(
    ({ report, knownBy }) =>
      report !== null &&
      report.primaryAddresses.length < PRIMARY_ADDRESSES_TOLD &&
      !knownBy.includes(source),
  );

/**
 * An advertisement of priority 0 came from `source`, so that peer's word that it is Active is out of date. It may have
 * died, and nobody else should wait for it. Messages that are on their way say so for a while yet. A Backup is another
 * matter: its priority 0 asks whether there is an Active (silence.ts).
 * @param activeAddress from which the Active advertised until now; null when it is not known.
 */
export function peerLeft(
  peers: Iterable<Peer>,
  source: IpAddress,
  place: Place,
  until: Instant,
  activeAddress: IpAddress | null,
): void {
  const { position } = place;
  for (const peer of peers) {
    if (!peer.knownBy.includes(source)) continue;
    if (source !== activeAddress && !saysActive(peer, place)) continue;
    const at = firstFrom(peer.left, position);
    const known = peer.left[at]?.position === position ? 1 : 0;
    peer.left = peer.left.toSpliced(at, known, { position, until });
    // The places that it left before are out of date in this report already.
    if (peer.report !== null) peer.report = withoutLeft(peer.report, [position]);
  }
}

/** Whether it said that it is Active, even if this counts as out of date already. */
const saysActive = (peer: Peer, place: Place): boolean =>
  routerAt(peer, place)?.state === 'Active' ||
  peer.left[firstFrom(peer.left, place.position)]?.position === place.position;

const GONE = { state: 'Initialize', addressesPresent: false } as const;

function withoutLeft(report: PeerReport, positions: readonly number[]): PeerReport {
  const stale = positions.filter((position) => report.routers[position]?.state === 'Active');
  if (stale.length === 0) return report;
  const routers = [...report.routers];
  for (const position of stale)
    routers[position] = { ...(routers[position] as PeerRouter), ...GONE };
  return { ...report, routers };
}

/** What has changed because time has passed. */
export interface Silence {
  /** The peer became unhealthy. */
  readonly state: boolean;
  /** The peer fell silent. */
  readonly silent: boolean;
}

/** Counts what stayed unanswered and unheard until `now`. */
export function peerSilent(peer: Peer, parameters: PeerCheckParameters, now: Instant): Silence {
  peer.paths = peer.paths.map((path) => silent(parameters, path, now));
  const state = updateState(peer);
  const before = peer.silent;
  peer.silent = fellSilent(peer.paths, now);
  return { state, silent: peer.silent && !before };
}

function updateState(peer: Peer): boolean {
  const before = peer.state;
  const next = peerState(peer.paths);
  // Between the thresholds the peer stays what it was.
  peer.state = next === 'unknown' ? before : next;
  return peer.state !== before;
}

/**
 * Whether a request is due at `now`; the next one is then an interval later.
 * @param made how many were until then, this one with them, none of them late by an interval.
 */
export function checkDue(
  peer: Peer,
  { interval }: PeerCheckParameters,
  now: Instant,
  made = 1,
): boolean {
  if (now < peer.nextCheckAt) return false;
  peer.askedAt = now;
  const following = after(peer.nextCheckAt, microseconds(made * interval));
  peer.nextCheckAt = following > now ? following : after(now, interval);
  return true;
}

/** When something is due next: a request, a failure, the end of a silence, or the moment shortly before it. */
export function peerDeadline(peer: Peer, parameters: PeerCheckParameters, now: Instant): Instant {
  const { nextCheckAt, paths } = peer;
  if (!peer.silent && fellSilent(paths, now)) return now;
  const nearly = tolerance(parameters);
  // Asked after every event: a list of them all would cost more than the rest.
  let soonest: number = nextCheckAt;
  for (const { failAt, silentAt } of paths) {
    const moment = silentAt - nearly > now ? silentAt - nearly : silentAt;
    soonest = Math.min(soonest, failAt, moment > now ? moment : failAt);
  }
  return instant(soonest);
}

/** A peer as one of our virtual routers sees it. */
export interface PeerView {
  readonly peer: Peer;
  readonly report: PeerReport;
  /** Its virtual router of the same family and VRID; null when it has none. */
  readonly router: PeerRouter | null;
  /** Where it is reached on the virtual router's own link; null when no path is known to be there. */
  readonly lanPath: Path | null;
}

/** Where a virtual router stands in the reports of peers, and what must agree for this to hold. */
export interface Place {
  /** In the common order (`routerOrder`). */
  readonly position: number;
  readonly interface: string;
  readonly virtualRoutersDigest: number;
}

/** The peer's virtual router at this place; null when it has reported none, or orders them otherwise. */
export function routerAt({ report }: Peer, place: Place): PeerRouter | null {
  if (report === null || report.digests.virtualRouters !== place.virtualRoutersDigest) return null;
  return report.routers[place.position] ?? null;
}

export const isHealthy = ({ state }: Peer): boolean => state === 'healthy';

/** Whether messages come from it. A peer that does not answer reliably yet can be believed all the same. */
export const isSpeaking = ({ paths }: Peer, now: Instant): boolean =>
  paths.some(({ heardAt, silentAt }) => heardAt !== null && now < silentAt);

/** The peers of which `counts` is true and whose report is known, as seen from this place. */
export function viewsOf(
  peers: Iterable<Peer>,
  place: Place,
  counts: (peer: Peer) => boolean,
): PeerView[] {
  const views: PeerView[] = [];
  for (const peer of peers) {
    const { report } = peer;
    if (report === null || !counts(peer)) continue;
    const router = routerAt(peer, place);
    views.push({ peer, report, router, lanPath: lanPathOf(peer, place.interface) });
  }
  return views;
}

/** The path on this interface, if there is one. */
export const lanPathOf = ({ paths }: Peer, interfaceName: string): Path | null =>
  paths.find((path) => path.interface === interfaceName) ?? null;
