// A queue that a test waits on. No timeouts: node:test has those.

/** What arrived, in order, and whoever waits for it. */
export class Inbox<Item> {
  readonly #items: Item[] = [];
  readonly #waiting: ((item: Item) => void)[] = [];

  get size(): number {
    return this.#items.length;
  }

  readonly put = (item: Item): void => {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#items.push(item);
    else waiting(item);
  };

  take(): Promise<Item> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Everything that has arrived and was not taken. */
  takeAll(): Item[] {
    return this.#items.splice(0);
  }

  /** Takes until one fits; the others are forgotten. */
  async takeUntil(fits: (item: Item) => boolean): Promise<Item> {
    for (;;) {
      const item = await this.take();
      if (fits(item)) return item;
    }
  }
}
