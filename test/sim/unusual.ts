// Scenarios of what few have: an address owner, one that sends checksums of RFC 5798, a path of the HA port that is of
// IPv6, two checks with a weight, timers that wake late. As stormy otherwise. Drawing only.
import * as fc from 'fast-check';
import { broken, of, planned, quiet, type Deed, type Story } from './deeds.js';
import { settings, type Setting } from './settings.js';
import type { Scenario } from './story.js';

const setting: fc.Arbitrary<Setting> = fc
  .tuple(
    settings(
      fc.record({
        loss: fc.constantFrom(0, 0, 2),
        duplication: fc.constantFrom(0, 10),
        jitter: fc.constantFrom(300, 300, 3_000),
      }),
    ),
    fc.record({
      owner: fc.constantFrom(false, false, true),
      oldChecksum: fc.constantFrom(false, false, true),
      ipv6Path: fc.boolean(),
      late: fc.constantFrom(0, 2_000, 10_000),
    }),
  )
  .map(([drawn, { late, ...few }]) => ({
    ...drawn,
    ...few,
    interval: Math.max(10, drawn.interval),
    // A host that is later than the timers are long cannot be served with them.
    late: Math.min(late, drawn.checkInterval * 200),
  }));

const weighted: fc.Arbitrary<Deed> = fc.record({
  kind: fc.constant('monitor' as const),
  of,
  monitor: fc.constantFrom('upcheck', 'backend', 'backend'),
  state: fc.constantFrom('ok', 'failed', 'failed', 'unknown'),
});

const story: fc.Arbitrary<Story> = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 4, arbitrary: planned },
      { weight: 6, arbitrary: broken },
      { weight: 2, arbitrary: weighted },
    ),
    quiet,
  ),
  { maxLength: 10 },
);

export const unusual: fc.Arbitrary<Scenario> = fc.record({
  setting,
  story,
  without: fc.constantFrom(false, false, false, true),
});
