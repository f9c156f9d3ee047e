// What interfaces have received, by the kernel's own counters. No rate, no judgement, no processes.
//
// One file for each interface, read in place: it is there at once however busy the machine is. The
// same number from systeminformation takes eight processes, and what it remembers for 500 ms goes by
// the wall clock; it is asked where neither matters, in bandwidth-circumstances.ts.
import { readFileSync } from 'node:fs';
import { instant, type Instant } from '../model/units.js';

/** What one reading of all interfaces says. */
export type TrafficReading =
  | {
      readonly kind: 'read';
      readonly at: Instant;
      /** Received through all of them since the source was made, as far as it was seen. */
      readonly bytes: number;
      /** Counters began anew since the last reading: what passed meanwhile is unknown. */
      readonly interrupted: boolean;
    }
  | { readonly kind: 'missing'; readonly interface: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

export interface TrafficSource {
  read(): TrafficReading;
}

/** Of one interface since it was made. */
export interface Counter {
  readonly interfaceIndex: string;
  readonly bytes: number;
}

/** Null when there is no such interface. @throws Error when there is, and it cannot be read. */
type ReadCounter = (name: string) => Counter | null;

/** @param now monotonic, the clock of `Kernel.now`. */
export function createTrafficSource(
  interfaces: readonly string[],
  readCounter: ReadCounter = kernelCounter,
  now: () => Instant = monotonic,
): TrafficSource {
  const counters = new Map<string, Counter>();
  let total = 0;

  /** Adds what has passed since the counter before; whether there was one to compare with. */
  const advance = (name: string, counter: Counter): boolean => {
    const before = counters.get(name);
    counters.set(name, counter);
    if (before === undefined || !continues(before, counter)) return false;
    total += counter.bytes - before.bytes;
    return true;
  };

  return {
    read: () => {
      const found = new Map<string, Counter>();
      for (const name of interfaces) {
        try {
          const counter = readCounter(name);
          if (counter === null) {
            counters.delete(name);
            return { kind: 'missing', interface: name };
          }
          found.set(name, counter);
        } catch (error) {
          return { kind: 'unavailable', reason: `no counters of ${name}: ${codeOf(error)}` };
        }
      }
      const at = now();
      const continued = Array.from(found, ([name, counter]) => advance(name, counter));
      return { kind: 'read', at, bytes: total, interrupted: continued.includes(false) };
    },
  };
}

/** Not after the interface was made anew, or its driver has set its counters to zero. */
const continues = (before: Counter, after: Counter): boolean =>
  before.interfaceIndex === after.interfaceIndex && after.bytes >= before.bytes;

function kernelCounter(name: string): Counter | null {
  const folder = `/sys/class/net/${name}`;
  try {
    const interfaceIndex = readFileSync(`${folder}/ifindex`, 'utf8').trim();
    const bytes = Number(readFileSync(`${folder}/statistics/rx_bytes`, 'utf8'));
    if (!Number.isSafeInteger(bytes)) throw new Error('no number');
    // Another one of the same name: what was read is nobody's.
    const same = readFileSync(`${folder}/ifindex`, 'utf8').trim() === interfaceIndex;
    return same ? { interfaceIndex, bytes } : null;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.message;
};

/** CLOCK_MONOTONIC, the clock of `Kernel.now`. */
export const monotonic = (): Instant => instant(Number(process.hrtime.bigint() / 1_000n));
