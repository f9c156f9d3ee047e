// Planned handovers with both drivers in virtual time: an operator, a stop, a monitor or the settings move
// the role, and somebody has the address at every instant.
import assert from 'node:assert/strict';
import type { Settings, VirtualRouterSettings } from '../../../src/config/settings.js';
import { describe, it } from '../../support/test.js';
import { centiseconds } from '../../../src/model/units.js';
import { address } from '../../support/fake-kernel.js';
import { routerSettings } from '../rig.js';
import { inPlace, makePair, rests, startPair, type Pair } from './pair.js';
import type { Side } from './story.js';
import { VIRTUAL } from './world.js';

const start = (): Promise<Pair> => startPair({ intervalMs: 1_000, checkMs: 100 });

/** Moves the role to `heir` and leaves it there, make before break. */
async function moves(pair: Pair, heir: Side, act: () => unknown): Promise<void> {
  const { world } = pair;
  const from = world.story.end;
  const held = world.watch();
  await act();
  await rests(pair, heir);
  // An order is over before the next: an answer, and a check that finds the other one well.
  await world.run(1_500);
  const loser = heir === 'a' ? 'b' : 'a';
  assert.deepEqual(world.story.lines(from, 'address'), [
    `${heir} has ${VIRTUAL}`,
    `${loser} has no ${VIRTUAL}`,
  ]);
  assert.equal(held().nobody, 0);
  const told = world.story.lines(from, 'address', 'announcement');
  const announced = told.indexOf(`${heir} announces ${VIRTUAL.split('/')[0]}`);
  assert.ok(announced > 0, 'announced once the address stands');
  assert.ok(announced < told.indexOf(`${loser} has no ${VIRTUAL}`), 'and before the other lets go');
}

const order = (pair: Pair, side: Side, command: Parameters<Pair['a']['operate']>[0]) => () =>
  assert.equal(pair[side].operate(command), null);

