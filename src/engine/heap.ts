// How V8 keeps house in a process that lives long, as far as it can be told after the start. Nothing is told before
// everything is loaded: code that was compiled ahead, Node's own too, is of the options at the start, and V8 refuses
// it as soon as one of them is another.
import { setFlagsFromString } from 'node:v8';

/**
 * The young generation stays as small as it is at the start (1 MB): each collection is short, and the process is
 * small. The old one grows by a third (or 8 MB) before it is looked through again, not to four times its size: memory
 * stays what it is, however much happens. To be called once, when everything is loaded.
 *
 * Not --optimize-for-size, which does the second, too: it halves the young generation, and what was sent by an Active
 * of many was late by tens of ms at times (measured).
 */
export function keepHeapSmall(): void {
  // V8 reads them whenever it may let a generation grow, not once.
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=30');
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
