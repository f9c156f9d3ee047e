// A queue that a test waits on. Nothing is judged here.
import { within } from '../support/limits.js';

/** What arrived, in order, and whoever waits for it. */
export class Inbox<Item> {
  readonly #items: Item[] = [];
  readonly #waiting: ((item: Item) => void)[] = [];
  /** What was taken last: the best hint when nothing more comes. */
  #last: Item | undefined;

  get size(): number {
    return this.#items.length;
  }

  readonly put = (item: Item): void => {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#items.push(item);
    else waiting(item);
  };

  /** @throws Error when nothing comes: what was expected, and what was taken last. */
  async take(expected = 'something more in the inbox'): Promise<Item> {
    const known = this.#items.shift();
    if (known !== undefined) return (this.#last = known);
    const next = new Promise<Item>((resolve) => {
      this.#waiting.push(resolve);
    });
    return (this.#last = await within(expected, next, () => this.#last ?? 'nothing'));
  }

  /** Everything that has arrived and was not taken. */
  takeAll(): Item[] {
    return this.#items.splice(0);
  }

  /** Takes until one fits; the others are forgotten. */
  async takeUntil(
    fits: (item: Item) => boolean,
    expected = `an item for which ${String(fits)}`,
  ): Promise<Item> {
    const one = async (): Promise<Item> => {
      for (;;) {
        const item = await this.take(expected);
        if (fits(item)) return item;
      }
    };
    return within(expected, one(), () => this.#last ?? 'nothing');
  }
}
