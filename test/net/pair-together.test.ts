// Tests of a pair that mostly wait, several pairs side by side. What is timed is in pair-failure.
import { describe } from '../support/test.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { defineArbitration } from './pair-arbitration.js';
import { defineFlaps } from './pair-flaps.js';
import { definePlannedHandovers } from './pair-handover.js';
import { defineBadInput } from './pair-hostile.js';
import { defineActiveActive } from './pair-modes.js';
import { defineBandwidth, defineIpv6, defineMonitors } from './pair-monitors.js';

const skip = (await enterSandbox()) ?? false;

describe('the pair', { concurrency: 5 }, () => {
  definePlannedHandovers(skip);
  defineArbitration(skip);
  defineBadInput(skip);
  defineFlaps(skip);
  defineActiveActive(skip);
  defineMonitors(skip);
  defineBandwidth(skip);
  defineIpv6(skip);
});
