// What one appliance's HA port remembers of one peer: sessions, nonces and numbers, as
// docs/HA-PROTOCOL.md has them, with whole numbers in place of random bits. No sockets, no time.
import type { PeerReport } from '../../src/model/peer-report.js';
import type { Way } from './network.js';

/** Checks whose nonces are still accepted as an echo. */
export const NONCES_KEPT = 16;

interface Nonce {
  /** The session in which it was drawn. */
  readonly session: number;
  readonly number: number;
}

export interface Message {
  readonly kind: 'request' | 'answer' | 'push';
  readonly session: number;
  readonly sequence: number;
  readonly nonce: number;
  readonly echo: Nonce | null;
  readonly report: PeerReport;
}

export interface Believed {
  /** The newest of that peer. */
  readonly report: PeerReport;
  /** The first answer on this path to the latest check. */
  readonly answered: boolean;
}

export class Contact {
  readonly #session: number;
  #sequence = 0;
  #drawn = 1;
  #drawnAtChange = 0;
  #theirs: number | null = null;
  #highest = 0;
  #echo: Nonce | null = null;
  #newest: PeerReport | null = null;
  /** The last number on each way, on which messages stay in order. */
  readonly #lastOn = new Map<Way, number>();
  readonly #answeredOn = new Set<Way>();

  /** @param session our own, another one at each start. */
  constructor(session: number) {
    this.#session = session;
  }

  beginCheck(): void {
    this.#drawn += 1;
    this.#answeredOn.clear();
  }

  compose(kind: Message['kind'], report: PeerReport, echo = this.#echo): Message {
    this.#sequence += 1;
    const { sequence, nonce } = { sequence: this.#sequence, nonce: this.#drawn };
    return { kind, session: this.#session, sequence, nonce, echo, report };
  }

  /** Null when the message was seen before; else what answers it, if it is a request. */
  answer(message: Message, way: Way, report: PeerReport): Message | null {
    if (message.kind !== 'request' || this.#wasSeen(message, way)) return null;
    return this.compose('answer', report, { session: message.session, number: message.nonce });
  }

  /** What an authentic message is worth; null when it is stale or was seen before. */
  receive(message: Message, way: Way): Believed | null {
    const age = this.#ageOf(message.echo);
    if (message.session !== this.#theirs) {
      if (age === null || this.#drawn - age <= this.#drawnAtChange) return null;
      this.#theirs = message.session;
      this.#drawnAtChange = this.#drawn;
      this.#highest = 0;
      this.#lastOn.clear();
    } else if (this.#wasSeen(message, way)) return null;
    this.#lastOn.set(way, message.sequence);
    const isNewest = message.sequence > this.#highest;
    this.#highest = Math.max(this.#highest, message.sequence);
    if (age === null) return null;
    if (isNewest) {
      this.#echo = { session: message.session, number: message.nonce };
      this.#newest = message.report;
    }
    const answered = message.kind === 'answer' && age === 0 && !this.#answeredOn.has(way);
    if (answered) this.#answeredOn.add(way);
    return { report: this.#newest ?? message.report, answered };
  }

  #wasSeen({ session, sequence }: Message, way: Way): boolean {
    return session === this.#theirs && sequence <= (this.#lastOn.get(way) ?? 0);
  }

  #ageOf(echo: Nonce | null): number | null {
    if (echo === null || echo.session !== this.#session) return null;
    const age = this.#drawn - echo.number;
    return age < NONCES_KEPT ? age : null;
  }
}
