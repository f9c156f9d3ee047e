// The macvlans of one appliance's kernel: a virtual router with a virtual MAC address has its addresses on one. Who makes,
// raises and deletes them, and when: kernel.ts. What the real ones do: test/agent/virtual-mac, test/net/virtual-mac.

export type MacvlanState = 'gone' | 'down' | 'up';

export class Macvlans {
  readonly #states = new Map<string, MacvlanState>();
  readonly #changed: (virtualRouter: string, state: MacvlanState) => void;

  constructor(changed: (virtualRouter: string, state: MacvlanState) => void) {
    this.#changed = changed;
  }

  /** These virtual routers have a virtual MAC address; nothing of it is there yet. */
  use(virtualRouters: readonly string[]): void {
    for (const name of virtualRouters) this.#states.set(name, 'gone');
  }

  has(virtualRouter: string): boolean {
    return this.#states.has(virtualRouter);
  }

  stateOf(virtualRouter: string): MacvlanState | null {
    return this.#states.get(virtualRouter) ?? null;
  }

  /** Frames to the virtual MAC address are received, and what stands there is answered for. */
  isUp(virtualRouter: string): boolean {
    return this.#states.get(virtualRouter) === 'up';
  }

  /** Those in this state. */
  in(state: MacvlanState): string[] {
    return [...this.#states].filter(([, one]) => one === state).map(([name]) => name);
  }

  /** Makes those that are gone; each is down. */
  make(): void {
    for (const name of this.in('gone')) this.#set(name, 'down');
  }

  /** @returns whether there is one. */
  raise(virtualRouter: string): boolean {
    if (this.#states.get(virtualRouter) === 'down') this.#set(virtualRouter, 'up');
    return this.isUp(virtualRouter);
  }

  lower(virtualRouter: string): void {
    if (this.isUp(virtualRouter)) this.#set(virtualRouter, 'down');
  }

  /** @returns whether there was one. */
  delete(virtualRouter: string): boolean {
    const state = this.#states.get(virtualRouter) ?? 'gone';
    if (state !== 'gone') this.#set(virtualRouter, 'gone');
    return state !== 'gone';
  }

  #set(virtualRouter: string, state: MacvlanState): void {
    this.#states.set(virtualRouter, state);
    this.#changed(virtualRouter, state);
  }
}
