// The links between appliances: one channel for each direction and way. In order, but late, lossy,
// doubling or cut. No packets are read here.
import type { Agenda, Chance } from './agenda.js';

/** `lan eth0`: the group on that link; `unicast eth0`: an address on it; `ha`: the HA link. */
export type Way = string;

export interface Quality {
  readonly loss: number;
  readonly duplication: number;
  /** A packet takes 0.1 ms, and up to so many microseconds more. */
  readonly jitter: number;
}

const LATENCY = 100;

export class Network {
  quality: Quality;
  readonly #agenda: Agenda;
  readonly #chance: Chance;
  readonly #cuts = new Set<string>();
  /** When the last packet of a channel arrives: none overtakes another. */
  readonly #lastAt = new Map<string, number>();

  constructor(agenda: Agenda, chance: Chance, quality: Quality) {
    this.#agenda = agenda;
    this.#chance = chance;
    this.quality = quality;
  }

  setCut(from: string, to: string, way: Way, cut: boolean): void {
    if (cut) this.#cuts.add(`${way} ${from} ${to}`);
    else this.#cuts.delete(`${way} ${from} ${to}`);
  }

  healAll(): void {
    this.#cuts.clear();
    this.quality = { ...this.quality, loss: 0 };
  }

  isCut(from: string, to: string, way: Way): boolean {
    return this.#cuts.has(`${way} ${from} ${to}`);
  }

  send(now: number, from: string, to: string, way: Way, deliver: () => void): void {
    if (this.isCut(from, to, way)) return;
    const { loss, duplication, jitter } = this.quality;
    if (this.#chance.happens(loss)) return;
    const copies = this.#chance.happens(duplication) ? 2 : 1;
    const key = `${way} ${from} ${to}`;
    for (let copy = 0; copy < copies; copy += 1) {
      const wanted = now + LATENCY + this.#chance.between(0, jitter);
      const at = Math.max(wanted, this.#lastAt.get(key) ?? 0);
      this.#lastAt.set(key, at);
      this.#agenda.add(at, 0, deliver);
    }
  }
}
