// What the HA port keeps of one peer: its paths, its freshness, the check under way, the newest
// report, the keys it is known to have. No sockets; whether the peer is healthy is for the core to say.
import type { IpAddress } from '../model/address.js';
import type { PeerReport } from '../model/peer-report.js';
import type { AnnouncedVersion } from '../model/settings-version.js';
import { between, microseconds, type Instant } from '../model/units.js';
import {
  PeerMessageDraft,
  type EncodedReport,
  type PeerMessageKind,
  type ReportMemory,
} from '../wire/peer-message.js';
import type { HaKey } from './ha-key.js';
import { NONCES_KEPT, PeerFreshness, type Freshness } from './peer-freshness.js';

/** Messages a second and source address that are verified although they echo no nonce of ours. */
export const UNSOLICITED_PER_SECOND = 200;

/** For so long the source that the kernel would choose is not asked for again, unless there is a reason. */
const SOURCE_LASTS = microseconds(1_000_000);

/** One way to the peer: one of its addresses. */
export class HaPath {
  readonly peer: HaPeer;
  readonly address: IpAddress;
  sent = 0;
  received = 0;
  /** By errno name: a closed set of the kernel's. */
  readonly sendFailures = new Map<string, number>();
  /** What became of the last message that we sent: an errno name, or null. */
  refusal: string | null = null;
  /** When the last message that was believed came; null before the first. */
  receivedAt: Instant | null = null;
  /** The address that we send to it from; undefined while the kernel has yet to be asked for it. */
  source: IpAddress | null | undefined = undefined;
  #sourceFrom: Instant | null = null;
  /** What goes to it is laid out here. */
  readonly draft = new PeerMessageDraft();
  #allowance = UNSOLICITED_PER_SECOND;
  #refilledAt: Instant | null = null;

  constructor(peer: HaPeer, address: IpAddress) {
    this.peer = peer;
    this.address = address;
  }

  readonly noteSent = (refusal: string | null): void => {
    this.refusal = refusal;
    if (refusal === null) return;
    this.source = undefined;
    this.sendFailures.set(refusal, (this.sendFailures.get(refusal) ?? 0) + 1);
  };

