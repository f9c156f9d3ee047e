// Scenarios in which every virtual router has a virtual MAC address: as stormy, with a witness and without, two to five
// appliances, and macvlans that somebody deletes. Drawing only.
import * as fc from 'fast-check';
import { broken, of, planned, quiet, type Deed, type Story } from './deeds.js';
import { settings, type Setting } from './settings.js';
import type { Scenario } from './story.js';
import { fate, witnessedSetting } from './witnessed.js';

const plain: fc.Arbitrary<Setting> = settings(
  fc.record({
    loss: fc.constantFrom(0, 0, 2),
    duplication: fc.constantFrom(0, 10),
    jitter: fc.constantFrom(300, 300, 3_000),
  }),
);

const setting: fc.Arbitrary<Setting> = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: witnessedSetting }),
    fc.constantFrom<Setting['appliances'] | null>(null, null, null, 5),
  )
  .map(([drawn, appliances]) => ({
    ...drawn,
    appliances: appliances ?? drawn.appliances,
    virtualMac: true,
    // Scripts take longer than such an interval: nobody has a virtual MAC address with it.
    interval: Math.max(10, drawn.interval),
  }));

const deleted: fc.Arbitrary<Deed> = fc.record({
  kind: fc.constant('delete-macvlan' as const),
  of,
  virtualRouter: fc.constantFrom('lan', 'lan', 'wan', 'lan6'),
});

const story: fc.Arbitrary<Story> = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 4, arbitrary: planned },
      { weight: 7, arbitrary: broken },
      { weight: 3, arbitrary: deleted },
      { weight: 1, arbitrary: fate },
    ),
    quiet,
  ),
  { maxLength: 10 },
);

export const virtualMac: fc.Arbitrary<Scenario> = fc.record({
  setting,
  story,
  without: fc.constantFrom(false, false, false, true),
});
