// Pairs in virtual time whose recordings are kept, and the form in which they are: the settings, then every
// event with the effects and the deadline that the core answered it with. Nothing is compared here.
import type { Recording } from '../../../src/agent/recorder.js';
import { Instance } from '../../../src/core/instance.js';
import type {
  Deadline,
  InstanceConfiguration,
  InstanceEffect,
  InstanceEvent,
} from '../../../src/core/interface.js';
import type { PeerReport } from '../../../src/model/peer-report.js';
import type { Instant } from '../../../src/model/units.js';
import { startPair, type Pair } from './pair.js';
import { ALL_TRAFFIC, HA_TRAFFIC, LAN_TRAFFIC } from './world.js';

const SLOW = { intervalMs: 500, checkMs: 100 };

const gateway = (pair: Pair, side: 'a' | 'b', state: 'ok' | 'failed'): void =>
  pair[side].monitor({ name: 'gateway', state, detail: '', weight: 'soft' });

/** What happens to each pair. */
export const RUNS: Readonly<Record<string, () => Promise<Pair>>> = {
  handover: async () => {
    const pair = await startPair(SLOW);
    pair.a.operate('failover', false, 'alice');
    await pair.world.run(1_500);
    pair.b.operate('failover');
    await pair.world.run(1_500);
    pair.a.operate('maintenance-on');
    await pair.world.run(1_000);
    await pair.b.stop();
    await pair.world.run(1_000);
    return pair;
  },
  split: async () => {
    const pair = await startPair(SLOW);
    gateway(pair, 'a', 'failed');
    gateway(pair, 'b', 'ok');
    await pair.world.run(500);
    gateway(pair, 'a', 'ok');
    const mended = pair.world.cut(['multicast']);
    await pair.world.run(3_000);
    mended();
    await pair.world.run(500);
    const joined = pair.world.cut(LAN_TRAFFIC);
    await pair.world.run(3_000);
    joined();
    await pair.world.run(500);
    return pair;
  },
  partition: async () => {
    const pair = await startPair(SLOW);
    const heard = pair.world.cut(HA_TRAFFIC);
    await pair.world.run(1_500);
    heard();
    await pair.world.run(1_000);
    const mended = pair.world.cut(ALL_TRAFFIC);
    await pair.world.run(2_500);
    mended();
    await pair.world.run(1_500);
    return pair;
  },
  hang: async () => {
    const pair = await startPair({ intervalMs: 100, checkMs: 100 });
    pair.a.hang();
    await pair.world.run(1_500);
    pair.a.thaw();
    await pair.world.run(1_500);
    return pair;
  },
  'soft fault': async () => {
    const pair = await startPair(SLOW);
    gateway(pair, 'a', 'ok');
    gateway(pair, 'b', 'ok');
    await pair.world.run(200);
    gateway(pair, 'a', 'failed');
    await pair.world.run(1_500);
    pair.world.unplug('b');
    await pair.world.run(2_000);
    return pair;
  },
};

/** What the core answered. */
interface Answer {
  readonly effects: readonly InstanceEffect[];
  readonly deadline: Deadline | null;
}

interface Line extends Answer {
  readonly at: Instant;
  readonly event: InstanceEvent;
}

interface Beginning {
  readonly configuration: InstanceConfiguration;
  readonly clock: Instant;
}

/** A recording that begins with the instance itself, beside what today's core answers. */
export function format({ checkpoint, events }: Recording): string {
  const { configuration, clock } = checkpoint;
  const beginning: Beginning = { configuration, clock };
  const lines = answers(beginning, events);
  let told: string | null = null;
  const shortened = lines.map((line) => {
    if (line.event.kind !== 'peer-report') return line;
    const report = JSON.stringify(line.event.report);
    const isSame = report === told;
    told = report;
    // Nearly every message says what the one before it said.
    return isSame ? { ...line, event: { ...line.event, report: 'same' } } : line;
  });
  return `${[beginning, ...shortened].map((line) => JSON.stringify(line)).join('\n')}\n`;
}

/** What `format` has written. */
export function parse(text: string): {
  readonly beginning: Beginning;
  readonly lines: readonly Line[];
} {
  const [first = '', ...rest] = text.trimEnd().split('\n');
  let told: PeerReport | null = null;
  const lines = rest.map((line) => {
    const read = JSON.parse(line) as Line & { event: { report?: PeerReport | 'same' } };
    if (read.event.kind !== 'peer-report') return read;
    if ((read.event.report as unknown) !== 'same') told = read.event.report;
    return { ...read, event: { ...read.event, report: told } } as Line;
  });
  return { beginning: JSON.parse(first) as Beginning, lines };
}

/** Gives a fresh instance these events. */
export function answers(
  { configuration, clock }: Beginning,
  events: readonly Pick<Line, 'at' | 'event'>[],
): Line[] {
  const instance = new Instance(configuration, clock);
  return events.map(({ at, event }) => {
    const effects = instance.handle(event, at);
    return { at, event, effects, deadline: instance.nextDeadline() };
  });
}
