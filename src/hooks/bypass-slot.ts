// The hardware bypass in use: the one that the settings name, read again and again, so that what is
// shown does not grow old. Which way the relay should be is decided in core.
import type { BypassSettings, Settings } from '../config/settings.js';
import { Bypass, type BypassOptions, type BypassStatus } from './bypass.js';
import { later as realLater } from '../timers/later.js';

/** From the end of one routine reading to the next, in ms. */
export const REREAD_MS = 30_000;

interface BypassSlotOptions extends Omit<
  BypassOptions,
  'settings' | 'name' | 'onInhibit' | 'onProblems'
> {
  readonly onInhibit: (inhibited: boolean) => void;
  readonly onProblems: (problems: readonly string[]) => void;
}

export class BypassSlot {
  readonly #options: BypassSlotOptions;
  #configured = JSON.stringify([null]);
  #bypass: Bypass | null = null;
  #ordered: Parameters<Bypass['want']> | null = null;
  /** Ends the wait for the next reading. */
  #cancel = (): void => undefined;
  #stopped = false;

  constructor(options: BypassSlotOptions) {
    this.#options = options;
  }

  /** Takes over other settings: what was ordered is ordered there too, and the relay is read. */
  configure({ bypass, name }: Pick<Settings, 'bypass' | 'name'>): void {
    const configured = JSON.stringify(bypass === null ? [null] : [bypass, name]);
    if (configured === this.#configured) return;
    this.#configured = configured;
    this.#retire();
    if (bypass !== null) this.#open(bypass, name);
  }

  order(...order: Parameters<Bypass['want']>): void {
    this.#ordered = order;
    this.#bypass?.want(...order);
  }

  /** Null where the settings name no bypass. */
  status(): BypassStatus | null {
    return this.#bypass?.status() ?? null;
  }

  /** Does `onStop`, within a limit; nothing is read or told afterwards, the status stays. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#bypass?.stop();
  }

  /** What the former relay was, and what was wrong with it, concerns nobody any more. */
  #retire(): void {
    if (this.#bypass === null) return;
    this.#cancel();
    this.#bypass.close();
    this.#bypass = null;
    this.#options.onState('unknown', new Map());
    this.#options.onInhibit(false);
    this.#options.onProblems([]);
  }

  #open(settings: BypassSettings, name: string): void {
    const bypass = new Bypass({ ...this.#options, settings, name });
    this.#bypass = bypass;
    if (this.#ordered !== null) bypass.want(...this.#ordered);
    void this.#keepReading(bypass);
  }

  async #keepReading(bypass: Bypass): Promise<void> {
    await bypass.refresh();
    if (bypass !== this.#bypass || this.#stopped) return;
    this.#cancel = (this.#options.later ?? realLater)(REREAD_MS, () => {
      void this.#keepReading(bypass);
    });
  }
}
