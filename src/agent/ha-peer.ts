// What the HA port keeps of one peer: its paths, its freshness, the check under way, the newest
// report. No sockets, no key; whether the peer is healthy is for the core to say.
import type { IpAddress } from '../model/address.js';
import type { PeerReport } from '../model/peer-report.js';
import { between, type Instant } from '../model/units.js';
import type {
  PeerHeader,
  PeerMessage,
  PeerMessageKind,
  ReportMemory,
} from '../wire/peer-message.js';
import { PeerFreshness } from './peer-freshness.js';

/** Messages a second and source address that are verified although they echo no nonce of ours. */
export const UNSOLICITED_PER_SECOND = 200;

/** One way to the peer: one of its addresses. */
export class HaPath {
  readonly peer: HaPeer;
  readonly address: IpAddress;
  sent = 0;
  received = 0;
  /** By errno name: a closed set of the kernel's. */
  readonly sendFailures = new Map<string, number>();
  #allowance = UNSOLICITED_PER_SECOND;
  #refilledAt: Instant | null = null;

  constructor(peer: HaPeer, address: IpAddress) {
    this.peer = peer;
    this.address = address;
  }

  readonly countFailure = (code: string): void => {
    this.sendFailures.set(code, (this.sendFailures.get(code) ?? 0) + 1);
  };

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

/** The newest report of a peer and how it came. */
export interface NewestReport {
  readonly report: PeerReport;
  readonly kind: PeerMessageKind;
  readonly truncated: boolean;
}

export class HaPeer {
  readonly name: string;
  readonly port: number;
  readonly paths: readonly HaPath[];
  readonly freshness: PeerFreshness;
  newest: NewestReport | null = null;
  readonly lastReport: ReportMemory = { bytes: null, report: null };
  #sequence = 0;
  #checkedAt: Instant | null = null;
  readonly #answered = new Set<HaPath>();

  constructor(name: string, addresses: readonly IpAddress[], port: number, nonce: Uint8Array) {
    this.name = name;
    this.port = port;
    this.paths = addresses.map((address) => new HaPath(this, address));
    this.freshness = new PeerFreshness(nonce);
  }

  /** A check starts: answers to earlier ones prove nothing about it. */
  beginCheck(nonce: Uint8Array, now: Instant): void {
    this.freshness.renew(nonce);
    this.#checkedAt = now;
    this.#answered.clear();
  }

  /** The header of the next message to this peer; `echo` is the nonce of the request answered. */
  nextHeader(kind: PeerMessageKind, session: bigint, echo = this.freshness.echo): PeerHeader {
    this.#sequence += 1;
    const { nonce } = this.freshness;
    return { kind, session, sequence: this.#sequence, nonce, echo };
  }

  /**
   * Milliseconds from the current check's request to this answer; null for anything else. Only the
   * first answer on a path counts, and only from the address the request went to: when the link of
   * a path is down, its request may reach the peer by another route, but the answer then comes
   * from another address.
   */
  roundTripOf(message: PeerMessage, path: HaPath, now: Instant): number | null {
    const { kind, echo } = message.header;
    if (kind !== 'answer' || echo === null || this.#checkedAt === null) return null;
    if (this.freshness.checksSince(echo) !== 0 || this.#answered.has(path)) return null;
    this.#answered.add(path);
    return between(this.#checkedAt, now) / 1_000;
  }
}
