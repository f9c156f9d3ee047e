// When the agent's garbage is looked for. V8 lets 8 MB of it pile up, and begins whenever that is so; an agent has
// moments in which nobody waits for it. How a collection begins: heap.ts.

export interface CollectionsOptions {
  /** What of the heap is used, garbage included, in bytes. */
  readonly used: () => number;
  /** Begins a collection, which goes on in small steps. */
  readonly begin: () => void;
  /** Gives back to the system what is free outside the heap; done once after each collection. */
  readonly trim: () => void;
  /** Whether nothing has happened for a moment, nor is about to be done. */
  readonly isQuiet: () => boolean;
  /** Calls back once, after so many milliseconds. */
  readonly later: (ms: number, task: () => void) => unknown;
}

/** Garbage that is worth a collection: the work of one grows with what lives, so this does, too. In bytes. */
export const worthIt = (living: number): number => Math.max(2 * 1024 * 1024, living / 5);
/** By this, what is worth a collection in a quiet moment becomes worth one at any time. */
export const AT_ANY_TIME = 2;
/** The start leaves most of its garbage within this time, in milliseconds. */
export const FIRST_LOOK_MS = 5_000;
export const LOOK_MS = 10_000;
/** Between two looks for a quiet moment. */
export const MOMENT_MS = 100;

/** Looks for garbage from now on: the first time when the start is over, then whenever enough has come. */
export function collectInTime({ used, begin, trim, isQuiet, later }: CollectionsOptions): void {
  /** The least that was used since the last collection began: what lives, and little besides. */
  let least = 0;
  let collected = false;
  const look = (): void => {
    if (collected && isQuiet()) {
      collected = false;
      trim();
    }
    const now = used();
    least = Math.min(least, now);
    const garbage = now - least;
    const worth = worthIt(least);
    if (garbage >= worth && garbage < AT_ANY_TIME * worth && !isQuiet()) {
      later(MOMENT_MS, look);
      return;
    }
    if (garbage >= worth) {
      begin();
      least = now;
      collected = true;
    }
    later(LOOK_MS, look);
  };
  later(FIRST_LOOK_MS, look);
}
