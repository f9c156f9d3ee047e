// The way to have the options of Node that the agent needs, however it was started. No
// settings are read here: this comes before everything else.
import { loadAddon } from '../kernel/addon.js';
import { ENGINE_OPTIONS } from '../model/engine-options.js';

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

/** The start leaves most of its garbage within this time. */
const COLLECT_AFTER_MS = 5_000;
/** More than V8 lets pass outside its heap without looking for garbage (64 MiB). Never touched. */
const WEIGHT = 96 * 1024 * 1024;

/**
 * Has V8 begin its first great collection soon: left alone it lets the heap grow to twice what the agent
 * needs first. It is made in small steps, not in one pause as an outright call of gc() would be.
 */
export function collectLater(): void {
  setTimeout(() => {
    try {
      void new ArrayBuffer(WEIGHT);
    } catch {
      // The process may not have so much: then the first collection comes when V8 thinks so.
    }
  }, COLLECT_AFTER_MS).unref();
}
