// What the HA port keeps of one peer: its paths, its freshness, the check under way, the newest
// report, the keys it is known to have. No sockets; whether the peer is healthy is for the core to say.
import {
  PATH_NUMBER,
  PATH_WORD,
  PathPlace,
  PEER_NUMBER,
  PEER_WORD,
  PeerPlace,
} from '../kernel/peer-room.js';
import { errorName } from '../kernel/refusal.js';
import type { IpAddress } from '../model/address.js';
import type { PeerReport } from '../model/peer-report.js';
import type { AnnouncedVersion } from '../model/settings-version.js';
import { after, between, instant, microseconds, type Instant } from '../model/units.js';
import {
  PEER_MESSAGE_KINDS,
  PeerMessageDraft,
  type EncodedReport,
  type PeerMessageKind,
  type ReportMemory,
} from '../wire/peer-message.js';
import type { HaKey } from './ha-key.js';
import { NONCES_KEPT, PeerFreshness, type Freshness } from './peer-freshness.js';

/** Messages a second and source address that are verified although they echo no nonce of ours. */
export const UNSOLICITED_PER_SECOND = 200;

/**
 * For so long the source that the kernel would choose is not asked for again, unless there is a reason. An Active that
 * advertises once a second asks in passing, before it has to be woken for it.
 */
const SOURCE_LASTS = microseconds(2_000_000);

/** One way to the peer: one of its addresses. Its counts stand where the addon counts, too. */
export class HaPath {
  readonly peer: HaPeer;
  readonly address: IpAddress;
  readonly place: PathPlace;
  /** By errno name: a closed set of the kernel's. */
  readonly sendFailures = new Map<string, number>();
  /** What became of the last message that we sent: an errno name, or null. */
  refusal: string | null = null;
  #source: IpAddress | null | undefined = undefined;
  #sourceFrom: Instant | null = null;
  /** What goes to it is laid out here. */
  readonly draft = new PeerMessageDraft();
  #allowance = UNSOLICITED_PER_SECOND;
  #refilledAt: Instant | null = null;

  constructor(peer: HaPeer, address: IpAddress, place: PathPlace) {
    this.peer = peer;
    this.address = address;
    this.place = place;
  }

  get sent(): number {
    return this.place.numbers[PATH_NUMBER.sent] ?? 0;
  }

  get received(): number {
    return this.place.numbers[PATH_NUMBER.received] ?? 0;
  }

  /** When the last message that was believed came; null before the first. */
  get receivedAt(): Instant | null {
    const at = this.place.numbers[PATH_NUMBER.receivedAt] ?? -1;
    return at < 0 ? null : instant(at);
  }

  /** The address that we send to it from; undefined while the kernel has yet to be asked for it. */
  get source(): IpAddress | null | undefined {
    return this.#source;
  }

