// Whether a message of one peer is new: the nonces we gave that peer, the session it speaks in and
// the sequence numbers already seen. No sockets, no key, no clock: a clock set back changes nothing.
import { NONCE_LENGTH, PEER_FIELDS, type PeerHeader } from '../wire/peer-message.js';

/** Checks whose nonces are still accepted as an echo. */
export const NONCES_KEPT = 16;
/** Sequence numbers below the highest that may still arrive, once each: paths reorder messages. */
export const SEQUENCE_WINDOW = 64;

const HALF = 32;

/**
 * `newest`: fresh, and later than all before it. `overtaken`: fresh, but a later message came first
 * over another path, so that it proves its path and its report is out of date. The others are
 * discard reasons.
 */
export type Freshness = 'newest' | 'overtaken' | 'stale' | 'replayed';

/**
 * What makes a recorded message worthless. A message counts only with an echo of one of our last
 * nonces, which are random and drawn in this run: so nothing from before a restart of ours. Within
 * a session a number counts once. Another session is accepted only with an echo of a nonce drawn
 * *after* the last change of session, which the session before cannot have seen while it lived: so
 * nothing from before a restart of the peer either, not even within the same second.
 *
 * Every message of a peer comes here, so that everything is kept in place: numbers in halves of 32 bits,
 * nonces in a ring.
 */
export class PeerFreshness {
  /** A ring; the nonce drawn last stands at `nonceAt`. */
  readonly nonces = Buffer.alloc(NONCES_KEPT * NONCE_LENGTH);
  #drawn = 0;
  /** Nonces drawn when the session changed: their echo introduces no other session. */
  #drawnAtChange = 0;
  #hasSession = false;
  #sessionHigh = 0;
  #sessionLow = 0;
  #highest = 0;
  /** Bit i of both halves together: the number `highest - i` was received. */
  #receivedHigh = 0;
  #receivedLow = 0;
  readonly #echo = Buffer.alloc(NONCE_LENGTH);
  #hasEcho = false;

  constructor(nonce: Uint8Array) {
    this.renew(nonce);
  }

  /** Where our latest nonce for this peer stands in `nonces`. */
  get nonceAt(): number {
    return ((this.#drawn - 1) % NONCES_KEPT) * NONCE_LENGTH;
  }

  /** The peer's latest nonce, learned from a fresh message; null before the first. */
  get echo(): Uint8Array | null {
    return this.#hasEcho ? this.#echo : null;
  }

  /** Begins a check: the 16 bytes of `nonce` at `from` are what its requests carry. */
  renew(nonce: Uint8Array, from = 0): void {
    this.#drawn += 1;
    const to = this.nonceAt;
    for (let at = 0; at < NONCE_LENGTH; at += 1) this.nonces[to + at] = nonce[from + at] ?? 0;
  }

  /**
   * How many checks ago the nonce was drawn that the 16 bytes of `echo` at `from` repeat, 0 the latest; null
   * for none. Each is compared in constant time.
   */
  checksSince(echo: Uint8Array, from = 0): number | null {
    const kept = Math.min(this.#drawn, NONCES_KEPT);
    for (let age = 0; age < kept; age += 1) {
      const start = ((this.#drawn - 1 - age) % NONCES_KEPT) * NONCE_LENGTH;
      let difference = 0;
      for (let at = 0; at < NONCE_LENGTH; at += 1) {
        difference |= (this.nonces[start + at] ?? 0) ^ (echo[from + at] ?? 0);
      }
      if (difference === 0) return age;
    }
    return null;
  }

  /** Judges an authentic message and takes note of it. Of the same message only the first is fresh. */
  receive({ session, sequence, nonce, echo }: PeerHeader): Freshness {
    const age = echo === null ? null : this.checksSince(echo);
    const high = Number(session >> 32n);
    const low = Number(session & 0xffff_ffffn);
    return this.#judge(high, low, sequence, age, nonce, 0);
  }

  /**
   * The same of the message at `start` of `view`, whose echo is `age` checks old. Its fields are known to be
   * right.
   */
  receiveAt(view: DataView, bytes: Uint8Array, start: number, age: number): Freshness {
    return this.#judge(
      view.getUint32(start + PEER_FIELDS.session),
      view.getUint32(start + PEER_FIELDS.session + 4),
      sequenceAt(view, start),
      age,
      bytes,
      start + PEER_FIELDS.nonce,
    );
  }

  #judge(
    high: number,
    low: number,
    sequence: number,
    age: number | null,
    nonce: Uint8Array,
    nonceFrom: number,
  ): Freshness {
    if (!this.#hasSession || high !== this.#sessionHigh || low !== this.#sessionLow) {
      if (age === null || this.#drawn - age <= this.#drawnAtChange) return 'stale';
      this.#hasSession = true;
      this.#sessionHigh = high;
      this.#sessionLow = low;
      this.#drawnAtChange = this.#drawn;
      this.#highest = 0;
      this.#receivedHigh = 0;
      this.#receivedLow = 0;
    }
    const newest = sequence > this.#highest;
    if (!this.#takeNumber(sequence)) return 'replayed';
    if (age === null) return 'stale';
    if (!newest) return 'overtaken';
    this.#hasEcho = true;
    for (let at = 0; at < NONCE_LENGTH; at += 1) this.#echo[at] = nonce[nonceFrom + at] ?? 0;
    return 'newest';
  }

  /** @returns false when the number was seen, or lies too far back to know. */
  #takeNumber(sequence: number): boolean {
    const ahead = sequence - this.#highest;
    if (ahead > 0) {
      this.#moveWindow(ahead);
      this.#receivedLow |= 1;
      this.#highest = sequence;
      return true;
    }
    if (-ahead >= SEQUENCE_WINDOW) return false;
    const isLow = -ahead < HALF;
    const mark = 1 << (-ahead % HALF);
    if (((isLow ? this.#receivedLow : this.#receivedHigh) & mark) !== 0) return false;
    if (isLow) this.#receivedLow |= mark;
    else this.#receivedHigh |= mark;
    return true;
  }

  /** Moves both halves up; 32 places at once would be none to the operators. */
  #moveWindow(places: number): void {
    if (places >= SEQUENCE_WINDOW) {
      this.#receivedHigh = 0;
      this.#receivedLow = 0;
    } else if (places >= HALF) {
      this.#receivedHigh = this.#receivedLow << (places - HALF);
      this.#receivedLow = 0;
    } else {
      this.#receivedHigh = (this.#receivedHigh << places) | (this.#receivedLow >>> (HALF - places));
      this.#receivedLow <<= places;
    }
  }
}

/** A number of 53 bits at most: the message was decoded once, or repeats one that was. */
export const sequenceAt = (view: DataView, start: number): number =>
  view.getUint32(start + PEER_FIELDS.sequence) * 2 ** 32 +
  view.getUint32(start + PEER_FIELDS.sequence + 4);
