// The table of transitions at the top of src/core/instance.ts against the machine itself: every event in every kind
// of state there is, and whatever leads out of a state stands in the table, and nothing else.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from '../../support/test.js';
import { instant, centiseconds } from '../../../src/model/units.js';
import type { Event } from '../../../src/core/machine/virtual-router.js';
import { Bench, HIGHER_ADDRESS, T0, active, backup } from './virtual-router-bench.js';

const LATER = 3_000_000;

const RELEASE: Event = {
  kind: 'release',
  releasing: { reason: 'failover', until: instant(T0 + LATER), atMost: instant(T0 + LATER) },
};

/** After these. */
const changed = (bench: Bench, ...events: readonly Event[]): Bench => {
  for (const event of events) bench.take(event, 1);
  return bench;
};

/** A bench in each kind of state, some time before `LATER`. */
const STATES: readonly (() => Bench)[] = [
  () => new Bench(),
  () => new Bench({ priority: 255 }),
  () => backup(),
  () => changed(backup(), { kind: 'leaving' }),
  () => active(),
  () => changed(active(), RELEASE),
  () => changed(active(), { kind: 'stalled' }),
  () => changed(active(), { kind: 'addresses-missing' }),
];

const heard = (priority: number): Event => ({
  kind: 'advertisement',
  priority,
  interval: centiseconds(100),
  source: HIGHER_ADDRESS,
});

const EVENTS: readonly Event[] = [
  { kind: 'startup', reason: 'startup' },
  { kind: 'shutdown', reason: 'shutdown', farewell: true },
  { kind: 'yield', reason: 'address-lost' },
  { kind: 'take-over', reason: 'peer-dead', grantedUntil: null },
  { kind: 'leaving' },
  { kind: 'hold' },
  { kind: 'defer', priority: 1 },
  RELEASE,
  { kind: 'await', until: instant(T0 + LATER) },
  { kind: 'keep' },
  { kind: 'outvoted' },
  { kind: 'rival-gone' },
  { kind: 'successor', reason: 'failover' },
  { kind: 'stalled' },
  { kind: 'revoked' },
  heard(0),
  heard(50),
  heard(200),
  { kind: 'addresses-present' },
  { kind: 'addresses-missing' },
  { kind: 'addresses-changed' },
  { kind: 'parameters-changed', previousPriority: 1 },
  { kind: 'deadline' },
];

describe('the table of transitions (src/core/instance.ts)', () => {
  it('is what the machine does', () => {
    const found = new Set<string>();
    for (const make of STATES) {
      for (const event of EVENTS) {
        const bench = make();
        const { kind: from } = bench.state;
        bench.take(event, LATER + 1_000_000);
        if (bench.state.kind !== from) found.add([from, event.kind, bench.state.kind].join(' '));
      }
    }
    const page = readFileSync(new URL('../../../../src/core/instance.ts', import.meta.url), 'utf8');
    const table = [...page.matchAll(/^\/\/   (Initialize|Backup|Active) +(\S+) +(\S+)/gm)];

    assert.deepEqual(
      table.map((line) => line.slice(1).join(' ')).toSorted(),
      [...found].toSorted(),
    );
  });
});
