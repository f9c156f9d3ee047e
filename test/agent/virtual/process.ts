// A process in virtual time: what comes to it is taken at once, waits while it is stopped, and is lost
// when it is dead. No work of its own.

export class VirtualProcess {
  #state: 'running' | 'stopped' | 'dead' = 'running';
  #waiting: (() => void)[] = [];
  readonly #onDeath: (() => void)[] = [];

  get dead(): boolean {
    return this.#state === 'dead';
  }

  get running(): boolean {
    return this.#state === 'running';
  }

  /** Called once, when the process dies of whatever. */
  onDeath(task: () => void): void {
    this.#onDeath.push(task);
  }

  /** Something the process is woken for. */
  enter(task: () => void): void {
    if (this.#state === 'running') task();
    else if (this.#state === 'stopped') this.#waiting.push(task);
  }

  /** A level that stays until it is served: however often it is said to one that is stopped, it is one. */
  waker(task: () => void): () => void {
    let pending = false;
    return () => {
      if (pending) return;
      pending = true;
      this.enter(() => {
        pending = false;
        task();
      });
      if (this.#state !== 'stopped') pending = false;
    };
  }

  /** SIGSTOP. */
  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped';
  }

  /** SIGCONT: what has come meanwhile is taken in the order in which it came. */
  thaw(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'running';
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const task of waiting) this.enter(task);
  }

  kill(): void {
    if (this.#state === 'dead') return;
    this.#state = 'dead';
    this.#waiting = [];
    for (const task of this.#onDeath) task();
  }
}
