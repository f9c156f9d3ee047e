// The traffic of some interfaces, read on a schedule and judged. Counting is bandwidth-source.ts,
// the verdict bandwidth-judge.ts; what low on both instances means is core's.
import type { MonitorReading, MonitorStatus } from '../model/monitor.js';
import { microseconds, type Instant } from '../model/units.js';
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
import { circumstances } from './bandwidth-circumstances.js';
import {
  createTrafficSource,
  monotonic,
  type TrafficReading,
  type TrafficSource,
} from './bandwidth-source.js';
import type { Monitor } from './check-monitor.js';
import { oneLine } from './probe.js';
import { MONITOR_NAMES, type BandwidthSettings, type ProberRole } from './settings.js';

export interface BandwidthMonitor extends Monitor {
  setRole(role: ProberRole): void;
}

/** Readings in a row that may fail before it says that it knows nothing. */
const UNREAD_LIMIT = 3;
const READINGS_PER_WINDOW = 10;
const MAXIMUM_READING_INTERVAL_MS = 5_000;

interface BandwidthTools {
  readonly source: TrafficSource;
  /** The clock of the source's readings. */
  readonly now: () => Instant;
  /** Asked once each time traffic becomes low. */
  readonly circumstances: (interfaces: readonly string[]) => Promise<string>;
}

const usualTools = ({ interfaces }: BandwidthSettings): BandwidthTools => ({
  source: createTrafficSource(interfaces),
  now: monotonic,
  circumstances,
});

/** Starts reading at once. @param onChange the state, not only the detail, has changed. */
export function startBandwidthMonitor(
  settings: BandwidthSettings,
  role: ProberRole,
  onChange: () => void,
  tools: BandwidthTools = usualTools(settings),
): BandwidthMonitor {
  const { source, now } = tools;
  const limits: BandwidthLimits = {
    minimumBps: settings.minimumBps,
    window: microseconds(settings.seconds * 1_000_000),
  };
  const intervalMs = Math.min(
    (settings.seconds * 1_000) / READINGS_PER_WINDOW,
    MAXIMUM_READING_INTERVAL_MS,
  );
  let state = startBandwidth(phaseOf(role), now());
  let last: TrafficReading = { kind: 'unavailable', reason: 'waiting for the first reading' };
  let unread = UNREAD_LIMIT;
  let told: MonitorStatus['state'] | null = null;
  let beside = '';
  let closed = false;

  const status = (): MonitorStatus => {
    const { state: verdict, detail } = describe(settings, state, last, unread);
    const besides = state.low && beside !== '' ? `${detail}; ${beside}` : detail;
    const value = verdict === 'unknown' ? null : averageBps(state);
    return {
      name: MONITOR_NAMES.bandwidth,
      weight: 'soft',
      state: verdict,
      detail: oneLine(besides),
      ...(value === null ? {} : { reading: readingOf(value, settings) }),
    };
  };
  const tell = (): void => {
    const current = status().state;
    if (current !== told) onChange();
    told = current;
  };
  const lookBeside = async (): Promise<void> => {
    beside = '';
    const found = await tools.circumstances(settings.interfaces);
    if (!closed) beside = found;
  };
  const run = (): void => {
    const wasLow = state.low;
    const reading = source.read();
    unread = reading.kind === 'unavailable' ? unread + 1 : 0;
    if (reading.kind !== 'unavailable' || unread >= UNREAD_LIMIT) last = reading;
    state = follow(state, reading, limits);
    if (state.low && !wasLow) void lookBeside();
    tell();
  };
  run();
  const timer = setInterval(run, intervalMs);

  return {
    status,
    setRole: (next) => {
      state = enterPhase(state, phaseOf(next), now());
      tell();
    },
    close: () => {
      closed = true;
      clearInterval(timer);
    },
  };
}

/** Whole bits: more digits would be another status every second. */
const readingOf = (bps: number, { minimumBps }: BandwidthSettings): MonitorReading => ({
  of: 'bitsPerSecond',
  value: Math.round(bps),
  limit: minimumBps,
});

function phaseOf({ active, inhibited }: ProberRole): BandwidthPhase {
  if (inhibited) return 'inhibited';
  return active ? 'active' : 'backup';
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
  return { state: state.low ? 'failed' : 'ok', detail: line + remark(state) };
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
