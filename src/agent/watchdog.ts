// The service manager's watchdog (sd_watchdog_enabled(3)): when it is owed a sign of life, and the
// sign. No timer while the driver runs: only it knows that a whole wake-up has been gone through.
import { after, between, instant, microseconds, type Instant } from '../model/units.js';
import type { Later } from '../timers/later.js';

export interface Watchdog {
  /** When the next sign of life is due; null when nobody watches. */
  readonly dueAt: Instant | null;
  /** The loop has gone through sockets, clock and effects: says so when a sign is due. */
  alive(now: Instant): void;
}

/** One sign that is late, or lost, must not cost the role. */
const SIGNS_PER_TIMEOUT = 4;

const UNWATCHED: Watchdog = { dueAt: null, alive: () => undefined };

/**
 * The watchdog as the environment asks for it: WATCHDOG_USEC is the time in microseconds after which
 * the service manager ends us, WATCHDOG_PID whom it means.
 * @param notify sends one sd_notify(3) message; never throws.
 */
export function createWatchdog(
  environment: Readonly<Record<string, string | undefined>>,
  processId: number,
  notify: (message: string) => void,
): Watchdog {
  const { WATCHDOG_USEC: timeout = '', WATCHDOG_PID: watched } = environment;
  if (!/^[1-9]\d{0,15}$/.test(timeout)) return UNWATCHED;
  if (watched !== undefined && watched !== String(processId)) return UNWATCHED;
  const period = microseconds(Math.max(1, Math.floor(Number(timeout) / SIGNS_PER_TIMEOUT)));
  let dueAt = instant(0);
  return {
    get dueAt() {
      return dueAt;
    },
    alive(now) {
      if (now < dueAt) return;
      dueAt = after(now, period);
      notify('WATCHDOG=1');
    },
  };
}

/**
 * Gives signs of life while a stop goes on: its hooks and its successor may take longer than the service manager waits for
 * a sign, and each step of it has a limit of its own. @returns what `stop` comes to.
 */
export async function aliveDuring<T>(
  stop: Promise<T>,
  { watchdog, now, later }: { watchdog: Watchdog; now: () => Instant; later: Later },
): Promise<T> {
  let cancel: (() => void) | null = null;
  const sign = (): void => {
    const at = now();
    watchdog.alive(at);
    const { dueAt } = watchdog;
    if (dueAt !== null) cancel = later(Math.max(1, between(at, dueAt) / 1_000), sign);
  };
  sign();
  return stop.finally(() => cancel?.());
}