  set source(source: IpAddress | null | undefined) {
    if (source === undefined) this.close();
    else if (source !== this.#source) this.place.setSource(source);
    this.#source = source;
  }

  /** Whether what only confirms is taken without us. */
  get isOpen(): boolean {
    return this.place.words[PATH_WORD.open] !== 0;
  }

  open(): void {
    this.place.words[PATH_WORD.open] = 1;
  }

  close(): void {
    this.place.words[PATH_WORD.open] = 0;
  }

  countSent(): void {
    this.place.numbers[PATH_NUMBER.sent] = this.sent + 1;
  }

  countReceived(now: Instant): void {
    this.place.numbers[PATH_NUMBER.received] = this.received + 1;
    this.place.numbers[PATH_NUMBER.receivedAt] = now;
  }

  /** Takes note of messages that the kernel refused to the addon. @returns whether there were any. */
  noteRefused(): boolean {
    const { words } = this.place;
    const refused = words[PATH_WORD.refused] ?? 0;
    if (refused === 0) return false;
    words[PATH_WORD.refused] = 0;
    const refusal = errorName(-(words[PATH_WORD.refusal] ?? 0));
    for (let time = 0; time < refused; time += 1) this.noteSent(refusal);
    return true;
  }

  readonly noteSent = (refusal: string | null): void => {
    this.refusal = refusal;
    if (refusal === null) return;
    this.source = undefined;
    this.sendFailures.set(refusal, (this.sendFailures.get(refusal) ?? 0) + 1);
  };

  /** A check begins. Routes change without a word to us: an answer of the kernel is good for so long. */
  beginCheck(now: Instant): void {
    if (this.#sourceFrom !== null && between(this.#sourceFrom, now) < SOURCE_LASTS) return;
    this.#sourceFrom = now;
    this.source = undefined;
  }

  /**
   * Asks for the source again when half of its time is over: whoever is awake then need not be woken for it.
   * @returns until when it is good.
   */
  refreshSource(sourceFor: (destination: IpAddress) => IpAddress | null, now: Instant): Instant {
    const from = this.#sourceFrom;
    if (from !== null && between(from, now) * 2 < SOURCE_LASTS) return after(from, SOURCE_LASTS);
    this.#sourceFrom = now;
    this.source = sourceFor(this.address);
    return after(now, SOURCE_LASTS);
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
  #newest: NewestReport | null = null;
  /** Of its shared settings, by its newest message; null when that does not tell. */
  version: AnnouncedVersion | null = null;
  readonly lastReport: ReportMemory = { bytes: null, report: null };
  readonly #place: PeerPlace;
  /** The report that stands in our place. */
  #known: Uint8Array | null = null;
  #checkedAt: Instant | null = null;
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

  /** @param place where it is kept, and each of its paths: in the room of the port. */
  constructor(
    name: string,
    addresses: readonly IpAddress[],
    port: number,
    nonce: Uint8Array,
    place = new PeerPlace(),
    paths: readonly PathPlace[] = [],
  ) {
    this.name = name;
    this.port = port;
    this.paths = addresses.map(
      (address, index) => new HaPath(this, address, paths[index] ?? new PathPlace()),
    );
    this.#place = place;
    this.freshness = new PeerFreshness(nonce, place);
  }

  /** The newest report and how it came, whoever took it. */
  get newest(): NewestReport | null {
    const kind = PEER_MESSAGE_KINDS[(this.#place.words[PEER_WORD.newestKind] ?? 0) - 1];
    if (this.#newest !== null && kind !== undefined) this.#newest.kind = kind;
    return this.#newest;
  }

  /** A message that is the newest came, with the report that is known, or with this one. */
  noteNewest(kind: PeerMessageKind, truncated: boolean, report: PeerReport): void {
    if (this.#newest === null) this.#newest = { report, kind, truncated };
    else Object.assign(this.#newest, { report, kind, truncated });
    this.#place.words[PEER_WORD.newestKind] = PEER_MESSAGE_KINDS.indexOf(kind) + 1;
  }

  /**
   * Whether a message that repeats the last one of this peer says nothing at all that is not known, under the key
   * that it used; its place then has what such a message is compared with.
   * @param ours the keys in force, each at its place.
   */
  knowRepetition(ours: readonly HaKey[]): boolean {
    const { newest, lastReport } = this;
    const key = this.lastUsed(ours);
    const { bytes, report } = lastReport;
    if (key === null || bytes === null || this.#checkedAt === null) return false;
    const truncated = lastReport.truncated === true;
    if (newest === null || report?.report !== newest.report) return false;
    if (newest.truncated !== truncated) return false;
    if (key.digest !== this.#newsKey || this.#accepts !== report.keys) return false;
    if (this.#checksParted !== null) return false;
    if (this.#known !== bytes) this.#place.knowReport(bytes);
    this.#known = bytes;
    this.#place.words[PEER_WORD.truncated] = truncated ? 1 : 0;
    this.#place.words[PEER_WORD.key] = ours.indexOf(key);
    return true;
  }

  /** What comes from now on may say more than is known. */
  close(): void {
    for (const path of this.paths) path.close();
  }

  /** Milliseconds to then from a check's requests: those of the latest unless given. */
  sinceCheck(at: Instant, askedAt: Instant | null = null): number {
    return between(askedAt ?? this.#checkedAt ?? at, at) / 1_000;
  }

  /** A check starts: answers to earlier ones prove nothing about it. Its nonce stands at `from` of `nonce`. */
  beginCheck(nonce: Uint8Array, now: Instant, from = 0): void {
    this.freshness.renew(nonce, from);
    for (const { place } of this.paths) place.words[PATH_WORD.answered] = 0;
    this.checksBegun(1, now);
  }

  /** So many were begun, the last of them then, by whoever has drawn their nonces. */
  checksBegun(count: number, at: Instant): void {
    this.#checkedAt = at;
    this.#checksUnderKey += count;
    if (this.#checksParted !== null) this.#checksParted += count;
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
    this.close();
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
    const { numbers } = this.#place;
    const sequence = (numbers[PEER_NUMBER.sequence] ?? 0) + 1;
    numbers[PEER_NUMBER.sequence] = sequence;
    const { draft } = path;
    draft.lay(report, kind, session, sequence);
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
    if (path.place.words[PATH_WORD.answered] !== 0) return null;
    path.place.words[PATH_WORD.answered] = 1;
    return this.sinceCheck(now);
  }
}
