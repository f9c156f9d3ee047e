// The options of V8 that the agent needs, and the way to have them however it was started. No
// settings are read here: this comes before everything else.
import { loadAddon } from '../kernel/addon.js';

/**
 * Garbage is collected by the thread that made it: under SCHED_FIFO that thread waits for no other,
 * which on a busy machine may not get its turn. And the young generation stays small: each
 * collection is short, and the process is.
 *
 * V8 takes both at its start only. Set later (v8.setFlagsFromString) the first one works until a
 * marking that was begun under the old rule ends: V8 then ends the process (seen with Node 20).
 */
export const ENGINE_OPTIONS: readonly string[] = [
  '--single-threaded-gc',
  '--max-semi-space-size=1',
];

/**
 * Starts this process again with the options it lacks: same process id, files and environment. Does
 * not return then. When it cannot, the agent runs without them: later at times, not wrong.
 */
export function ensureEngineOptions(): void {
  const lacking = ENGINE_OPTIONS.filter((option) => !process.execArgv.includes(option));
  if (lacking.length === 0) return;
  const command = [process.execPath, ...lacking, ...process.execArgv, ...process.argv.slice(1)];
  try {
    const texts = new TextEncoder().encode(command.map((one) => `${one}\0`).join(''));
    loadAddon().replaceProcess(texts.buffer);
  } catch {
    // The addon is not built: the agent says so, with the command that builds it.
  }
}
