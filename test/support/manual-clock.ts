// Timers that fire when the clock is moved, for what takes a `Later`. No test.
import { EventEmitter } from 'node:events';
import type { Later } from '../../src/timers/later.js';
import { eventOf } from './limits.js';

/** `armed` resolves when the next timer is set, of that length if one is given. */
export function manualClock() {
  const timers = new Map<() => void, number>();
  const signals = new EventEmitter();
  let now = 0;
  const later: Later = (ms, task) => {
    const own = (): void => task();
    timers.set(own, now + ms);
    setImmediate(() => signals.emit('armed', ms));
    return () => timers.delete(own);
  };
  return {
    now: () => now,
    later,
    armed: async (wanted?: number): Promise<number> => {
      for (;;) {
        const expected = `a timer${wanted === undefined ? '' : ` of ${wanted} ms`} to be set`;
        const [ms] = (await eventOf(signals, 'armed', expected)) as [number];
        if (wanted === undefined || ms === wanted) return ms;
      }
    },
    pending: () => timers.size,
    advance(ms: number): void {
      now += ms;
      const due = [...timers].filter(([, at]) => at <= now).map(([own]) => own);
      for (const own of due) timers.delete(own);
      for (const own of due) own();
    },
  };
}
