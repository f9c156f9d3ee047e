// Scenarios of what few have: an address owner, one that sends checksums of RFC 5798, a path of the HA port that is of
// IPv6, two checks with a weight, timers that wake late, a virtual router that a reload removes, a program that removes
// addresses again and again, a successor that fails. As stormy otherwise. Drawing only.
import * as fc from 'fast-check';
import { broken, of, planned, quiet, type Deed, type Story } from './deeds.js';
import { settings, type Setting } from './settings.js';
import { situation, type Situation } from './situations.js';
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
      flapWindow: fc.constantFrom(undefined, undefined, 3_000_000),
      counts: fc.boolean(),
      leased: fc.boolean(),
    }),
  )
  .map(([drawn, { late, flapWindow, ...few }]) => ({
    ...drawn,
    ...few,
    ...(flapWindow === undefined ? {} : { flapWindow }),
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

/** One virtual router less, or all of them again. */
const fewer: fc.Arbitrary<Deed> = fc.record({
  kind: fc.constant('settings' as const),
  of,
  version: fc.constantFrom(3, 3, 0),
  follow: fc.constant(false),
});

/** A program that removes the addresses as often as they are put back: more often than the agent does that. */
const stripped: fc.Arbitrary<Story> = fc
  .record({
    kind: fc.constant('take-away' as const),
    of: fc.constantFrom(0, 0, 1),
    virtualRouter: fc.constantFrom('lan', 'lan', 'wan', 'lan6'),
  })
  .map((deed) => Array.from({ length: 7 }, () => [deed, 0.6] as const));

/** One with a soft fault asks one that is sound, and that fails. */
const failing: Story = [
  [{ kind: 'script', of: 1, fails: true }, 0],
  [{ kind: 'monitor', of: 0, monitor: 'gateway', state: 'failed' }, 4],
];

/** Its HA port was filtered until now. */
const deaf: Story = [
  [{ kind: 'cut', from: 1, to: 1, what: 'HA port', oneWay: false }, 4],
  [{ kind: 'monitor', of: 0, monitor: 'gateway', state: 'failed' }, 0],
  [{ kind: 'mend', of: 1 }, 4],
];

const one: fc.Arbitrary<Story[number]> = fc.tuple(
  fc.oneof(
    { weight: 4, arbitrary: planned },
    { weight: 6, arbitrary: broken },
    { weight: 2, arbitrary: weighted },
    { weight: 1, arbitrary: fewer },
  ),
  quiet,
);

const story: fc.Arbitrary<Story> = fc
  .array(
    fc.oneof(
      { weight: 20, arbitrary: one.map((alone): Story => [alone]) },
      { weight: 1, arbitrary: stripped },
      { weight: 1, arbitrary: fc.constant(failing) },
    ),
    { maxLength: 10 },
  )
  .map((parts) => parts.flat());

const drawn: fc.Arbitrary<Scenario> = fc.record({
  setting,
  story,
  without: fc.constantFrom(false, false, false, true),
});

/** It asks one that finds it well only later: where that one checks less often, nobody takes over in time. */
const slowChecks: Situation = { needs: { mismatch: 'check interval' }, story: deaf };

const beginning: fc.Arbitrary<Situation> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Situation>({ needs: {}, story: [] }) },
  { weight: 1, arbitrary: fc.constant(slowChecks) },
  { weight: 5, arbitrary: situation },
);

/** Every other one begins with a situation that chance alone seldom finds. */
export const unusual: fc.Arbitrary<Scenario> = fc
  .tuple(drawn, beginning)
  .map(([scenario, { needs, story: first }]) => ({
    ...scenario,
    setting: { ...scenario.setting, ...needs },
    story: [...first, ...scenario.story],
  }));
