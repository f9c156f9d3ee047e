// Scenarios with five to eight appliances, with a witness and without, whose settings are shared: a change reaches one
// after the other, or one alone. Drawing only.
import * as fc from 'fast-check';
import { broken, planned, quiet, SETTINGS_VERSIONS, type Deed, type Story } from './deeds.js';
import type { Setting } from './settings.js';
import type { Scenario } from './story.js';
import { apart, fate, witnessedSetting } from './witnessed.js';

/** Without one more often: only then do the peers alone decide. */
const setting: fc.Arbitrary<Setting> = fc
  .tuple(witnessedSetting, fc.constantFrom<Setting['appliances']>(5, 6, 7, 8), fc.nat({ max: 2 }))
  .map(([drawn, appliances, one]) => {
    if (one === 0) return { ...drawn, appliances };
    const { witness: _, ...without } = drawn;
    return { ...without, appliances };
  });

const shared: fc.Arbitrary<Deed> = fc.record({
  kind: fc.constant('settings' as const),
  of: fc.nat({ max: 7 }),
  version: fc.constantFrom(...SETTINGS_VERSIONS),
  follow: fc.boolean(),
});

/** The deeds of fewer appliances, done to others of many. */
const moved = (deed: Deed, by: number): Deed =>
  'of' in deed ? { ...deed, of: deed.of + by } : deed;

const story: fc.Arbitrary<Story> = fc.array(
  fc
    .tuple(
      fc.oneof(
        { weight: 3, arbitrary: planned },
        { weight: 6, arbitrary: broken },
        { weight: 2, arbitrary: apart },
        { weight: 2, arbitrary: fate },
        { weight: 4, arbitrary: shared },
      ),
      fc.constantFrom(0, 0, 0, 2, 4),
      quiet,
    )
    .map(([deed, by, pause]) => [moved(deed, by), pause] as const),
  { maxLength: 8 },
);

export const crowd: fc.Arbitrary<Scenario> = fc.record({
  setting,
  story,
  without: fc.constantFrom(false, false, false, true),
});