describe('planned handover, make before break', () => {
  it('understudy failover, and back by failover at the other', async () => {
    const pair = await start();
    await moves(pair, 'b', order(pair, 'a', 'failover'));
    assert.equal(pair.a.router().state, 'Backup', 'it comes back only when asked');
    await moves(pair, 'a', order(pair, 'b', 'failover'));
  });

  it('who ordered it stands in the event and the status of both', async () => {
    const pair = await start();
    await moves(pair, 'b', () => assert.equal(pair.a.operate('failover', false, 'alice'), null));
    const because = 'a: an operator asked for a handover (alice)';

    assert.deepEqual(
      [pair.b, pair.a].map((side) => side.status().virtualRouters[0]?.because),
      [because, 'alice'],
    );
    assert.equal(pair.b.events('transition').at(-1)?.['because'], because);
    assert.match(pair.a.events('failover')[0]?.detail ?? '', /lan by alice$/);
    assert.equal(pair.a.status().standsBack?.by, 'alice');
  });

  it('the event "move" tells all of it once the addresses stand; the status has it on both sides', async () => {
    const pair = await start();
    await moves(pair, 'b', () => assert.equal(pair.a.operate('failover', false, 'alice'), null));

    const told = pair.b.events('move').at(-1);
    const transition = pair.b.events('transition').at(-1);
    assert.ok(told !== undefined);
    assert.ok(told.detail.includes('ordered by alice at a; the addresses stand here'), told.detail);
    assert.equal(told['noticedAt'], transition?.time);
    assert.equal(told['stoodAt'], told.time);
    assert.ok(told.time > (transition?.time ?? ''), 'a script takes its time');
    const { time: _time, event: _event, detail: _detail, virtualRouter, ...fields } = told;
    assert.equal(virtualRouter, 'lan');
    assert.deepEqual(pair.b.status().virtualRouters[0]?.lastMove, fields);
    assert.deepEqual(fields, {
      way: 'taken',
      reason: 'peer-released',
      because: 'a: an operator asked for a handover (alice)',
      orderedBy: 'alice at a',
      noticedAt: transition?.time,
      stoodAt: told.time,
      nobodyHeldAtMostMs: 0,
      peerSaw: [{ peer: 'a', state: 'Active', addressesPresent: true }],
    });

    const given = pair.a.status().virtualRouters[0]?.lastMove;
    assert.equal(given?.way, 'given');
    assert.equal(given.orderedBy, 'alice');
    assert.ok(given.stoodAt !== null, 'the peer has said that it has them');
    assert.deepEqual(given.peerSaw, [{ peer: 'b', state: 'Active', addressesPresent: true }]);
    assert.equal(pair.a.events('move').length, 1, 'of its own taking, before');
  });

  it('the event and the status say that somebody had the addresses throughout', async () => {
    const pair = await start();
    await moves(pair, 'b', order(pair, 'a', 'failover'));

    assert.equal(pair.b.events('taken-over').at(-1)?.['nobodyHeldAtMostMs'], 0);
    assert.equal(pair.b.status().virtualRouters[0]?.nobodyHeldAtMostMs, 0);
    assert.equal(pair.a.status().virtualRouters[0]?.nobodyHeldAtMostMs, undefined);
  });

  it('a script of the successor that takes long: kept until it has the address', async () => {
    const pair = await start();
    const { world, a, b } = pair;
    const held = world.watch();
    b.hold();
    assert.equal(a.operate('failover'), null);
    await world.run(1_000);
    assert.deepEqual(world.holders(), ['a']);
    b.release();
    await rests(pair, 'b');
    assert.equal(held().nobody, 0);
  });

  it('maintenance on, and off', async () => {
    const pair = await start();
    await moves(pair, 'b', order(pair, 'a', 'maintenance-on'));
    assert.equal(pair.a.router().state, 'Initialize');
    assert.equal(pair.a.state.maintenance, true, 'for the next agent too');
    await moves(pair, 'a', order(pair, 'a', 'maintenance-off'));
  });

  it('maintenance outlives the agent', async () => {
    const pair = await start();
    const { world, a } = pair;
    await moves(pair, 'b', order(pair, 'a', 'maintenance-on'));
    await a.stop();
    await a.start();
    await world.run(5_000);
    assert.equal(a.router().state, 'Initialize');
    assert.deepEqual(world.holders(), ['b']);
  });

  it('SIGTERM, and the start of the primary', async () => {
    const pair = await start();
    const { world, a } = pair;
    const from = world.story.end;
    await moves(pair, 'b', () => a.stop());
    assert.deepEqual(world.story.moves('a', from), ['Active → Initialize, shutdown']);
    const farewells = world.story.of('advertisement', from, 'a');
    assert.deepEqual(
      farewells.map(({ priority, executor }) => [priority, executor]),
      [[0, false]],
      'priority 0 once',
    );
    assert.equal(world.story.of('message', from, 'a').at(-1)?.message, 'bye');
    await moves(pair, 'a', () => a.start());
  });

  it('set mode off, and active-passive again', async () => {
    const pair = await start();
    const { a } = pair;
    const { settings } = a;
    await moves(pair, 'b', () => a.configure({ ...settings, ha: { ...settings.ha, mode: 'off' } }));
    await moves(pair, 'a', () => a.configure(settings));
  });

  it('set primary: the role follows it, there and back', async () => {
    const pair = await start();
    const [before, after] = [
      [pair.a.settings, pair.b.settings],
      [asPrimary(pair.a.settings, false), asPrimary(pair.b.settings, true)],
    ] as const;
    await moves(pair, 'b', async () => {
      await pair.a.configure(after[0]);
      await pair.b.configure(after[1]);
    });
    await moves(pair, 'a', async () => {
      await pair.b.configure(before[1]);
      await pair.a.configure(before[0]);
    });
  });

  it('gateway lost at the Active only: a soft fault yields to the sound peer', async () => {
    const pair = await start();
    const { world, a } = pair;
    const from = world.story.end;
    const gateway = (state: 'ok' | 'failed') => () =>
      a.monitor({ name: 'gateway', state, detail: '', weight: 'soft' });
    await moves(pair, 'b', gateway('failed'));
    assert.deepEqual(world.story.moves('a', from), ['Active → Backup, soft-fault']);
    await moves(pair, 'a', gateway('ok'));
  });

  it('gateway lost at both: no move', async () => {
    const pair = await start();
    const { world, a, b } = pair;
    const from = world.story.end;
    for (const one of [b, a]) {
      one.monitor({ name: 'gateway', state: 'failed', detail: '', weight: 'soft' });
      await world.run(10);
    }
    await world.run(5_000);
    assert.deepEqual(world.story.lines(from, 'address', 'transition'), []);
  });

  it('a check with a weight lowers the priority, and the better one takes over', async () => {
    const pair = await start();
    const { a } = pair;
    const check = (state: 'ok' | 'failed') => () =>
      a.monitor({ name: 'upcheck', state, detail: '', weight: 120 });
    await moves(pair, 'b', check('failed'));
    assert.equal(a.driver.snapshot().virtualRouters[0]?.effectivePriority, 80);
    await moves(pair, 'a', check('ok'));
  });

  it('links below the minimum: a hard fault at once', async () => {
    const pair = await start();
    const { world, a } = pair;
    const from = world.story.end;
    const name = 'link pairs';
    const fault = 'links-below-minimum';
    a.monitor({ name, state: 'failed', detail: '', weight: 'hard', fault });
    await rests(pair, 'b');
    assert.deepEqual(world.story.moves('a', from), [`Active → Initialize, ${fault}`]);
    // The links hear the farewell before the HA port tells the release.
    assert.deepEqual(world.story.moves('b', from), ['Backup → Active, priority-zero']);
  });

  it('both ordered to hand over at once: never nobody, and one holder', async () => {
    const pair = await start();
    const { world, a, b } = pair;
    const held = world.watch();
    assert.equal(a.operate('maintenance-on'), null);
    assert.match(b.operate('failover') ?? '', /./, 'a Backup has nothing to hand over');
    await rests(pair, 'b');
    assert.equal(held().nobody, 0);
  });
});

