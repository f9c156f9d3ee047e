// How V8 keeps house in a process that lives long, as far as it can be told after the start. Nothing is told before
// everything is loaded: code that was compiled ahead, Node's own too, is of the options at the start, and V8 refuses
// it as soon as one of them is another. When the agent's garbage is looked for: collections.ts.
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

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

/** The same for a process of which nobody expects anything to the millisecond: the heap grows by 2 MB, not by 8. */
export function keepHeapSmallest(): void {
  keepHeapSmall();
  setFlagsFromString('--optimize-for-size');
}

/**
 * What is seldom run stays compiled. Left alone V8 forgets a function that was not run between some collections: that
 * of a Backup which has to take over, once in a year.
 */
export function keepCode(): void {
  setFlagsFromString('--no-flush-bytecode');
}

/** What of the heap is used, in bytes; garbage counts until it is collected. */
export const heapUsed = (): number => getHeapStatistics().used_heap_size;

/** More than V8 lets pass outside its heap without looking for garbage (64 MiB). Never touched. */
const WEIGHT = 96 * 1024 * 1024;

/**
 * Has V8 begin a collection of the whole heap. It is made in small steps, not in one pause as an outright call of gc()
 * would be.
 */
export function beginCollection(): void {
  try {
    void new ArrayBuffer(WEIGHT);
  } catch {
    // The process may not have so much: then a collection comes when V8 thinks so.
  }
}
