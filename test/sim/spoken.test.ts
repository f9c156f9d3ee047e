// That an Active that advertises too seldom, or in a form of the checksum that nobody asked for, is met: each is planted in
// the world of scenarios that keep every promise without it. The scenarios themselves: sim.test.ts.
import { describe, it } from '../support/test.js';
import { meets } from './meets.js';
import { UNUSUAL } from './suites.js';

describe('an Active', () => {
  it('that leaves one advertisement out of five out is met', () => {
    meets(UNUSUAL, /^advertises too seldom: /, ({ world }) => {
      const { onAdvertised } = world;
      let count = 0;
      world.onAdvertised = (from, effect) => {
        count += 1;
        if (count % 5 > 0) onAdvertised(from, effect);
      };
    });
  });

  it('that speaks the old form though it has heard none is met', () => {
    meets(UNUSUAL, /^speaks rfc5798, which nobody asked for: /, ({ world }) => {
      const { onAdvertised } = world;
      world.onAdvertised = (from, effect) => onAdvertised(from, { ...effect, dialect: 'rfc5798' });
    });
  });

  it('that goes on with the new form though it has heard the old one is met', () => {
    meets(UNUSUAL, /^speaks rfc9568, which nobody asked for: /, ({ world }) => {
      const { onAdvertised } = world;
      world.onAdvertised = (from, effect) => onAdvertised(from, { ...effect, dialect: 'rfc9568' });
    });
  });
});
