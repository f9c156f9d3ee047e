// Where the role goes at each order, and that it stays there: three appliances of ours, and a pair with a
// router of another make that ranks between the two. Worlds drawn from a seed; nothing else fails in them.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from '../support/test.js';
import type { InstanceConfiguration } from '../../src/core/interface.js';
import { configuration } from '../core/instance-bench.js';
import { microseconds } from '../../src/model/units.js';
import { timingOf } from './bounds.js';
import { order } from './deeds.js';
import { configurationOf, type Setting } from './settings.js';
import { World } from './world.js';

const { env } = process;
const SEED = Number(env['SEED'] ?? (env['CI'] === 'true' ? 9_568 : Date.now() % 1_000_000_000));
const RUNS = Number(env['RUNS'] ?? (env['CI'] === 'true' ? 12 : 4));

interface Drawn {
  readonly setting: Setting;
  /** Advertisement intervals before each order. */
  readonly phase: number;
}

const drawn = (
  appliances: 2 | 3,
  priorities: Setting['priorities'],
  routers: fc.Arbitrary<Setting['routers']>,
): fc.Arbitrary<Drawn> =>
  fc
    .record({
      interval: fc.constantFrom(100, 100, 10),
      share: fc.constantFrom(0.3, 0.1, 1),
      routers,
      paths: fc.constantFrom('ha and lan' as const, 'ha' as const),
      seed: fc.integer({ min: 0, max: 0xffffffff }),
      phase: fc.integer({ min: 0, max: 200 }),
    })
    .map(({ interval, share, phase, ...rest }) => ({
      phase: phase / 100,
      setting: {
        ...rest,
        appliances,
        priorities,
        interval,
        checkInterval: Math.max(10, Math.round(interval * 10 * share)),
        mode: 'active-passive' as const,
        mismatch: 'none' as const,
        preempt: true,
        preemptDelay: 0,
        maximumFlaps: 1,
        relay: 'missing' as const,
        monitored: true,
        quality: { loss: 0, duplication: 0, jitter: 300 },
      },
    }));

/** A world, and how long nobody held each virtual router since it was last asked. */
class Place {
  readonly world: World;
  readonly #setting: Setting;
  readonly #phase: number;
  readonly #nobody = new Map<string, number>();

  constructor({ setting, phase }: Drawn, others: readonly InstanceConfiguration[] = []) {
    const ours = Array.from({ length: setting.appliances }, (_, at) =>
      configurationOf(setting, at),
    );
    this.#setting = setting;
    this.#phase = phase;
    this.world = new World(setting.seed, setting.quality, [...ours, ...others], true);
    this.world.onPass = (until) => {
      for (const [name, holder] of Object.entries(this.holders())) {
        if (holder === '')
          this.#nobody.set(name, (this.#nobody.get(name) ?? 0) + until - this.world.now);
      }
    };
  }

  named(name: string) {
    const found = this.world.appliances.find((one) => one.name === name);
    assert(found !== undefined, `an appliance named ${name}`);
    return found;
  }

  start(...names: readonly string[]): void {
    for (const name of names) this.world.start(this.named(name));
    this.rest();
  }

