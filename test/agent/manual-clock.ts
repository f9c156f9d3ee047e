// Timers that fire when the clock is moved, for what takes a `Later`. No test.
import { once, EventEmitter } from 'node:events';
import type { Later } from '../../src/agent/later.js';

/** `armed` resolves with the length of the next timer that is set. */
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
    armed: async (): Promise<number> => ((await once(signals, 'armed')) as [number])[0],
    pending: () => timers.size,
    advance(ms: number): void {
      now += ms;
      const due = [...timers].filter(([, at]) => at <= now).map(([own]) => own);
      for (const own of due) timers.delete(own);
      for (const own of due) own();
    },
  };
}
