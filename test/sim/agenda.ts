// What happens when, and chance from a seed. No knowledge of what it is that happens.

/** A source of chance that the same seed repeats (mulberry32). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 up to, but not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** Whole, from `low` to `high`, both possible. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  happens(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }
}

interface Entry {
  readonly at: number;
  /** Packets before the clock: 0 is a packet or script, 1 a deadline. */
  readonly rank: 0 | 1;
  readonly order: number;
  readonly run: () => void;
}

const before = (a: Entry, b: Entry): boolean => {
  if (a.at !== b.at) return a.at < b.at;
  return a.rank === b.rank ? a.order < b.order : a.rank < b.rank;
};

/** A binary heap: the soonest first; of one instant packets before deadlines, then in order. */
export class Agenda {
  readonly #heap: Entry[] = [];
  #order = 0;

  add(at: number, rank: 0 | 1, run: () => void): void {
    this.#order += 1;
    const heap = this.#heap;
    heap.push({ at, rank, order: this.#order, run });
    for (let child = heap.length - 1; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!this.#swapUnlessOrdered(parent, child)) break;
      child = parent;
    }
  }

  get soonest(): number | null {
    return this.#heap[0]?.at ?? null;
  }

  take(): Entry | null {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length === 0) return first;
    heap[0] = last;
    for (let parent = 0; ;) {
      const left = parent * 2 + 1;
      const [l, r] = [heap[left], heap[left + 1]];
      if (l === undefined) break;
      const child = r !== undefined && before(r, l) ? left + 1 : left;
      if (!this.#swapUnlessOrdered(parent, child)) break;
      parent = child;
    }
    return first;
  }

  #swapUnlessOrdered(parent: number, child: number): boolean {
    const heap = this.#heap;
    const [above, below] = [heap[parent], heap[child]];
    if (above === undefined || below === undefined || !before(below, above)) return false;
    heap[parent] = below;
    heap[child] = above;
    return true;
  }
}
