// The way to have the options of Node that the agent needs, however it was started. No
// settings are read here: this comes before everything else.
import { loadAddon } from '../kernel/addon.js';
import { ENGINE_OPTIONS } from '../engine/options.js';

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
