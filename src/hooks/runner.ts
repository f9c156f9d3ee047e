// How the programs of the user are called, the same for every hook: one call at a time for each subject, so many in all,
// another try after a wait, and an end that somebody can wait for. What is called, and what its answer means, is the
// hook's own.
import type { Milliseconds } from '../model/units.js';
import type { Later } from '../timers/later.js';

interface RunnerOptions {
  /**
   * What is to be done for this subject now; null when nothing is. Asked anew when that has been done, so that
   * whatever is newest then is next.
   */
  readonly next: (subject: string) => (() => Promise<void>) | null;
  /** Calls at a time, of all subjects; any number unless given. */
  readonly atATime?: number;
  readonly later: Later;
}

/** When a call is made again, and for how long. */
interface Persistence<Answer> {
  readonly isWorthAnother: (answer: Answer) => boolean;
  /** False as soon as something newer is to be done: then there is no other try. */
  readonly isWanted: () => boolean;
  /** The first wait in ms; it doubles each time. */
  readonly firstWait: number;
  readonly longestWait?: number;
  readonly tries?: number;
}

export class HookRunner {
  readonly #options: RunnerOptions;
  /** Subjects that may have something to do, the one that has waited longest first. */
  readonly #due = new Set<string>();
  readonly #running = new Set<string>();
  /** What ends the wait of a subject for its next try. */
  readonly #waits = new Map<string, () => void>();
  readonly #watchers = new Set<() => void>();
  #closed = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** There may be something to do for this subject. What can begin at once has begun when this returns. */
  stir(subject: string): void {
    if (this.#closed) return;
    this.#due.add(subject);
    this.look();
  }

  /** Begins what can begin, and tells whoever waits for the end. */
  look(): void {
    for (const subject of this.#due) {
      if (this.#running.size >= (this.#options.atATime ?? Infinity)) return;
      if (!this.#running.has(subject)) this.#begin(subject);
    }
    if (this.#isIdle()) for (const watcher of this.#watchers) watcher();
  }

  /** Whether a call for this subject is under way, or waits for its turn or for another try. */
  isBusy(subject: string): boolean {
    return this.#running.has(subject) || this.#due.has(subject);
  }

  /** Ends the wait of this subject: something newer is to be done. */
  interrupt(subject: string): void {
    this.#waits.get(subject)?.();
  }

  /** Calls, and calls again after growing waits, as long as that is worth it and wanted. @returns the last answer. */
  async persist<Answer>(
    subject: string,
    call: () => Promise<Answer>,
    { isWorthAnother, isWanted, firstWait, longestWait, tries }: Persistence<Answer>,
  ): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await call();
      if (!isWorthAnother(answer) || attempt === tries || !isWanted()) return answer;
      await this.#pause(subject, Math.min(longestWait ?? Infinity, firstWait * 2 ** (attempt - 1)));
      if (!isWanted()) return answer;
    }
  }

  /** Resolves when nothing runs and nothing waits; at once when that is so. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#watch(resolve));
  }

  /** The same, or when `within` is over, whichever comes first. */
  idleWithin(within: Milliseconds): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => {
      const forget = this.#watch(() => {
        cancel();
        resolve();
      });
      const cancel = this.#options.later(within, () => {
        forget();
        resolve();
      });
    });
  }

  /** Nothing begins any more and no wait goes on; a call under way is left to its deadline. */
  close(): void {
    this.#closed = true;
    this.#due.clear();
    for (const end of this.#waits.values()) end();
    this.look();
  }

  #isIdle(): boolean {
    return this.#due.size === 0 && this.#running.size === 0;
  }

  #begin(subject: string): void {
    this.#due.delete(subject);
    const task = this.#options.next(subject);
    if (task === null) return;
    // Behind the others, so that a busy subject does not keep them waiting.
    this.#due.add(subject);
    this.#running.add(subject);
    void this.#run(subject, task);
  }

  async #run(subject: string, task: () => Promise<void>): Promise<void> {
    await task();
    this.#running.delete(subject);
    this.look();
  }

  #pause(subject: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#waits.delete(subject);
        resolve();
      };
      const cancel = this.#options.later(ms, end);
      this.#waits.set(subject, end);
    });
  }

  #watch(resolve: () => void): () => void {
    const watcher = (): void => {
      this.#watchers.delete(watcher);
      resolve();
    };
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }
}
