// The links between appliances: one channel for each direction and way. In order, but late, lossy,
// doubling or cut. No packets are read here.
import type { Agenda, Chance } from './agenda.js';

/** `lan`: the group on that link; `unicast`: an address on it; `ha`: the HA link. */
export const WAYS = ['lan eth0', 'lan eth1', 'unicast eth0', 'ha'] as const;
export type Way = (typeof WAYS)[number];

export interface Quality {
  /** Of a hundred packets so many are lost; and so many arrive twice. */
  readonly loss: number;
  readonly duplication: number;
  /** A packet takes 0.1 ms, and up to so many microseconds more. */
  readonly jitter: number;
}

export const LATENCY = 100;

interface Channel {
  cut: boolean;
  /** When its last packet arrives: none overtakes another. */
  lastAt: number;
}

/** Appliances are known by their index. */
export class Network {
  quality: Quality;
  lost = 0;
  doubled = 0;
  readonly #agenda: Agenda;
  readonly #chance: Chance;
  readonly #size: number;
  readonly #channels: readonly Channel[];

  constructor(agenda: Agenda, chance: Chance, quality: Quality, size: number) {
    this.#agenda = agenda;
    this.#chance = chance;
    this.#size = size;
    this.quality = quality;
    const count = size * size * WAYS.length;
    this.#channels = Array.from({ length: count }, () => ({ cut: false, lastAt: 0 }));
  }

  setCut(from: number, to: number, way: Way, cut: boolean): void {
    this.#channel(from, to, way).cut = cut;
  }

  healAll(): void {
    for (const channel of this.#channels) channel.cut = false;
    this.quality = { ...this.quality, loss: 0 };
  }

  isCut(from: number, to: number, way: Way): boolean {
    return this.#channel(from, to, way).cut;
  }

  send(now: number, from: number, to: number, way: Way, deliver: () => void): void {
    const channel = this.#channel(from, to, way);
    if (channel.cut) return;
    const { loss, duplication, jitter } = this.quality;
    if (this.#chance.happens(loss / 100)) {
      this.lost += 1;
      return;
    }
    this.#arrive(now, channel, jitter, deliver);
    if (!this.#chance.happens(duplication / 100)) return;
    this.doubled += 1;
    this.#arrive(now, channel, jitter, deliver);
  }

  #arrive(now: number, channel: Channel, jitter: number, deliver: () => void): void {
    const at = now + LATENCY + this.#chance.between(0, jitter);
    channel.lastAt = Math.max(at, channel.lastAt);
    this.#agenda.add(channel.lastAt, 0, deliver);
  }

  #channel(from: number, to: number, way: Way): Channel {
    const channel = this.#channels[(from * this.#size + to) * WAYS.length + WAYS.indexOf(way)];
    if (channel === undefined) throw new RangeError(`no channel from ${from} to ${to}`);
    return channel;
  }
}
