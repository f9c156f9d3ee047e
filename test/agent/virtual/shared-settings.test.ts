// Shared settings that go from one appliance to the other, or do not, with two real drivers in virtual time: no role moves
// because of it. What goes where: test/sync-service. Which settings move a role by themselves: handover.test.ts.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createTurn } from '../../../src/agent/in-turn.js';
import { parseSettings } from '../../../src/config/load.js';
import type { Settings } from '../../../src/config/settings.js';
import type { SyncMode } from '../../../src/model/status.js';
import { Box, Group } from '../../sync-service/rig.js';
import { describe, it } from '../../support/test.js';
import { Appliance } from './appliance.js';
import { folderOfThisProcess, started, type Pair } from './pair.js';
import { otherOf, SIDES, type Side } from './story.js';
import { ADDRESSES, VIRTUAL, World } from './world.js';

/** Between the reload of the first and that of the second, in milliseconds: longer than a host needs for both. */
const BETWEEN_MS = 500;
/** A change is confirmed after ten seconds. */
const CONFIRMED_MS = 11_000;
const STEP_MS = 500;

const textOf = (side: Side): string => `name: ${side}
ha:
  primary: ${side === 'a'}
  peerCheckIntervalMs: 500
  keyFile: ${join(folderOfThisProcess(), 'ha.key')}
  peers: [{ name: ${otherOf(side)}, addresses: [${ADDRESSES[otherOf(side)].ha}, ${ADDRESSES[otherOf(side)].lan}] }]
virtualRouters:
  - name: lan
    interface: eth0
    vrid: 51
    addresses: [${VIRTUAL}]
    advertisementIntervalMs: 1000
    priority: ${side === 'a' ? 200 : 100}
`;

function settingsIn(text: string): Settings {
  const read = parseSettings(text, 'understudy.yaml');
  assert.ok(read.ok, JSON.stringify(read));
  return read.settings;
}

/** A pair whose `a` is Active, each with a keeper of shared settings. */
class Sharing {
  readonly world = new World();
  readonly group = new Group();
  readonly pair: Pair;
  /** Nobody moves the time while somebody else does. */
  readonly #inTurn = createTurn();
  readonly #seen = { a: 0, b: 0 };
  #from = 0;

  constructor(mode: SyncMode) {
    const { world, group } = this;
    const make = (side: Side): Appliance => {
      const box = new Box(group, side, { mode, text: textOf(side) });
      group.add(box);
      const appliance = new Appliance(world, side, settingsIn(box.text));
      box.onApplied = async (text) => {
        await appliance.configure(settingsIn(text));
        await this.#inTurn(() => world.run(BETWEEN_MS));
      };
      return appliance;
    };
    this.pair = { world, a: make('a'), b: make('b') };
  }

  get a(): Box {
    return this.group.box('a');
  }

  get b(): Box {
    return this.group.box('b');
  }

  async start(): Promise<void> {
    await started(this.pair);
    for (const side of SIDES) await this.group.box(side).start();
    await this.group.settled();
    this.a.active = true;
    this.#hear();
    this.#from = this.world.story.end;
  }

  async pass(milliseconds: number): Promise<void> {
    for (let ms = 0; ms < milliseconds; ms += STEP_MS) {
      await this.#inTurn(() => this.world.run(STEP_MS));
      this.#hear();
      await this.group.pass(STEP_MS);
    }
  }

  /** The keepers hear of peers that are lost and found as the agent tells it. */
  #hear(): void {
    for (const side of SIDES) {
      const { records } = this.pair[side];
      for (const { event } of records.slice(this.#seen[side])) {
        if (event === 'peer-unhealthy') this.group.box(side).keeper.lost(otherOf(side));
        if (event === 'peer-healthy') void this.group.box(side).keeper.found(otherOf(side));
      }
      this.#seen[side] = records.length;
    }
  }

