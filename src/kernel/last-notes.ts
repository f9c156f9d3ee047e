// Which of the notes of a room say all that the others say: the last of each kind, by their places. No memory that the addon
// shares.
import { instant, type Instant } from '../model/units.js';

const NONE = -1;

export class LastNotes {
  /** The peer of each path. */
  readonly #peerOf: readonly number[];
  /** By path: where the last message stands, and the last answer; when the check was made that it answers. */
  readonly #messages: Int32Array;
  readonly #answers: Int32Array;
  readonly #asked: Float64Array;
  /** By peer: where the last check stands, when it was made, and how many were. */
  readonly #checks: Int32Array;
  readonly #checkedAt: Float64Array;
  readonly #made: Uint32Array;

  /** @param peerOf the peer of each path. */
  constructor(peers: number, peerOf: readonly number[]) {
    this.#peerOf = peerOf;
    this.#messages = new Int32Array(peerOf.length);
    this.#answers = new Int32Array(peerOf.length);
    this.#asked = new Float64Array(peerOf.length);
    this.#checks = new Int32Array(peers);
    this.#checkedAt = new Float64Array(peers);
    this.#made = new Uint32Array(peers);
  }

  /** Nothing is noted. */
  begin(): void {
    this.#messages.fill(NONE);
    this.#answers.fill(NONE);
    this.#checks.fill(NONE);
    this.#checkedAt.fill(NONE);
    this.#made.fill(0);
  }

  /** A check of this peer stands at `index`. */
  check(index: number, peer: number, at: number): void {
    this.#checks[peer] = index;
    this.#checkedAt[peer] = at;
    this.#made[peer] = this.madeFor(peer) + 1;
  }

  /** A message on this path stands at `index`. */
  message(index: number, path: number, answered: boolean): void {
    this.#messages[path] = index;
    if (!answered) return;
    this.#answers[path] = index;
    this.#asked[path] = this.#checkedAt[this.#peerOf[path] ?? 0] ?? NONE;
  }

  /** How many checks of this peer there are. */
  madeFor(peer: number): number {
    return this.#made[peer] ?? 0;
  }

  /** When the check was made that the last answer on this path answers; null where it is not among the notes. */
  askedAt(path: number): Instant | null {
    const at = this.#asked[path] ?? NONE;
    return at === NONE ? null : instant(at);
  }

  /** Where the last of each kind stand, each once, in order. */
  indexes(): readonly number[] {
    const all = new Set([...this.#messages, ...this.#answers, ...this.#checks]);
    all.delete(NONE);
    return [...all].toSorted((a, b) => a - b);
  }
}
