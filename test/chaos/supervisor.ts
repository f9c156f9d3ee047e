// What the unit does about an agent that has ended (Restart=always, ExecStopPost): waits for its executor,
// has `understudy release` run, starts the agent again. The rest of a storm is bench.ts.
import process from 'node:process';
import type { Appliance } from '../../scripts/lab/appliance.js';
import { until } from '../support/limits.js';
import { pause } from './fault.js';

/** From the end of the processes to the next start; the unit's own (RestartSec) is half of it. */
const RESTART_MS = 1_000;
/** An executor that stands still is killed after that; the unit waits longer, which no storm lasts. */
const EXECUTOR_MS = 3_000;
const LOOK_MS = 25;

/** `stopped`: it was told to end, and is released but not started. `dead`: there is no host. */
type Held = 'no' | 'stopped' | 'dead';

export interface Supervised {
  readonly appliance: Appliance;
  /** Its executor, while it runs. */
  readonly executors: () => readonly number[];
  readonly start: () => void;
  /** Runs `understudy release` to its end. */
  readonly release: () => Promise<unknown>;
}

export class Supervisor {
  readonly #supervised: Supervised;
  readonly #timer: NodeJS.Timeout;
  #held: Held = 'no';
  /** Those it has had since it was started last. */
  #executors: readonly number[] = [];
  /** Has been seen running, and what it left has not been cleared away. */
  #began = false;
  #busy = false;

  constructor(supervised: Supervised) {
    this.#supervised = supervised;
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
  }

  /** It is not started again until somebody does. */
  hold(held: Exclude<Held, 'no'>): void {
    this.#held = held;
  }

  /** Starts it, or lets it be started; resolves when it runs. */
  async start(): Promise<void> {
    this.#held = 'no';
    const { appliance } = this.#supervised;
    if (!this.#began && !this.#busy && !appliance.running) this.#supervised.start();
    await until(`${appliance.name} started by its supervisor`, () => appliance.running);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { appliance, executors } = this.#supervised;
    if (this.#busy) return;
    if (appliance.running) {
      this.#began = true;
      const found = executors();
      if (found.length > 0) this.#executors = found;
      return;
    }
    if (!this.#began) return;
    this.#busy = true;
    await this.#clearAway().catch((error: Error) => appliance.log.add(`-- ${error.message}`));
    this.#busy = false;
  }

  async #clearAway(): Promise<void> {
    const { appliance, release, start } = this.#supervised;
    if (this.#held !== 'dead') {
      const endsAt = performance.now() + EXECUTOR_MS;
      while (this.#executors.some(isThere) && performance.now() < endsAt) await pause(LOOK_MS);
      for (const pid of this.#executors.filter(isThere)) process.kill(pid, 'SIGKILL');
      await release();
      await pause(RESTART_MS);
    }
    this.#began = false;
    this.#executors = [];
    if (this.#held === 'no' && !appliance.running) start();
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
