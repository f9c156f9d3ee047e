// Whether a message of one peer is new: the nonces we gave that peer, the session it speaks in and
// the sequence numbers already seen. No sockets, no key, no clock: a clock set back changes nothing.
import { timingSafeEqual } from 'node:crypto';
import type { PeerHeader } from '../wire/peer-message.js';

/** Checks whose nonces are still accepted as an echo. */
export const NONCES_KEPT = 16;
/** Sequence numbers below the highest that may still arrive, once each: paths reorder messages. */
export const SEQUENCE_WINDOW = 64;

const WINDOW_MASK = (1n << BigInt(SEQUENCE_WINDOW)) - 1n;

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
 */
export class PeerFreshness {
  /** The newest last; never empty. */
  readonly #nonces: Uint8Array[] = [];
  #drawn = 0;
  /** Nonces drawn when the session changed: their echo introduces no other session. */
  #drawnAtChange = 0;
  #session: bigint | null = null;
  #highest = 0;
  /** Bit i: the number `highest - i` was received. */
  #received = 0n;
  #echo: Uint8Array | null = null;

  constructor(nonce: Uint8Array) {
    this.renew(nonce);
  }

  /** Our latest nonce for this peer. */
  get nonce(): Uint8Array {
    return this.#nonces.at(-1) ?? new Uint8Array();
  }

  /** The peer's latest nonce, learned from a fresh message; null before the first. */
  get echo(): Uint8Array | null {
    return this.#echo;
  }

  /** Begins a check: `nonce` is what its requests carry. */
  renew(nonce: Uint8Array): void {
    this.#nonces.push(nonce);
    this.#drawn += 1;
    if (this.#nonces.length > NONCES_KEPT) this.#nonces.shift();
  }

  /** How many checks ago the nonce was drawn that `echo` repeats, 0 the latest; null for none. */
  checksSince(echo: Uint8Array): number | null {
    for (let age = 0; age < this.#nonces.length; age += 1) {
      const nonce = this.#nonces[this.#nonces.length - 1 - age];
      if (nonce !== undefined && timingSafeEqual(nonce, echo)) return age;
    }
    return null;
  }

  /** Judges an authentic message and takes note of it. Of the same message only the first is fresh. */
  receive(header: PeerHeader): Freshness {
    const age = header.echo === null ? null : this.checksSince(header.echo);
    if (header.session !== this.#session) {
      if (age === null || this.#drawn - age <= this.#drawnAtChange) return 'stale';
      this.#session = header.session;
      this.#drawnAtChange = this.#drawn;
      this.#highest = 0;
      this.#received = 0n;
    }
    const newest = header.sequence > this.#highest;
    if (!this.#takeNumber(header.sequence)) return 'replayed';
    if (age === null) return 'stale';
    if (!newest) return 'overtaken';
    this.#echo = header.nonce;
    return 'newest';
  }

  /** @returns false when the number was seen, or lies too far back to know. */
  #takeNumber(sequence: number): boolean {
    const ahead = sequence - this.#highest;
    if (ahead > 0) {
      const kept = ahead >= SEQUENCE_WINDOW ? 0n : (this.#received << BigInt(ahead)) & WINDOW_MASK;
      this.#received = kept | 1n;
      this.#highest = sequence;
      return true;
    }
    if (-ahead >= SEQUENCE_WINDOW) return false;
    const mark = 1n << BigInt(-ahead);
    if ((this.#received & mark) !== 0n) return false;
    this.#received |= mark;
    return true;
  }
}
