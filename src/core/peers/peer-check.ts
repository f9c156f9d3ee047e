// Whether a peer can be reached: successes and failures on each path, and what they amount to. No sockets; a message
// that gets here is known to be authentic and fresh.
//
// A success is an answer in time, and a failure is an interval without one: a path that carries messages only from the
// peer to us is not healthy. Any message is a sign of life. Intervals are counted from the last message and not from
// the next request. So a dead peer is found peerFailureThreshold intervals after it spoke, whenever it died in between.
import type { IpAddress } from '../../model/address.js';
import { after, microseconds, type Instant, type Microseconds } from '../../model/units.js';

export interface PeerCheckParameters {
  /** peerCheckIntervalMs. */
  readonly interval: Microseconds;
  /** peerFailureThreshold, 1..255. */
  readonly failureThreshold: number;
  /** peerRecoveryThreshold, 1..255. */
  readonly recoveryThreshold: number;
}

export type PathState = 'unknown' | 'healthy' | 'unhealthy';

export interface Path {
  readonly address: IpAddress;
  /** The local interface that reaches the address directly; null where a gateway is between. */
  readonly interface: string | null;
  readonly state: PathState;
  /** In a row. */
  readonly successes: number;
  readonly failures: number;
  /** The last message; null before the first. */
  readonly heardAt: Instant | null;
  /** When the next failure is counted, unless an answer comes first. */
  readonly failAt: Instant;
  /** When the peer has been silent here for long enough to be dead, unless a message comes first. */
  readonly silentAt: Instant;
}

/** An answer may be this much later than the one before it: half an interval, at most 40 ms. */
export const tolerance = ({ interval }: PeerCheckParameters): Microseconds =>
  microseconds(Math.min(interval / 2, 40_000));

/** An answer in time puts off the next failure by so much. */
export const failureDue = (parameters: PeerCheckParameters, now: Instant): Instant =>
  after(after(now, parameters.interval), tolerance(parameters));

/** As many failures as are needed to be unhealthy, and the tolerance once. */
export const silenceDue = (parameters: PeerCheckParameters, now: Instant): Instant =>
  after(
    after(now, microseconds(parameters.failureThreshold * parameters.interval)),
    tolerance(parameters),
  );

/** A path of which nothing is known yet. */
export const newPath = (
  parameters: PeerCheckParameters,
  address: IpAddress,
  now: Instant,
): Path => ({
  address,
  interface: null,
  state: 'unknown',
  successes: 0,
  failures: 0,
  heardAt: null,
  failAt: failureDue(parameters, now),
  silentAt: silenceDue(parameters, now),
});

/** The path after a message that arrived on it at `now`; only an answer counts as a success. */
export function heard(
  parameters: PeerCheckParameters,
  path: Path,
  answered: boolean,
  now: Instant,
): Path {
  const silentAt = silenceDue(parameters, now);
  if (!answered) return { ...path, heardAt: now, silentAt };
  const successes = Math.min(path.successes + 1, parameters.recoveryThreshold);
  const recovered = successes >= parameters.recoveryThreshold;
  // Field by field, since this runs for every message.
  return {
    address: path.address,
    interface: path.interface,
    state: recovered ? 'healthy' : path.state,
    successes,
    failures: 0,
    heardAt: now,
    failAt: failureDue(parameters, now),
    silentAt,
  };
}

/**
 * The path after the failure that is due at `now`. Only one is counted at a time: if we look only after several
 * intervals we have not asked in the meantime, and an answer may be waiting in the socket.
 */
export function silent(parameters: PeerCheckParameters, path: Path, now: Instant): Path {
  if (now < path.failAt) return path;
  const failures = Math.min(path.failures + 1, parameters.failureThreshold);
  const failed = failures >= parameters.failureThreshold;
  const following = after(path.failAt, parameters.interval);
  return {
    ...path,
    state: failed ? 'unhealthy' : path.state,
    successes: 0,
    failures,
    failAt: following > now ? following : after(now, parameters.interval),
  };
}

/** The path after this process was silent itself, or with other parameters: a full term from now. */
export const excused = (parameters: PeerCheckParameters, path: Path, now: Instant): Path => ({
  ...path,
  failAt: failureDue(parameters, now),
  silentAt: silenceDue(parameters, now),
});

/**
 * The peer as a whole: healthy when any path is, unhealthy when all are, otherwise unknown. A path that was never heard
 * counts as unhealthy, too, once its time is over.
 */
export function peerState(paths: readonly Path[]): PathState {
  if (paths.some(({ state }) => state === 'healthy')) return 'healthy';
  return paths.every(({ state }) => state === 'unhealthy') ? 'unhealthy' : 'unknown';
}

/** Whether nothing at all comes from the peer. One that asks us is alive, even if it does not answer. */
export const fellSilent = (paths: readonly Path[], now: Instant): boolean =>
  paths.every(({ state, silentAt }) => state === 'unhealthy' && now >= silentAt);

/** The last message on any path; null when there was none. */
export function lastHeard(paths: readonly Path[]): Instant | null {
  let last: Instant | null = null;
  for (const { heardAt } of paths) {
    if (heardAt !== null && (last === null || heardAt > last)) last = heardAt;
  }
  return last;
}

/** Whether anything came from the peer since then, on any path. */
export const isHeardSince = (
  { paths }: { readonly paths: readonly Path[] },
  since: Instant,
): boolean => paths.some(({ heardAt }) => heardAt !== null && heardAt >= since);
