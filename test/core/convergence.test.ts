// Whatever happens to two or three appliances: once everything is well again they come to rest, and
// somebody holds every virtual address. The seed is printed; SEED=n repeats the run.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from '../support/test.js';
import * as fc from 'fast-check';
import { Appliances } from './appliances.js';
import { playCommand } from './scenario.js';

const RUNS = Number(process.env['RUNS'] ?? 60);
/** In CI the same each time: a change is judged by what it changed. */
const DRAWN = process.env['CI'] === 'true' ? 9_568 : Date.now() % 1_000_000_000;
const SEED = Number(process.env['SEED'] ?? DRAWN);

const ROUTERS = ['lan', 'wan', 'dmz'];
const INTERFACES = ['eth0', 'eth1', 'eth2'];
const NAMES = ['a', 'b', 'c'];
const ADDRESSES = ['192.0.2.10', '192.0.2.20', '192.0.2.30'];
/** A yield lasts 60 s; after that an Active_Down_Interval, a preemption, and some patience. */
const TIME_TO_SETTLE = 90_000_000;
const REST = 20_000_000;

/** Priorities by appliance, then by virtual router. */
type Priorities = readonly (readonly number[])[];

const somebody = fc.constantFrom(...NAMES);
const routerName = fc.constantFrom(...ROUTERS);
const on = fc.constantFrom(...INTERFACES);

/** A command of the scenarios, with its arguments drawn: a failure can be told as one. */
function command(verb: string, ...words: fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.tuple(fc.constant(verb), ...words).map((drawn) => drawn.join(' '));
}

const trouble = fc.oneof(
  command('cut', somebody, somebody, fc.constantFrom('*', 'eth0', 'eth1')),
  command('heal', somebody, somebody, fc.constantFrom('*', 'eth0', 'eth1')),
  command('kill', somebody),
  command('stop', somebody),
  command('start', somebody),
  command(
    'check',
    somebody,
    fc.constant('upcheck'),
    fc.constantFrom('-150', '-20'),
    fc.constantFrom('ok', 'failed'),
  ),
  command('link', somebody, on, fc.constantFrom('interface-missing', 'interface-back')),
  command('script', somebody, routerName, fc.constantFrom('fails', 'works')),
  command('take-away', somebody, routerName),
);

const pause = fc.oneof(
  fc.constantFrom('0', '0.0001', '0.0002', '0.001', '0.005', '0.005', '1', '10'),
  fc.integer({ min: 0, max: 5_000_000 }).map((microseconds) => String(microseconds / 1_000_000)),
);

/** Troubles, each some times over, and how long it is quiet after each. */
const story = fc.array(fc.tuple(trouble, pause, fc.constantFrom(1, 1, 1, 6)), { maxLength: 25 });
type Story = readonly (readonly [string, string, number])[];

/**
 * Each appliance one priority for all of its virtual routers, another one than the others have: of
 * two equals, each may keep the virtual router that it happens to hold.
 */
const alike: fc.Arbitrary<Priorities> = fc
  .tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.shuffledSubarray([100, 150, 200]).filter(({ length }) => length > 1),
  )
  .map(([routers, priorities]) =>
    priorities.map((priority) => Array.from<number>({ length: routers }).fill(priority)),
  );

/** Every virtual router its own: settings that contradict each other. */
const crossed: fc.Arbitrary<Priorities> = fc.integer({ min: 2, max: 3 }).chain((routers) =>
  fc.array(fc.array(fc.constantFrom(100, 150, 200), { minLength: routers, maxLength: routers }), {
    minLength: 2,
    maxLength: 3,
  }),
);

function build(priorities: Priorities): Appliances {
  const appliances = new Appliances();
  for (const [index, of] of priorities.entries()) {
    const routers = of.map((priority, rank) => `${ROUTERS[rank]}=${priority}`).join(' ');
    playCommand(appliances, `appliance ${NAMES[index]} ${ADDRESSES[index]} ${routers}`);
    playCommand(appliances, `start ${NAMES[index]}`);
  }
  return appliances;
}

/** Everything is mended, everybody runs; then time enough. */
function mend(appliances: Appliances, names: readonly string[]): void {
  for (const name of names) {
    for (const other of names) {
      for (const where of ['*', 'eth0', 'eth1']) appliances.heal(name, other, where);
    }
    for (const [rank, where] of INTERFACES.entries()) {
      appliances.setMissing(name, where, false);
      appliances.setFailing(name, ROUTERS[rank] ?? '', false);
    }
    playCommand(appliances, `check ${name} upcheck -20 ok`);
    // Whoever has lost the role too often waits for an operator.
    playCommand(appliances, `order ${name} flaps-clear`);
    const reasons = appliances.routersOf(name).map(({ reason }) => reason);
    if (reasons.length === 0 || reasons.includes('shutdown')) appliances.start(name);
  }
  appliances.run(TIME_TO_SETTLE);
}

/** Everybody's virtual routers are held by somebody, and nothing moves any more. */
function isAtRest(appliances: Appliances, priorities: Priorities): string[] {
  appliances.journal();
  appliances.run(REST);
  const moved = appliances
    .journal()
    .filter((line) => line.includes(' -> ') || line.endsWith(' add') || line.endsWith(' remove'));
  assert.deepEqual(moved, [], 'nothing moves');
  const names = ROUTERS.slice(0, priorities[0]?.length);
  return names.map((name) => appliances.activesOf(name).join(' and '));
}

function holds(context: TestContext, property: fc.IPropertyWithHooks<[Priorities, Story]>): void {
  context.diagnostic(`SEED=${SEED} repeats this run`);
  fc.assert(property, { seed: SEED, numRuns: RUNS });
}

function play(priorities: Priorities, happened: Story): string[] {
  const appliances = build(priorities);
  const names = NAMES.slice(0, priorities.length);
  for (const [happens, wait, times] of happened) {
    const [, ...words] = happens.split(' ');
    if (!words.every((word) => !NAMES.includes(word) || names.includes(word))) continue;
    for (let time = 0; time < times; time += 1) {
      playCommand(appliances, happens);
      playCommand(appliances, `run ${wait}`);
    }
  }
  mend(appliances, names);
  return isAtRest(appliances, priorities);
}

describe('appliances, after whatever happened', () => {
  it('one of them is Active for everything, and stays so', (context) => {
    holds(
      context,
      fc.property(alike, story, (priorities, happened) => {
        const actives = play(priorities, happened);

        assert.equal(new Set(actives).size, 1, `all together, not ${actives.join(', ')}`);
        assert.match(actives[0] ?? '', /^[abc]$/);
      }),
    );
  });

  it('crossed priorities come to rest too, each virtual router with one of them', (context) => {
    holds(
      context,
      fc.property(crossed, story, (priorities, happened) => {
        for (const active of play(priorities, happened)) assert.match(active, /^[abc]$/);
      }),
    );
  });
});