  /** A check begins. Routes change without a word to us: an answer of the kernel is good for a second. */
  beginCheck(now: Instant): void {
    if (this.#sourceFrom !== null && between(this.#sourceFrom, now) < SOURCE_LASTS) return;
    this.#sourceFrom = now;
    this.source = undefined;
  }

  /** Whether one more unsolicited message may cost us a verification now. */
  admitUnsolicited(now: Instant): boolean {
    const elapsed = Math.max(0, between(this.#refilledAt ?? now, now));
    this.#refilledAt = now;
    const refill = (elapsed / 1_000_000) * UNSOLICITED_PER_SECOND;
    this.#allowance = Math.min(UNSOLICITED_PER_SECOND, this.#allowance + refill);
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }
}

/** The newest report of a peer and how it came; written over by the next. */
export interface NewestReport {
  report: PeerReport;
  kind: PeerMessageKind;
  truncated: boolean;
}

/** Which keys a peer has, by their digests. */
export interface PeerKeys {
  /** Those it accepts, the one it prefers first; null while it has not said. */
  readonly accepts: readonly number[] | null;
  /** That of its last news; null before the first. */
  readonly speaksUnder: number | null;
  /** It speaks under our first key, and nothing under another can be believed any more. */
  readonly settled: boolean;
}

export class HaPeer {
  readonly name: string;
  readonly port: number;
  readonly paths: readonly HaPath[];
  readonly freshness: PeerFreshness;
  newest: NewestReport | null = null;
  /** Of its shared settings, by its newest message; null when that does not tell. */
  version: AnnouncedVersion | null = null;
  readonly lastReport: ReportMemory = { bytes: null, report: null };
  #sequence = 0;
  #checkedAt: Instant | null = null;
  readonly #answered = new Set<HaPath>();
  /** Of the last authentic message, whether fresh or not. */
  #lastKey: number | null = null;
  #lastUsed: HaKey | null = null;
  /** Of the last news. */
  #newsKey: number | null = null;
  #accepts: readonly number[] | null = null;
  /** Checks begun since its news came under another key. */
  #checksUnderKey = 0;
  /** Checks begun since something came from it under none of our keys, and nothing authentic after that; else null. */
  #checksParted: number | null = null;

  constructor(name: string, addresses: readonly IpAddress[], port: number, nonce: Uint8Array) {
    this.name = name;
    this.port = port;
    this.paths = addresses.map((address) => new HaPath(this, address));
    this.freshness = new PeerFreshness(nonce);
  }

  /** A check starts: answers to earlier ones prove nothing about it. Its nonce stands at `from` of `nonce`. */
  beginCheck(nonce: Uint8Array, now: Instant, from = 0): void {
    this.freshness.renew(nonce, from);
    this.#checkedAt = now;
    this.#answered.clear();
    this.#checksUnderKey += 1;
    if (this.#checksParted !== null) this.#checksParted += 1;
  }

  /** An authentic message came, verified with this key; `accepts` are the digests of those it names. */
  heardUnder(key: HaKey, freshness: Freshness, accepts: readonly number[] | null): void {
    this.#lastKey = key.digest;
    this.#lastUsed = key;
    this.#checksParted = null;
    if (freshness !== 'newest') return;
    if (key.digest !== this.#newsKey) this.#checksUnderKey = 0;
    this.#newsKey = key.digest;
    this.#accepts = accepts;
  }

  /** Something came from its address that none of our keys verifies. */
  heardUnderNone(): void {
    this.#checksParted ??= 0;
  }

  /** The one of ours that its last authentic message was verified with; null when we have it no longer. */
  lastUsed(ours: readonly HaKey[]): HaKey | null {
    return this.#lastUsed !== null && ours.includes(this.#lastUsed) ? this.#lastUsed : null;
  }

  /** Ours in the order in which they are likely to verify what this peer says. */
  likely(ours: readonly HaKey[]): readonly HaKey[] {
    const last = ours.find(({ digest }) => digest === this.#lastKey);
    return last === undefined ? ours : [last, ...ours.filter((key) => key !== last)];
  }

  /**
   * The key for what we say unasked: the first of ours that the peer is known to have. Before it has said
   * which it has, the one of its last message; before any message the last of ours, which was everybody's.
   * Where none of our keys verifies what it says, it may have others by now than it said: each of ours in turn.
   */
  keyFor(ours: readonly HaKey[]): HaKey | undefined {
    const parted = this.#checksParted ?? 0;
    if (parted > NONCES_KEPT) return ours[parted % ours.length];
    return (
      ours.find(({ digest }) => this.#accepts?.includes(digest) === true) ??
      ours.find(({ digest }) => digest === this.#lastKey) ??
      ours.at(-1)
    );
  }

  /** What is known of its keys. */
  keys(first: HaKey | undefined): PeerKeys {
    return {
      accepts: this.#accepts,
      speaksUnder: this.#newsKey,
      // What came earlier under another key echoes a nonce that is forgotten by now.
      settled: this.#newsKey === first?.digest && this.#checksUnderKey >= NONCES_KEPT,
    };
  }

  /**
   * Lays out the next message to it on `path`, unsigned. Its echo stands at `at` of `echo`: the nonce of the
   * request answered, or this peer's latest.
   */
  draft(
    path: HaPath,
    report: EncodedReport,
    kind: PeerMessageKind,
    session: bigint,
    echo: Uint8Array | null = this.freshness.echo,
    at = 0,
  ): PeerMessageDraft {
    this.#sequence += 1;
    const { draft } = path;
    draft.lay(report, kind, session, this.#sequence);
    draft.give(this.freshness.nonces, this.freshness.nonceAt);
    draft.echo(echo, at);
    return draft;
  }

  /**
   * Milliseconds from the current check's request to this answer; null for anything else. Only the
   * first answer on a path counts, and only from the address the request went to: when the link of
   * a path is down, its request may reach the peer by another route, but the answer then comes
   * from another address.
   * @param age of the message's echo, in checks; null when it echoes none of ours.
   */
  roundTrip(kind: PeerMessageKind, age: number | null, path: HaPath, now: Instant): number | null {
    if (kind !== 'answer' || age !== 0 || this.#checkedAt === null) return null;
    if (this.#answered.has(path)) return null;
    this.#answered.add(path);
    return between(this.#checkedAt, now) / 1_000;
  }
}