  /** Nobody has had another role since the start, and the address has never left `a`. */
  nothingMoved(): void {
    const { story } = this.world;
    assert.deepEqual(story.lines(this.#from, 'transition'), []);
    const moved = story.of('address', this.#from).filter(({ address }) => address === VIRTUAL);
    assert.deepEqual(moved, []);
    assert.deepEqual(this.world.holders(), ['a']);
  }
}

/** Shared settings that change something of how the two speak to each other, or of what `a` has. */
const CHANGES: readonly (readonly [what: string, from: string, to: string])[] = [
  ['a longer advertisement interval', 'tIntervalMs: 1000', 'tIntervalMs: 4000'],
  ['one more address', `[${VIRTUAL}]`, `[${VIRTUAL}, 10.99.0.101/24]`],
  ['another HA port', 'ha:\n', 'ha:\n  port: 7113\n'],
  ['a shorter advertisement interval', 'tIntervalMs: 1000', 'tIntervalMs: 250'],
  ['slower checks of the peer', 'kIntervalMs: 500', 'kIntervalMs: 2000'],
  ['no preemption', 'ha:\n', 'ha:\n  preempt: false\n'],
  ['IPv4 checksums of another form', 'vrid: 51\n', 'vrid: 51\n    checksum: rfc5798\n'],
];

/** How it comes to the other; then both have it. */
const WAYS: readonly {
  readonly name: string;
  readonly mode: SyncMode;
  /** Whether all changes go this way; else the first three. */
  readonly all?: boolean;
  readonly go: (sharing: Sharing, from: string, to: string) => Promise<void>;
}[] = [
  {
    name: 'set on the Active',
    mode: 'follow',
    all: true,
    go: async ({ a }, from, to) => assert.deepEqual((await a.set(from, to)).errors, []),
  },
  {
    name: 'set on the Backup',
    mode: 'follow',
    all: true,
    go: async ({ b }, from, to) => assert.deepEqual((await b.set(from, to)).errors, []),
  },
  {
    name: 'edited on the Active, and reloaded',
    mode: 'follow',
    go: async ({ a }, from, to) => assert.deepEqual((await a.reload(from, to)).errors, []),
  },
  {
    name: 'in force on the Backup, and followed by the Active',
    mode: 'follow',
    all: true,
    go: ({ b }, from, to) => b.edit(from, to),
  },
  {
    name: 'pushed by the Active',
    mode: 'offer',
    go: async ({ a }, from, to) => {
      await a.edit(from, to);
      assert.ok((await a.keeper.push(['b'])).ok);
    },
  },
  {
    name: 'pulled by the Active',
    mode: 'offer',
    go: async ({ a, b }, from, to) => {
      await b.edit(from, to);
      assert.ok((await a.keeper.pull('b')).ok);
    },
  },
];

/** In CI; every day each change goes the first way, and the first change each of the others. */
const EVERYTHING = process.env['CI'] === 'true';

const changesOf = (way: number): typeof CHANGES => {
  if (!EVERYTHING && way > 0) return CHANGES.slice(0, 1);
  return WAYS[way]?.all === true ? CHANGES : CHANGES.slice(0, 3);
};

describe('no role moves because of shared settings', () => {
  for (const [way, { name, mode, go }] of WAYS.entries()) {
    for (const [what, from, to] of changesOf(way)) {
      it(`${what}, ${name}`, async () => {
        const sharing = new Sharing(mode);
        await sharing.start();
        const former = sharing.a.version?.digest;
        await go(sharing, from, to);
        await sharing.pass(CONFIRMED_MS);
        assert.notEqual(sharing.a.version?.digest, former);
        assert.equal(sharing.a.version?.digest, sharing.b.version?.digest);
        assert.deepEqual(sharing.a.shared, sharing.b.shared);
        for (const side of SIDES) {
          const box = sharing.group.box(side);
          assert.equal(box.inForce, box.text, side);
          assert.equal(box.state(otherOf(side)), 'in-sync', side);
          assert.equal(box.keeper.status().unconfirmed, undefined, side);
        }
        sharing.nothingMoved();
      });
    }
  }

  for (const author of SIDES) {
    it(`after which they do not hear each other, set on ${author}: both have taken it back`, async () => {
      const sharing = new Sharing('follow');
      await sharing.start();
      const { group, world } = sharing;
      const before = SIDES.map((side) => group.box(side).text);
      world.closedPorts.add(7_200);
      for (const side of SIDES) {
        const apply = group.box(side).onApplied;
        group.box(side).onApplied = async (text) => {
          // TCP has the same number.
          group.cut = SIDES.every((one) => group.box(one).inForce.includes('7200'));
          await apply?.(text);
        };
      }
      const outcome = await group.box(author).set('ha:\n', 'ha:\n  port: 7200\n');
      await sharing.pass(CONFIRMED_MS);
      assert.deepEqual(
        SIDES.map((side) => group.box(side).text),
        before,
        JSON.stringify(outcome),
      );
      await sharing.pass(CONFIRMED_MS);
      for (const side of SIDES) {
        const one = group.box(side);
        assert.equal(one.inForce, one.text, side);
        assert.ok(
          one.events.some(({ event }) => event === 'sync-taken-back'),
          side,
        );
        assert.equal(one.state(otherOf(side)), 'in-sync', side);
      }
      sharing.nothingMoved();
    });
  }

  it('that both have edited: a conflict, also while it lasts and when it is decided', async () => {
    for (const mode of ['offer', 'follow'] as const) {
      const sharing = new Sharing(mode);
      await sharing.start();
      const { group, a, b } = sharing;
      group.cut = true;
      await a.edit('tIntervalMs: 1000', 'tIntervalMs: 2000');
      await b.edit('tIntervalMs: 1000', 'tIntervalMs: 500');
      group.cut = false;
      await a.keeper.told('b', b.announced);
      await b.keeper.told('a', a.announced);
      await sharing.pass(CONFIRMED_MS);
      assert.deepEqual([a.state('b'), b.state('a')], ['conflict', 'conflict']);
      sharing.nothingMoved();
      assert.ok((await b.keeper.pull('a')).ok);
      await sharing.pass(CONFIRMED_MS);
      assert.deepEqual([a.state('b'), b.state('a')], ['in-sync', 'in-sync']);
      assert.match(b.inForce, /tIntervalMs: 2000/);
      sharing.nothingMoved();
    }
  });
});
