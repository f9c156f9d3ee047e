// A queue that a test waits on. Nothing is judged here.
import { within } from '../support/limits.js';

/** What arrived, in order, and whoever waits for it. */
export class Inbox<Item> {
  readonly #items: Item[] = [];
  readonly #waiting: {
    readonly resolve: (item: Item) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  /** What was taken last: the best hint when nothing more comes. */
  #last: Item | undefined;
  #ended: Error | null = null;

  get size(): number {
    return this.#items.length;
  }

  readonly put = (item: Item): void => {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#items.push(item);
    else waiting.resolve(item);
  };

  /** Nothing more comes: whoever waits, or asks for more than there is, gets the error. */
  end(error: Error): void {
    this.#ended = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** @throws Error when nothing comes: what was expected, and what was taken last; or as `end` says. */
  async take(expected = 'something more in the inbox'): Promise<Item> {
    const known = this.#items.shift();
    if (known !== undefined) return (this.#last = known);
    if (this.#ended !== null)
      throw new Error(`expected ${expected}; found: ${this.#ended.message}`);
    const next = new Promise<Item>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
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
