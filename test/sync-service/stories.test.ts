// Whatever happens to two or three appliances that follow each other, with keepers joined in memory: changes, silence, what
// is taken back, deaths and starts. Versions alone: test/sync/lineage.property; single stories: follow.test.ts.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from '../support/test.js';
import { startGroup, type Box, type Group } from './rig.js';

const NAMES = ['a', 'b', 'c'] as const;

const WHAT = ['set', 'set', 'set', 'away', 'back', 'kill', 'start', 'moment', 'while'] as const;

const story = fc.record({
  count: fc.constantFrom(2, 3),
  steps: fc.array(fc.tuple(fc.nat(2), fc.constantFrom(...WHAT)), { maxLength: 14 }),
});

class Told {
  readonly group: Group;
  readonly boxes: readonly Box[];
  readonly #dead = new Set<Box>();

  constructor(group: Group, names: readonly string[]) {
    this.group = group;
    this.boxes = names.map((name) => group.box(name));
    for (const box of this.boxes) box.active = box.name === 'a';
  }

  async step(index: number, what: (typeof WHAT)[number]): Promise<void> {
    const box = this.boxes[index % this.boxes.length];
    if (box === undefined) return;
    switch (what) {
      case 'set':
        return void (await this.set(box));
      case 'away':
        this.group.away.add(box.name);
        return this.#lose(box);
      case 'back':
        this.group.away.delete(box.name);
        return this.#find(box);
      case 'kill':
        if (this.#dead.has(box)) return;
        this.#dead.add(box);
        box.kill();
        return this.#lose(box);
      case 'start':
        return this.#start(box);
      case 'moment':
        return this.pass(2_000);
      case 'while':
        return this.pass(11_000);
    }
  }

  /** @returns what was refused; null where it is not there to be asked. */
  async set(box: Box): Promise<readonly unknown[] | null> {
    if (this.#dead.has(box)) return null;
    const now = /vrid: (\d+)/.exec(box.text)?.[1] ?? assert.fail(box.text);
    // There and back, so that the same settings come again and again.
    const next = 51 + ((Number(now) - 50) % 3);
    const outcome: { errors?: readonly unknown[] | null } = {};
    void box.set(`vrid: ${now}`, `vrid: ${next}`).then(
      ({ errors }) => (outcome.errors = errors),
      () => (outcome.errors = null),
    );
    for (let tries = 0; outcome.errors === undefined; tries += 1) {
      assert.ok(tries < 200, `the outcome of a change on ${box.name}`);
      await this.group.pass(150);
    }
    return outcome.errors;
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500) await this.group.pass(500);
  }

  /** All run, hear each other, and have had time. */
  async end(): Promise<void> {
    for (const box of this.boxes) await this.#start(box);
    for (const box of this.boxes) {
      this.group.away.delete(box.name);
      await this.#find(box);
    }
    await this.pass(30_000);
  }

  async #start(box: Box): Promise<void> {
    if (!this.#dead.delete(box)) return;
    await box.start();
    await this.#find(box);
  }

  #others(box: Box): Box[] {
    return this.boxes.filter((other) => other !== box && !this.#dead.has(other));
  }

  async #lose(box: Box): Promise<void> {
    for (const other of this.#others(box)) {
      other.keeper.lost(box.name);
      if (!this.#dead.has(box)) box.keeper.lost(other.name);
    }
    await this.group.settled();
  }

  async #find(box: Box): Promise<void> {
    if (this.#dead.has(box)) return;
    for (const other of this.#others(box)) {
      if (!this.group.joins(box, other)) continue;
      await other.keeper.told(box.name, box.announced);
      await box.keeper.told(other.name, other.announced);
    }
    await this.group.settled();
  }

  get digests(): (string | undefined)[] {
    return this.boxes.map(({ version }) => version?.digest);
  }

  /** How each stands to each other. */
  get states(): string[] {
    return this.boxes.flatMap((box) =>
      this.boxes
        .filter((other) => other !== box)
        .map(({ name }) => `${box.name}-${name}: ${box.state(name)}`),
    );
  }
}

const skip = process.env['CI'] === 'true' ? false : 'many stories: in CI only';

describe('whatever has happened to appliances that follow each other', { skip }, () => {
  it('those with the same settings are in sync, and the next change is on all; others are in a conflict that is told', async () => {
    const ends = { same: 0, apart: 0 };
    await fc.assert(
      fc.asyncProperty(story, async ({ count, steps }) => {
        const names = NAMES.slice(0, count);
        const told = new Told(await startGroup({ mode: 'follow' }, names), names);
        for (const [index, what] of steps) await told.step(index, what);
        await told.end();
        for (const box of told.boxes) {
          assert.equal(box.text, box.inForce, box.name);
          assert.equal(box.saved?.pending, null, box.name);
        }
        if (new Set(told.digests).size > 1) {
          ends.apart += 1;
          assert.ok(
            told.states.some((state) => state.endsWith('conflict')),
            told.states.join(),
          );
          return;
        }
        ends.same += 1;
        assert.deepEqual(
          told.states.filter((state) => !state.endsWith('in-sync')),
          [],
        );
        for (const box of told.boxes) {
          assert.deepEqual(await told.set(box), [], box.name);
          await told.pass(1_000);
          assert.equal(new Set(told.digests).size, 1, `set on ${box.name}`);
        }
      }),
      {
        numRuns: Number(process.env['STORIES'] ?? 60),
        seed: Number(process.env['STORIES_SEED'] ?? 16),
      },
    );
    assert.ok(ends.same > ends.apart, JSON.stringify(ends));
  });
});
