// Signed advertisements: the keys in force, the sequence of what we send, and what was heard last of each sender. What
// a signature looks like is src/wire/signature.ts's. Experimental.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Settings, VirtualRouterSettings } from '../config/settings.js';
import { KeyFileError } from '../host/secret-file.js';
import { readSigningKeys, type SigningKey } from '../host/signing-keys.js';
import type { DiscardReason } from '../model/advertisement.js';
import type { IpAddress } from '../model/address.js';
import type { Seal } from '../wire/advertisement.js';
import {
  isLater,
  secondsBetween,
  sequenceAt,
  signatureFor,
  signatureOf,
  signMessage,
  stampOf,
  type Hmac,
} from '../wire/signature.js';

/** Senders remembered of each virtual router; only who has a key comes here. */
const MAXIMUM_SENDERS = 64;

/** Why a signed advertisement is not believed. */
export interface Doubt {
  readonly reason: DiscardReason;
  readonly detail?: string;
}

interface SigningOptions {
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  /** What is wrong with the keys, for health; null when nothing is. */
  readonly onProblem?: (problem: string | null) => void;
}

const signs = ({ signed }: VirtualRouterSettings): boolean =>
  signed === 'send' || signed === 'require';

export class Signing {
  readonly #options: SigningOptions;
  #keys: readonly SigningKey[] = [];
  #windowSeconds = 0;
  #problem: string | null = null;
  /** The last that we have sent: each is later than the one before, also when the clock is not. */
  #sent = 0n;
  /** How many advertisements were signed. */
  signed = 0;
  /** The last that was believed, by virtual router and sender. */
  readonly #heard = new Map<string, Map<IpAddress, bigint>>();

  constructor(options: SigningOptions) {
    this.#options = options;
  }

  /**
   * Takes the window, and the keys as their file has them now. A file that cannot be read leaves those in force.
   * Without any nothing is signed, and no signature is believed.
   */
  configure({ signing, virtualRouters }: Pick<Settings, 'signing' | 'virtualRouters'>): void {
    this.#windowSeconds = signing.windowSeconds;
    for (const name of this.#heard.keys()) {
      if (!virtualRouters.some((router) => router.name === name)) this.#heard.delete(name);
    }
    const inUse = virtualRouters.some(({ signed }) => signed !== 'off');
    if (signing.keyFile === null || !inUse) {
      this.#keys = [];
      this.#tell(null);
      return;
    }
    try {
      this.#keys = readSigningKeys(signing.keyFile);
      this.#tell(null);
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
      const effect =
        this.#keys.length > 0
          ? 'the keys in force stay'
          : 'advertisements go out unsigned, and none that is signed is heard';
      this.#tell(`signing: ${effect}: ${error.message}`);
    }
  }

  #tell(problem: string | null): void {
    if (problem !== this.#problem) this.#options.onProblem?.(problem);
    this.#problem = problem;
  }

  /** What signs the advertisements of this virtual router, each with a later sequence; null when they go unsigned. */
  sealOf(router: VirtualRouterSettings): Seal | null {
    const [key] = this.#keys;
    if (key === undefined || !signs(router)) return null;
    const hmac = hmacOf(key);
    return (message, envelope) =>
      signMessage(message, envelope, { keyId: key.id, sequence: this.#next() }, hmac);
  }

  /**
   * Why this message, which has a trailer, is not believed; null when it is, and then it is no longer believed a second
   * time. What costs least is looked at first, and nothing is remembered of what has no good signature.
   */
  doubt(router: VirtualRouterSettings, source: IpAddress, message: Uint8Array): Doubt | null {
    const stamp = stampOf(message);
    if (stamp === null) return { reason: 'trailer' };
    const { keyId, sequence } = stamp;
    const age = this.#age(sequence);
    if (!this.#isOfNow(age)) {
      const when = age > 0 ? `${age} s ago` : `${-age} s ahead`;
      return { reason: 'stale', detail: `${when} by our clock, at most ${this.#windowSeconds}` };
    }
    const key = this.#keys.find(({ id }) => id === keyId);
    if (key === undefined) return { reason: 'signingKey', detail: `key ${keyId}` };
    const expected = signatureFor(message, source, hmacOf(key));
    if (!timingSafeEqual(expected, signatureOf(message))) {
      return { reason: 'signature', detail: `key ${keyId}` };
    }
    return this.#isNew(router.name, source, sequence) ? null : { reason: 'replayed' };
  }

  /** From the clock, so that nothing has to be kept over a restart; one more where that has not moved on. */
  #next(): bigint {
    this.signed += 1;
    const now = sequenceAt(this.#options.wallClock());
    // The clock was set back by more than what anybody believes: those who hear us have forgotten, too.
    const window = this.#windowSeconds;
    const stranded = window > 0 && secondsBetween(now, this.#sent) > window;
    this.#sent = isLater(now, this.#sent) || stranded ? now : this.#sent + 1n;
    return this.#sent;
  }

  /** In whole seconds; negative for what is to come. */
  #age(sequence: bigint): number {
    return secondsBetween(sequence, sequenceAt(this.#options.wallClock()));
  }

  /** Without a window there is no other time than that of the sender. */
  #isOfNow(age: number): boolean {
    return this.#windowSeconds === 0 || Math.abs(age) <= this.#windowSeconds;
  }

  #isNew(virtualRouter: string, source: IpAddress, sequence: bigint): boolean {
    let senders = this.#heard.get(virtualRouter);
    if (senders === undefined) this.#heard.set(virtualRouter, (senders = new Map()));
    const last = senders.get(source);
    // One that lies outside of the window orders nothing that would be believed: its sender's clock was set right.
    const counts = last !== undefined && this.#isOfNow(this.#age(last));
    if (counts && !isLater(sequence, last)) return false;
    senders.delete(source);
    const [oldest] = senders.keys();
    if (senders.size >= MAXIMUM_SENDERS && oldest !== undefined) senders.delete(oldest);
    senders.set(source, sequence);
    return true;
  }
}

const hmacOf =
  ({ secret }: SigningKey): Hmac =>
  (bytes) =>
    createHmac('sha256', secret).update(bytes).digest();
