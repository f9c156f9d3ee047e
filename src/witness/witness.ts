// What any witness is asked: four operations on one lease that has one holder at a time. No engine, no schedule, no
// meaning for roles.

/** What the engine says about the lease. */
export type Reading = { readonly generation: number } & (
  | { readonly kind: 'free' }
  | {
      readonly kind: 'held';
      /** The text that `acquire` was given. */
      readonly owner: string;
      /** Of this tenure and of no other. */
      readonly token: string;
      /** For how long it was granted, in ms. */
      readonly ttlMs: number;
      /** It will not end earlier than this after the request was sent, in ms; 0 when nobody can say. */
      readonly atLeastMs: number;
    }
);

/**
 * An engine that keeps one lease. An operation ends when its signal is aborted. Each rejects with a `WitnessAway`
 * when there is no answer, none of the right form, or none that a majority of the engine's members stands behind.
 *
 * `generation` of a reading counts how often the engine has been seen to have lost what it knew: it was emptied, or
 * went back to an earlier state. Then a lease that it granted before may be counted on by its holder.
 */
export interface Witness {
  /** Takes the lease for `ttlSeconds` if nobody has it. @returns who has it now, which may be another owner. */
  acquire(owner: string, ttlSeconds: number, signal: AbortSignal): Promise<Reading>;
  /**
   * Has the tenure `token` of `owner` last for another whole ttl. @returns who has the lease now: a tenure that was
   * lost is not taken again.
   */
  renew(owner: string, token: string, signal: AbortSignal): Promise<Reading>;
  /** Ends the tenure `token`, if there is such a one. */
  release(token: string, signal: AbortSignal): Promise<void>;
  read(signal: AbortSignal): Promise<Reading>;
  /** Gives up its connections. */
  close(): void;
}

/** The message says what was expected, what was found, and what to do about it where that is known. */
export class WitnessAway extends Error {
  override readonly name = 'WitnessAway';
}
