// The traffic of some interfaces, read on a schedule and judged. Counting is bandwidth-source.ts,
// the verdict bandwidth-judge.ts; what low on both instances means is core's.
import type { MonitorStatus } from '../model/monitor.js';
import { microseconds, instant, type Instant } from '../model/units.js';
import {
  averageBps,
  enterPhase,
  restartReadings,
  startBandwidth,
  takeReading,
  type BandwidthLimits,
  type BandwidthPhase,
  type BandwidthState,
} from './bandwidth-judge.js';
import {
  createTrafficSource,
  MINIMUM_READING_INTERVAL_MS,
  type TrafficReading,
  type TrafficSource,
} from './bandwidth-source.js';
import type { Monitor } from './check-monitor.js';
import { explain, monotonicMs, oneLine } from './probe.js';
import {
  MONITOR_NAMES,
  type BandwidthFact,
  type BandwidthSettings,
  type ProberRole,
} from './settings.js';

export interface BandwidthMonitor extends Monitor {
  fact(): BandwidthFact;
  setRole(role: ProberRole): void;
}

/** Readings in a row that may fail before it says that it knows nothing. */
const UNREAD_LIMIT = 3;
const READINGS_PER_WINDOW = 10;
const MAXIMUM_READING_INTERVAL_MS = 5_000;

/** Starts reading at once. @param onChange the state, not only the detail, has changed. */
export function startBandwidthMonitor(
  settings: BandwidthSettings,
  role: ProberRole,
  onChange: () => void,
  source: TrafficSource = createTrafficSource(settings.interfaces),
): BandwidthMonitor {
  const limits: BandwidthLimits = {
    minimumBps: settings.minimumBps,
    window: microseconds(settings.seconds * 1_000_000),
  };
  const intervalMs = Math.min(
    Math.max((settings.seconds * 1_000) / READINGS_PER_WINDOW, MINIMUM_READING_INTERVAL_MS),
    MAXIMUM_READING_INTERVAL_MS,
  );
  let state = startBandwidth(phaseOf(role), now());
  let last: TrafficReading = { kind: 'unavailable', reason: 'waiting for the first reading' };
  let unread = UNREAD_LIMIT;
  let told: MonitorStatus['state'] | null = null;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  const status = (): MonitorStatus => ({
    name: MONITOR_NAMES.bandwidth,
    weight: 'soft',
    ...describe(settings, state, last, unread),
  });
  const tell = (): void => {
    const current = status().state;
    if (current !== told) onChange();
    told = current;
  };
  const run = async (): Promise<void> => {
    timer = null;
    const startedAt = monotonicMs();
    const reading = await readOnce(source);
    if (closed) return;
    unread = reading.kind === 'unavailable' ? unread + 1 : 0;
    if (reading.kind !== 'unavailable' || unread >= UNREAD_LIMIT) last = reading;
    state = follow(state, reading, limits);
    timer = setTimeout(() => void run(), Math.max(0, startedAt + intervalMs - monotonicMs()));
    tell();
  };
  void run();

  return {
    status,
    fact: () => ({ low: state.low, bps: averageBps(state) }),
    setRole: (next) => {
      state = enterPhase(state, phaseOf(next), now());
      tell();
    },
    close: () => {
      closed = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

function phaseOf({ active, inhibited }: ProberRole): BandwidthPhase {
  if (inhibited) return 'inhibited';
  return active ? 'active' : 'backup';
}

async function readOnce(source: TrafficSource): Promise<TrafficReading> {
  try {
    return await source.read();
  } catch (error) {
    return { kind: 'unavailable', reason: oneLine(`no systeminformation: ${explain(error)}`) };
  }
}

function follow(
  state: BandwidthState,
  reading: TrafficReading,
  limits: BandwidthLimits,
): BandwidthState {
  if (reading.kind === 'missing') return restartReadings(state);
  if (reading.kind === 'unavailable') return state;
  const { at, bytes, interrupted } = reading;
  return takeReading(interrupted ? restartReadings(state) : state, { at, bytes }, limits);
}

function describe(
  { interfaces, minimumBps, seconds }: BandwidthSettings,
  state: BandwidthState,
  last: TrafficReading,
  unread: number,
): Pick<MonitorStatus, 'state' | 'detail'> {
  const inhibited = state.phase === 'inhibited';
  if (last.kind === 'missing') {
    const detail = `interface ${last.interface} does not exist`;
    return inhibited
      ? { state: 'ok', detail: `${detail}; not judged while bypassed or settling` }
      : { state: 'failed', detail };
  }
  if (last.kind === 'unavailable' && unread >= UNREAD_LIMIT) {
    return { state: 'unknown', detail: last.reason };
  }
  const bps = averageBps(state);
  const traffic = bps === null ? 'measuring' : `${formatBps(bps)} received`;
  const line = `${traffic} on ${interfaces.join(', ')}, minimum ${formatBps(minimumBps)} over ${seconds} s`;
  return { state: state.low ? 'failed' : 'ok', detail: oneLine(line + remark(state)) };
}

function remark({ phase, armed, low }: BandwidthState): string {
  if (phase === 'inhibited') return '; not judged while bypassed or settling';
  if (phase === 'backup') {
    return low ? '; low since before it gave the role up' : '; not judged while Backup';
  }
  return armed ? '' : '; waiting for traffic before judging';
}

/** `950 kbit/s`: three digits. */
export function formatBps(bps: number): string {
  const units = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s'];
  let value = bps;
  let unit = units.shift() ?? '';
  for (const larger of units) {
    if (value < 999.5) break;
    value /= 1_000;
    unit = larger;
  }
  return `${Number(value.toPrecision(3))} ${unit}`;
}

const now = (): Instant => instant(Number(process.hrtime.bigint() / 1_000n));
