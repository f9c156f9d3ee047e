// Who is signed in: tokens compared, guesses slowed down, sessions that end. Time is an argument, in ms. No HTTP.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export const SESSION_LIMITS = {
  /** Unused for so long, it ends. A page that streams uses it. */
  idleMs: 30 * 60_000,
  /** It ends in any case. */
  longestMs: 12 * 3_600_000,
  /** One more ends the one that has been unused for longest. */
  sessions: 64,
  /** Wrong tokens from one address before it has to wait. */
  guesses: 5,
  /** After which one more guess is free. */
  guessMs: 10_000,
  /** Wrong tokens a minute from everywhere together. */
  guessesAMinute: 60,
  /** Addresses that are remembered for their wrong tokens. */
  addresses: 1_024,
} as const;

export interface Session {
  readonly id: string;
  readonly from: number;
  used: number;
}

export type SignIn =
  | { readonly kind: 'signed-in'; readonly session: Session }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'wait'; readonly seconds: number };

interface Guesses {
  wrong: number;
  since: number;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** In a time that does not depend on where they differ, or on their lengths. */
const sameToken = (given: string, token: string): boolean =>
  timingSafeEqual(digest(given), digest(token));

export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #guesses = new Map<string, Guesses>();
  readonly #all: Guesses = { wrong: 0, since: 0 };

  /** `address`: where it comes from, as far as that is known. `token`: the right one. */
  signIn(given: string, token: string, address: string, now: number): SignIn {
    const seconds = this.#wait(address, now);
    if (seconds > 0) return { kind: 'wait', seconds };
    if (!sameToken(given, token)) {
      this.#wrong(address, now);
      return { kind: 'wrong' };
    }
    this.#guesses.delete(address);
    const session = { id: randomBytes(32).toString('base64url'), from: now, used: now };
    if (this.#sessions.size >= SESSION_LIMITS.sessions) this.#endOldest(now);
    this.#sessions.set(session.id, session);
    return { kind: 'signed-in', session };
  }

  /** The session, which counts as used; null when there is none, or it has ended. */
  find(id: string | undefined, now: number): Session | null {
    const session = this.#sessions.get(id ?? '');
    if (session === undefined) return null;
    if (this.isOver(session, now)) {
      this.#sessions.delete(session.id);
      return null;
    }
    session.used = now;
    return session;
  }

  isOver({ id, from, used }: Session, now: number): boolean {
    const { idleMs, longestMs } = SESSION_LIMITS;
    return !this.#sessions.has(id) || now - used > idleMs || now - from > longestMs;
  }

  signOut(id: string): void {
    this.#sessions.delete(id);
  }

  /** Seconds until another guess is looked at; 0: now. */
  #wait(address: string, now: number): number {
    const { guesses, guessMs, guessesAMinute } = SESSION_LIMITS;
    if (now - this.#all.since > 60_000) Object.assign(this.#all, { wrong: 0, since: now });
    const own = this.#guesses.get(address);
    if (own !== undefined) forgive(own, guessMs, now);
    if (own !== undefined && own.wrong >= guesses) {
      return Math.ceil((own.since + guessMs - now) / 1_000);
    }
    if (this.#all.wrong < guessesAMinute) return 0;
    return Math.max(1, Math.ceil((this.#all.since + 60_000 - now) / 1_000));
  }

  #wrong(address: string, now: number): void {
    this.#all.wrong += 1;
    const own = this.#guesses.get(address) ?? { wrong: 0, since: now };
    own.wrong += 1;
    this.#guesses.delete(address);
    this.#guesses.set(address, own);
    const [oldest] = this.#guesses.keys();
    if (this.#guesses.size > SESSION_LIMITS.addresses && oldest !== undefined)
      this.#guesses.delete(oldest);
  }

  #endOldest(now: number): void {
    const all = [...this.#sessions.values()].sort((a, b) => a.used - b.used);
    for (const session of all) {
      if (this.isOver(session, now) || this.#sessions.size >= SESSION_LIMITS.sessions) {
        this.#sessions.delete(session.id);
      }
    }
  }
}

/** One guess after another is forgiven as time goes by. */
function forgive(own: Guesses, guessMs: number, now: number): void {
  const times = Math.min(own.wrong, Math.floor((now - own.since) / guessMs));
  own.wrong -= times;
  own.since = own.wrong === 0 ? now : own.since + times * guessMs;
}