describe('an order that would leave the role to a faulty one, or to nobody', () => {
  const gateway = (state: 'ok' | 'failed') =>
    ({ name: 'gateway', state, detail: '', weight: 'soft' }) as const;

  it('failover to one with a failed check: refused by its name; forced, it stays there', async () => {
    const pair = await start();
    const { world, a, b } = pair;
    b.monitor(gateway('failed'));
    await world.run(1_000);
    assert.match(a.operate('failover') ?? '', /^failover: .* b has failing: gateway$/);
    for (const [from, to] of [
      ['a', 'b'],
      ['b', 'a'],
      ['a', 'b'],
    ] as const) {
      await moves(pair, to, () => assert.equal(pair[from].operate('failover', true), null));
    }
    const before = world.story.end;
    await world.run(30_000);
    assert.deepEqual(world.holders(), ['b']);
    assert.deepEqual(world.story.moves('b', before), []);
    assert.equal(b.driver.flapCount(), 0);
  });

  it('maintenance on both: refused; forced, both say that nobody holds it', async () => {
    const pair = await start();
    const { world, a, b } = pair;
    await moves(pair, 'b', order(pair, 'a', 'maintenance-on'));
    assert.match(b.operate('maintenance-on') ?? '', /a is out: in maintenance, by an operator/);
    assert.equal(b.operate('maintenance-on', true), null);
    await world.until('nobody holds it', () => world.holders().length === 0);
    await world.run(5_000);
    for (const side of [a, b]) {
      const { health } = side.status();
      assert.equal(health.state, 'fault');
      assert.ok(health.reasons.includes(`lan: nobody holds ${VIRTUAL.split('/')[0]}`));
    }
  });

  it('a stop while the other is out: said, and nobody is waited for', async () => {
    const pair = await start();
    const { world, a } = pair;
    assert.equal(pair.b.operate('maintenance-on'), null);
    await world.run(1_000);
    const from = world.now;
    await a.stop();
    assert.deepEqual(world.holders(), []);
    assert.ok(world.now - from < 1_000_000, 'not Active_Down_Interval');
  });
});

