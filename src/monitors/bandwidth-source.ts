// What interfaces have received, from systeminformation. No rate, no judgement, and none of its
// clock: it measures by wall time.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
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
  read(): Promise<TrafficReading>;
}

/** The part of systeminformation that is used. */
interface Systeminformation {
  networkStats(interfaceName: string): Promise<readonly Statistics[]>;
}

interface Statistics {
  readonly iface: string;
  readonly rx_bytes: number;
  /** Wall time since its reading before; 0 for the first one, and when it could not read. */
  readonly ms: number;
}

interface Counter {
  readonly interfaceIndex: string;
  readonly bytes: number;
}

/** systeminformation answers from its memory within 500 ms of wall time. */
const CACHED_MS = 500;
/** Readings further apart than this are all fresh. */
export const MINIMUM_READING_INTERVAL_MS = 600;

const require = createRequire(import.meta.url);

/** The package; a new copy of it when what it remembers cannot be trusted. */
function loadSysteminformation(fresh: boolean): Systeminformation {
  if (fresh) {
    for (const path of Object.keys(require.cache)) {
      if (path.includes('/node_modules/systeminformation/')) delete require.cache[path];
    }
  }
  return require('systeminformation') as Systeminformation;
}

/** @param wallClock milliseconds; by which systeminformation decides that its memory is fresh. */
export function createTrafficSource(
  interfaces: readonly string[],
  load: (fresh: boolean) => Systeminformation = loadSysteminformation,
  wallClock: () => number = () => Date.now(),
): TrafficSource {
  const counters = new Map<string, Counter>();
  let total = 0;
  let answeredAt = Number.NEGATIVE_INFINITY;

  /** Adds what has passed since the counter before; whether there was one to compare with. */
  const advance = (name: string, counter: Counter): boolean => {
    const before = counters.get(name);
    counters.set(name, counter);
    if (before === undefined || !continues(before, counter)) return false;
    total += counter.bytes - before.bytes;
    return true;
  };

  return {
    read: async () => {
      // The wall clock was set back (or we are too early): the answer would be the last one again,
      // for as long as the clock needs to catch up.
      const systeminformation = load(wallClock() - answeredAt < CACHED_MS);
      const found = await Promise.all(
        interfaces.map(async (name) => ({ name, ...(await readCounter(systeminformation, name)) })),
      );
      const at = now();
      answeredAt = wallClock();
      const missing = found.find(({ problem }) => problem === 'missing');
      if (missing !== undefined) {
        counters.delete(missing.name);
        return { kind: 'missing', interface: missing.name };
      }
      const unread = found.find(({ counter }) => counter === null);
      if (unread !== undefined) {
        return { kind: 'unavailable', reason: `no counters of ${unread.name}` };
      }
      const continued = found.map(
        ({ name, counter }) => counter !== null && advance(name, counter),
      );
      return { kind: 'read', at, bytes: total, interrupted: continued.includes(false) };
    },
  };
}

type CounterReading =
  | { readonly counter: Counter; readonly problem: null }
  | { readonly counter: null; readonly problem: 'missing' | 'unread' };

async function readCounter(from: Systeminformation, name: string): Promise<CounterReading> {
  const interfaceIndex = indexOf(name);
  if (interfaceIndex === null) return { counter: null, problem: 'missing' };
  const [statistics] = await from.networkStats(name);
  // It answers zeros for an interface that does not exist: it must have been there all the time.
  if (indexOf(name) !== interfaceIndex) return { counter: null, problem: 'missing' };
  const unread: CounterReading = { counter: null, problem: 'unread' };
  if (statistics === undefined || statistics.iface !== name) return unread;
  // Zeros also stand for a reading that failed. A true zero is told from it by the next reading.
  if (statistics.rx_bytes === 0 && statistics.ms === 0) return unread;
  if (!Number.isFinite(statistics.rx_bytes)) return unread;
  return { counter: { interfaceIndex, bytes: statistics.rx_bytes }, problem: null };
}

/** Not after the interface was made anew, or its driver has set its counters to zero. */
const continues = (before: Counter, after: Counter): boolean =>
  before.interfaceIndex === after.interfaceIndex && after.bytes >= before.bytes;

/** The interface index, which systeminformation does not give; null when there is no interface. */
function indexOf(name: string): string | null {
  try {
    return readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8');
  } catch {
    return null;
  }
}

/** CLOCK_MONOTONIC, the clock of `Kernel.now`. */
const now = (): Instant => instant(Number(process.hrtime.bigint() / 1_000n));
