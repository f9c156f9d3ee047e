// One understudy and one keepalived on a LAN, every combination of family, rank and fault at one
// advertisement interval. No other peers.
import { describe, it, type Options } from '../support/test.js';
import { EVERYTHING } from './pace.js';
import { Pair, withLab } from './pair.js';

const RANKS = {
  'we outrank keepalived': { us: 200, them: 100 },
  'keepalived outranks us': { us: 100, them: 200 },
} as const;

/**
 * Defines the tests of one interval; side by side where the interval leaves the machine idle.
 * @param everyDay the combinations that are played elsewhere than in CI, too: all, or each family and each
 *   rank once.
 */
export function interoperate(
  intervalMs: number,
  { everyDay, ...options }: Options & { readonly everyDay: 'all' | 'each once' },
): void {
  describe(`understudy with keepalived at ${intervalMs} ms`, options, () => {
    for (const family of ['ipv4', 'ipv6'] as const) {
      for (const [rank, { us, them }] of Object.entries(RANKS)) {
        const isOfEachOnce = (family === 'ipv4') === us > them;
        if (!EVERYTHING && everyDay === 'each once' && !isOfEachOnce) continue;
        it(`${family}, ${rank}: stop and kill of the Active`, (t) =>
          withLab(t, async (lab) => {
            const pair = await Pair.start(t, lab, {
              family,
              intervalMs,
              a: { software: 'understudy', priority: us },
              b: { software: 'keepalived', priority: them },
              // Else keepalived refuses our first advertisements: see checksum-dialect.test.ts.
              checksum: 'rfc5798',
            });
            await pair.survive('stop');
            await pair.survive('kill');
          }));
      }
    }
  });
}