/** What `set primary` makes of settings without a priority of their own. */
const asPrimary = (settings: Settings, is: boolean): Settings => ({
  ...settings,
  ha: { ...settings.ha, primary: is },
  virtualRouters: settings.virtualRouters.map((router) => ({
    ...router,
    priority: is ? 200 : 100,
  })),
});

const SECOND = '10.99.0.101/24';

const spreadRouters = (side: Side): VirtualRouterSettings[] => {
  const interval = { advertisementInterval: centiseconds(100) };
  const second = [{ address: address('10.99.0.101'), prefixLength: 24 }];
  const prioritised = (primary: Side) => ({ primary, priority: side === primary ? 200 : 100 });
  return [
    routerSettings({ ...interval, ...prioritised('a') }),
    routerSettings({ ...interval, ...prioritised('b'), name: 'lan2', vrid: 52, addresses: second }),
  ];
};

describe('active-active', () => {
  const spread = ({ world }: Pair): boolean =>
    world.holders().join() === 'a' && world.holders(SECOND).join() === 'b';

  async function startBoth(): Promise<Pair> {
    const pair = makePair({ routers: spreadRouters, checkMs: 100, ha: { mode: 'active-active' } });
    await pair.a.start();
    await pair.b.start();
    await settled(pair);
    return pair;
  }

  async function settled(pair: Pair): Promise<void> {
    const { world, a, b } = pair;
    await world.until('each holds its own', () => spread(pair) && a.knowsPeer && b.knowsPeer);
    await world.run(2_000);
    assert.ok(spread(pair), 'and it stays so');
  }

  it('the survivor holds all, and they spread again without loss', async () => {
    const pair = await startBoth();
    const { world } = pair;
    const from = world.story.end;
    const plug = world.unplug('a');
    await rests(pair, 'b');
    assert.deepEqual(
      world.story.of('address', from).filter((one) => one.address === SECOND),
      [],
      'what the survivor held does not move',
    );
    const held = [world.watch(), world.watch(SECOND)];
    plug();
    await settled(pair);
    assert.deepEqual(
      held.map((watched) => watched().nobody),
      [0, 0],
    );
  });

  it('a stop of either, and its start: nothing lost', async () => {
    for (const leaver of ['a', 'b'] as const) {
      const pair = await startBoth();
      const { world } = pair;
      const held = [world.watch(), world.watch(SECOND)];
      await pair[leaver].stop();
      const heir = leaver === 'a' ? 'b' : 'a';
      await world.until(
        `${heir} holds both`,
        () => world.holders().join() === heir && world.holders(SECOND).join() === heir,
      );
      await world.run(2_000);
      await pair[leaver].start();
      await settled(pair);
      assert.deepEqual(
        held.map((watched) => watched().nobody),
        [0, 0],
        `${leaver} was stopped and started`,
      );
    }
  });

  it('failover moves what the instance holds, and leaves the rest', async () => {
    const pair = await startBoth();
    const { world, a } = pair;
    const from = world.story.end;
    const held = world.watch();
    assert.equal(a.operate('failover'), null);
    await world.until('b holds both', () => world.holders().join() === 'b');
    await world.run(2_000);
    assert.equal(held().nobody, 0);
    assert.deepEqual(world.story.lines(from, 'address'), [
      `b has ${VIRTUAL}`,
      `a has no ${VIRTUAL}`,
    ]);
  });
});

describe('in their places', () => {
  it('two that start at once: one of them holds, and then the better one', async () => {
    const pair = makePair();
    await pair.a.start();
    await pair.b.start();
    await inPlace(pair);
    await rests(pair, 'a');
  });
});
