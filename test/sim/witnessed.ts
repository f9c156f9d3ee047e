// Scenarios with a witness: partitions of everything, and whatever may befall the witness; clocks run apart. Drawing only.
import * as fc from 'fast-check';
import { broken, of, planned, type Deed, type Story } from './deeds.js';
import { settings, type Setting } from './settings.js';
import type { Scenario } from './story.js';
import { WITNESS_FATES } from './witness-deeds.js';

/** A ttl is so many advertisement intervals, so that the executor of a dead agent lets go before it is over. */
const TTL_INTERVALS = [6, 6, 10] as const;

const witness = fc.record({
  intervals: fc.constantFrom(...TTL_INTERVALS),
  latency: fc.constantFrom(300, 3_000, 20_000),
  loss: fc.constantFrom(0, 0, 5),
  // Two of them run apart by 1 % at most.
  drift: fc.array(fc.integer({ min: -5_000, max: 5_000 }), { minLength: 5, maxLength: 5 }),
});

export const witnessedSetting: fc.Arbitrary<Setting> = fc
  .tuple(
    settings(
      fc.record({
        loss: fc.constant(0),
        duplication: fc.constantFrom(0, 10),
        jitter: fc.constantFrom(300, 300, 3_000),
      }),
    ),
    witness,
    fc.constantFrom<Setting['appliances']>(2, 2, 2, 3),
  )
  .map(([drawn, { intervals, ...rest }, appliances]) => {
    const interval = Math.max(10, drawn.interval);
    const ttl = intervals * interval * 10_000;
    return {
      ...drawn,
      appliances,
      interval,
      checkInterval: Math.min(interval * 5, Math.max(10, drawn.checkInterval)),
      paths: drawn.paths === 'none' ? ('ha and lan' as const) : drawn.paths,
      mismatch: 'none' as const,
      witness: { ...rest, ttl, margin: Math.max(40_000, ttl / 8) },
    };
  });

export const apart: fc.Arbitrary<Deed> = fc.record({
  kind: fc.constant('cut' as const),
  from: of,
  to: of,
  what: fc.constant('everything' as const),
  oneWay: fc.constantFrom(false, false, true),
});

export const fate: fc.Arbitrary<Deed> = fc.record({
  kind: fc.constant('witness' as const),
  of,
  what: fc.constantFrom(...WITNESS_FATES),
});

/** At once, or up to twelve intervals: more than a ttl. */
const quiet = fc.oneof(
  fc.constantFrom(0, 0.01, 0.5),
  fc.noBias(fc.integer({ min: 0, max: 1_200 })).map((hundredths) => hundredths / 100),
);

const story: fc.Arbitrary<Story> = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 2, arbitrary: planned },
      { weight: 5, arbitrary: broken },
      { weight: 4, arbitrary: apart },
      { weight: 5, arbitrary: fate },
    ),
    quiet,
  ),
  { maxLength: 10 },
);

export const witnessed: fc.Arbitrary<Scenario> = fc.record({
  setting: witnessedSetting,
  story,
  without: fc.constantFrom(false, false, false, true),
});