  /** Long enough for everything that is to come. */
  rest(): void {
    const { down, check, advertisement } = timingOf(this.#setting);
    this.world.run(6 * down + 12 * check + Math.round(this.#phase * advertisement));
    this.#nobody.clear();
  }

  /** Orders it, and looks where everything is then, and long after. */
  ordered(name: string, expected: Readonly<Record<string, string>>, force = false): void {
    this.#nobody.clear();
    order(this.named(name), 'failover', force);
    const { handover, script } = timingOf(this.#setting);
    this.world.run(handover + script);
    const lost = [...this.#nobody.values()];
    this.rest();
    assert.deepEqual(this.holders(), expected, `after failover at ${name}`);
    assert.deepEqual(lost, [], 'nothing is lost by an order');
    this.rest();
    assert.deepEqual(this.holders(), expected, `long after failover at ${name}`);
  }

  /** Hands everything over, and does something else so soon after; who went without a holder till all rests. */
  crossing(name: string, thousandths: number, act: () => void): readonly string[] {
    this.#nobody.clear();
    order(this.named(name), 'failover');
    this.world.run(Math.round((thousandths * timingOf(this.#setting).advertisement) / 1_000));
    act();
    const { down, handover } = timingOf(this.#setting);
    this.world.run(2 * down + handover);
    const lost = [...this.#nobody].map(([at, lasted]) => `${at} ${lasted}`);
    this.rest();
    const before = this.holders();
    this.rest();
    assert.deepEqual(this.holders(), before, 'it stays there');
    return lost;
  }

  /** Settings that move nobody are read: a longer delay before preemption. */
  reload(name: string): void {
    const one = this.named(name);
    const preemptDelay = microseconds(one.configuration.preemptDelay + 1_000);
    one.configuration = { ...one.configuration, preemptDelay };
    one.receive(() => one.give({ kind: 'configure', configuration: one.configuration }));
  }

  /** Where everything is now, which must be one place, and not there. */
  allBut(name: string): Record<string, string> {
    const [holder = ''] = Object.values(this.holders());
    assert.ok(holder !== '' && holder !== name, `held by ${holder}, not ${name}`);
    return this.all(holder);
  }

  /** It cannot add addresses any more. */
  breakScript(name: string): void {
    for (const one of Object.keys(this.holders())) this.named(name).kernel.failing.add(one);
  }

  mendScript(name: string): void {
    this.named(name).kernel.failing.clear();
  }

  /** How often anybody has taken a virtual router, in all. */
  taken(): number {
    const names = Object.keys(this.holders());
    return names.reduce((sum, name) => sum + (this.world.counts.get(`${name} taken`) ?? 0), 0);
  }

  /** Something else happens, and it is looked at after so many advertisement intervals. */
  lastFor(intervals: number, act: () => void): void {
    act();
    this.world.run(intervals * timingOf(this.#setting).advertisement);
  }

  /** Something else happens; where everything is afterwards, and that nothing moves again. */
  after(what: string, act: () => void, expected: Readonly<Record<string, string>>): void {
    act();
    this.rest();
    assert.deepEqual(this.holders(), expected, what);
    this.rest();
    assert.deepEqual(this.holders(), expected, `long after ${what}`);
  }

  /** Who has each virtual router in its kernel, by name. */
  holders(): Record<string, string> {
    const names = this.world.appliances[0]?.configuration.virtualRouters.map(({ name }) => name);
    return Object.fromEntries(
      (names ?? []).map((name) => [
        name,
        this.world.appliances
          .filter(({ kernel }) => kernel.present.has(name))
          .map((one) => one.name)
          .join(),
      ]),
    );
  }

  /** Everything at one appliance, but for what is given by name. */
  all(holder: string, but: Readonly<Record<string, string>> = {}): Record<string, string> {
    const names = Object.keys(this.holders());
    return Object.fromEntries(names.map((name) => [name, but[name] ?? holder]));
  }
}

function holds<One extends Drawn>(
  arbitrary: fc.Arbitrary<One>,
  tell: (one: One) => Place,
  story: (place: Place, one: One) => void,
) {
  console.log(`SEED=${SEED} RUNS=${RUNS}`);
  const found = fc.check(
    fc.property(arbitrary, (one) => {
      const place = tell(one);
      try {
        story(place, one);
      } catch (error) {
        const said = place.world.journal.slice(-60).join('\n');
        throw new Error(`${(error as Error).message}\n${said}`, { cause: error });
      }
    }),
    { seed: SEED, numRuns: RUNS },
  );
  const [smallest] = found.counterexample ?? [];
  if (!found.failed) return;
  const why = found.errorInstance instanceof Error ? found.errorInstance.message : 'no end';
  assert.fail(`${JSON.stringify(smallest)}\n${why}`);
}

/** A router of another make, without a HA port, that ranks between the two: each of its own. */
function stranger({ setting }: Drawn, serves: readonly string[]): InstanceConfiguration {
  const { virtualRouters } = configurationOf(setting, 1);
  const own = virtualRouters
    .filter(({ name }) => serves.includes(name))
    .map((router) => ({ ...router, priority: 150 }));
  return configuration(own, { name: 'x', mode: 'active-active' });
}

describe('failover, and where the role goes', () => {
  it('three of ours (200, 150, 100): to the best of the others, and the one sent away is the last to be needed', () => {
    holds(
      drawn(3, 'ranked', fc.constantFrom('lan', 'lan wan', 'lan lan6')),
      (one) => new Place(one),
      (place) => {
        place.start('a', 'b', 'c');
        assert.deepEqual(place.holders(), place.all('a'));
        place.ordered('a', place.all('b'));
        place.after('a power cut at b', () => place.named('b').cutPower(), place.all('c'));
        place.after('b is back', () => place.world.start(place.named('b')), place.all('c'));
        place.ordered('c', place.all('a'));
        place.ordered('a', place.all('b'));
        place.ordered('b', place.all('a'));
        place.ordered('a', place.all('b'));
        place.after('c is gone', () => place.named('c').cutPower(), place.all('b'));
        place.after('b is gone: it is needed', () => place.named('b').cutPower(), place.all('a'));
      },
    );
  });

  it('a stranger between the two takes by the RFC what it serves; the rest stays with the successor', () => {
    holds(
      drawn(2, 'default', fc.constantFrom('lan wan', 'lan lan6')),
      (one) => new Place(one, [stranger(one, ['lan'])]),
      (place) => {
        place.start('a', 'b', 'x');
        place.ordered('a', place.all('b', { lan: 'x' }));
        place.after('x is gone', () => place.named('x').cutPower(), place.all('b'));
        place.after(
          'x is back',
          () => place.world.start(place.named('x')),
          place.all('b', { lan: 'x' }),
        );
        place.ordered('b', place.all('a'));
      },
    );
  });

  it('a stranger that serves everything takes everything; gone, the successor has it, not the one sent away', () => {
    holds(
      drawn(2, 'default', fc.constantFrom('lan', 'lan wan', 'lan lan6')),
      (one) => new Place(one, [stranger(one, ['lan', 'wan', 'lan6'])]),
      (place) => {
        place.start('a', 'b', 'x');
        place.ordered('a', place.all('x'));
        place.after('x is gone', () => place.named('x').cutPower(), place.all('b'));
        place.ordered('b', place.all('a'));
      },
    );
  });
});

describe('failover to one that cannot add the addresses', () => {
  it('forced: tried once for each order, kept where they are, nothing lost; and then as ever', () => {
    holds(
      drawn(2, 'default', fc.constantFrom('lan', 'lan wan', 'lan lan6')),
      (one) => new Place(one),
      (place) => {
        place.start('a', 'b');
        place.breakScript('b');
        const each = Object.keys(place.holders()).length;
        const before = place.taken();
        place.ordered('a', place.all('a'), true);
        assert.ok(place.taken() - before <= each, 'tried once');
        place.ordered('a', place.all('a'), true);
        assert.ok(place.taken() - before <= 2 * each, 'and once for the second order');
        place.mendScript('b');
        place.ordered('a', place.all('b'), true);
      },
    );
  });

  it('nor can the other one: tried in turns, not as fast as scripts fail, until one of them can', () => {
    holds(
      // Each attempt is a flap: with a limit both are suspended before long.
      drawn(2, 'default', fc.constant('lan')).map(({ setting, ...rest }) => ({
        ...rest,
        setting: { ...setting, maximumFlaps: 0 },
      })),
      (one) => new Place(one),
      (place) => {
        place.start('a', 'b');
        place.breakScript('a');
        place.breakScript('b');
        const before = place.taken();
        place.lastFor(4, () => {
          place.named('a').crash();
          place.world.start(place.named('a'));
        });
        assert.ok(place.taken() - before <= 6, `taken ${place.taken() - before} times`);
        place.after('b can', () => place.mendScript('b'), place.all('b'));
      },
    );
  });
});

describe('failover of three, and what happens to it meanwhile', () => {
  const three = drawn(3, 'ranked', fc.constantFrom('lan', 'lan wan', 'lan lan6'));
  /** How many thousandths of an advertisement interval the other thing comes after the order. */
  const gap = fc.constantFrom(0, 1, 3, 10, 50);

  function crossed(
    what: (place: Place) => void,
    expected: (place: Place) => Record<string, string>,
    nothingLost = true,
  ): void {
    holds(
      fc.record({ one: three, after: gap }).map(({ one, after }) => ({ ...one, after })),
      (one) => new Place(one),
      (place, { after }) => {
        place.start('a', 'b', 'c');
        const lost = place.crossing('a', after, () => what(place));
        assert.deepEqual(place.holders(), expected(place));
        if (nothingLost) assert.deepEqual(lost, [], 'nothing is lost by an order');
      },
    );
  }

  it('the one that is ordered is reloaded: to the successor, and it stays', () => {
    crossed(
      (place) => place.reload('a'),
      (place) => place.all('b'),
    );
  });

  it('the successor is reloaded', () => {
    crossed(
      (place) => place.reload('b'),
      (place) => place.all('b'),
    );
  });

  it('maintenance on at the successor: the third one has it', () => {
    crossed(
      (place) => {
        order(place.named('b'), 'maintenance-on', true);
      },
      (place) => place.all('c'),
    );
  });

  it('the successor crashes: the third one has it, or it is kept', () => {
    crossed(
      (place) => place.named('b').crash(),
      (place) => place.allBut('b'),
    );
  });

  it('the successor loses its power: the third one has it, or it is kept', () => {
    crossed(
      (place) => place.named('b').cutPower(),
      (place) => place.allBut('b'),
      false,
    );
  });
});
