// Whether a message of one peer is new: the nonces we gave that peer, the session it speaks in and
// the sequence numbers already seen. No sockets, no key, no clock: a clock set back changes nothing.
import { PEER_NUMBER, PEER_WORD, PeerPlace } from '../kernel/peer-room.js';
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
 * Every message of a peer comes here, but for those that the addon judges alike in the same memory: so everything is
 * kept in place, numbers in halves of 32 bits, nonces in a ring.
 */
export class PeerFreshness {
  readonly #numbers: Float64Array;
  readonly #words: Uint32Array;
  readonly #echo: Uint8Array;
  /** A ring; the nonce drawn last stands at `nonceAt`. */
  readonly nonces: Uint8Array;

  /** @param place where all of it is kept. */
  constructor(nonce: Uint8Array, place = new PeerPlace()) {
    this.#numbers = place.numbers;
    this.#words = place.words;
    this.#echo = place.echo;
    this.nonces = place.nonces;
    this.renew(nonce);
  }

  /** Where our latest nonce for this peer stands in `nonces`. */
  get nonceAt(): number {
    return ((this.#drawn - 1) % NONCES_KEPT) * NONCE_LENGTH;
  }

  get #drawn(): number {
    return this.#numbers[PEER_NUMBER.drawn] ?? 0;
  }

  get #highest(): number {
    return this.#numbers[PEER_NUMBER.highest] ?? 0;
  }

  /** The peer's latest nonce, learned from a fresh message; null before the first. */
  get echo(): Uint8Array | null {
    return this.#words[PEER_WORD.hasEcho] === 0 ? null : this.#echo;
  }

  /** Begins a check: the 16 bytes of `nonce` at `from` are what its requests carry. */
  renew(nonce: Uint8Array, from = 0): void {
    this.#numbers[PEER_NUMBER.drawn] = this.#drawn + 1;
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
    if (!this.#isSession(high, low)) {
      const drawnAtChange = this.#numbers[PEER_NUMBER.drawnAtChange] ?? 0;
      if (age === null || this.#drawn - age <= drawnAtChange) return 'stale';
      this.#beginSession(high, low);
    }
    const newest = sequence > this.#highest;
    if (!this.#takeNumber(sequence)) return 'replayed';
    if (age === null) return 'stale';
    if (!newest) return 'overtaken';
    this.#words[PEER_WORD.hasEcho] = 1;
    for (let at = 0; at < NONCE_LENGTH; at += 1) this.#echo[at] = nonce[nonceFrom + at] ?? 0;
    return 'newest';
  }

  #isSession(high: number, low: number): boolean {
    const words = this.#words;
    return (
      words[PEER_WORD.hasSession] !== 0 &&
      words[PEER_WORD.sessionHigh] === high &&
      words[PEER_WORD.sessionLow] === low
    );
  }

  #beginSession(high: number, low: number): void {
    const [numbers, words] = [this.#numbers, this.#words];
    words[PEER_WORD.hasSession] = 1;
    words[PEER_WORD.sessionHigh] = high;
    words[PEER_WORD.sessionLow] = low;
    numbers[PEER_NUMBER.drawnAtChange] = this.#drawn;
    numbers[PEER_NUMBER.highest] = 0;
    words[PEER_WORD.receivedHigh] = 0;
    words[PEER_WORD.receivedLow] = 0;
  }

  /** @returns false when the number was seen, or lies too far back to know. */
  #takeNumber(sequence: number): boolean {
    const words = this.#words;
    const ahead = sequence - this.#highest;
    if (ahead > 0) {
      this.#moveWindow(ahead);
      words[PEER_WORD.receivedLow] = (words[PEER_WORD.receivedLow] ?? 0) | 1;
      this.#numbers[PEER_NUMBER.highest] = sequence;
      return true;
    }
    if (-ahead >= SEQUENCE_WINDOW) return false;
    const half = -ahead < HALF ? PEER_WORD.receivedLow : PEER_WORD.receivedHigh;
    const mark = 1 << (-ahead % HALF);
    const received = words[half] ?? 0;
    if ((received & mark) !== 0) return false;
    words[half] = received | mark;
    return true;
  }

  /** Moves both halves up; 32 places at once would be none to the operators. */
  #moveWindow(places: number): void {
    const words = this.#words;
    const [high, low] = [words[PEER_WORD.receivedHigh] ?? 0, words[PEER_WORD.receivedLow] ?? 0];
    if (places >= SEQUENCE_WINDOW) {
      words[PEER_WORD.receivedHigh] = 0;
      words[PEER_WORD.receivedLow] = 0;
    } else if (places >= HALF) {
      words[PEER_WORD.receivedHigh] = low << (places - HALF);
      words[PEER_WORD.receivedLow] = 0;
    } else {
      words[PEER_WORD.receivedHigh] = (high << places) | (low >>> (HALF - places));
      words[PEER_WORD.receivedLow] = low << places;
    }
  }
}

/** A number of 53 bits at most: the message was decoded once, or repeats one that was. */
export const sequenceAt = (view: DataView, start: number): number =>
  view.getUint32(start + PEER_FIELDS.sequence) * 2 ** 32 +
  view.getUint32(start + PEER_FIELDS.sequence + 4);
