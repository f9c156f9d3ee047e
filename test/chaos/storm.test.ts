// Drawing: the same seed draws the same, and everything is drawn. Nothing is broken here.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { FAULTS, faultNamed } from './faults.js';
import { describeStorm, drawPair, drawStorm, pairOf, STORMS_A_PAIR } from './storm.js';

const many = Array.from({ length: 2_000 }, (_, index) => drawStorm(7, index));

describe('the table of faults', () => {
  it('has each name once', () => {
    const names = FAULTS.map(({ name }) => name);
    assert.deepEqual([...new Set(names)], names);
  });

  it('finds a row by its name, and says so when there is none', () => {
    for (const fault of FAULTS) assert.equal(faultNamed(fault.name), fault);
    assert.throws(() => faultNamed('hail'), /found "hail"/);
  });
});

describe('storms', () => {
  it('are the same for the same seed, in whatever order they are asked for', () => {
    const backwards = many.map(({ index }) => index).reverse();
    for (const index of backwards) assert.deepEqual(drawStorm(7, index), many[index]);
  });

  it('differ from storm to storm and from seed to seed', () => {
    const texts = (seed: number): Set<string> =>
      new Set(Array.from({ length: 50 }, (_, index) => describeStorm(drawStorm(seed, index))));
    assert.ok(texts(1).size > 45, `expected other storms each time, found ${texts(1).size} of 50`);
    const common = [...texts(1)].filter((text) => texts(2).has(text));
    assert.ok(common.length < 5, `expected other storms for another seed, found ${common.join()}`);
  });

  it('draw every fault, alone and as one of two, on the holder and on the standby', () => {
    for (const { name, on } of FAULTS) {
      const drawn = many.flatMap(({ faults }) =>
        faults
          .filter((fault) => fault.name === name)
          .map((fault) => ({ fault, of: faults.length })),
      );
      assert.deepEqual(new Set(drawn.map(({ of }) => of)), new Set([1, 2]), name);
      const targets = [...new Set(drawn.map(({ fault }) => fault.target))].sort();
      assert.deepEqual(targets, on === undefined ? ['holder', 'standby'] : [on], name);
    }
  });

  it('let the second fault begin while the first one lasts', () => {
    for (const { faults } of many) {
      const [first, second] = faults;
      assert.equal(first?.atMs, 0);
      if (second !== undefined) assert.ok(second.atMs <= (first?.drawn.lastsMs ?? -1));
    }
  });
});

describe('pairs', () => {
  it('stay for a few storms', () => {
    assert.equal(pairOf(0), 0);
    assert.equal(pairOf(STORMS_A_PAIR - 1), 0);
    assert.equal(pairOf(STORMS_A_PAIR), 1);
  });

  it('are the same for the same seed, and come in every kind', () => {
    const pairs = Array.from({ length: 200 }, (_, pair) => drawPair(3, pair));
    for (const [pair, plan] of pairs.entries()) assert.deepEqual(drawPair(3, pair), plan);
    for (const key of Object.keys(pairs[0] ?? {}) as (keyof (typeof pairs)[number])[]) {
      assert.ok(new Set(pairs.map((plan) => String(plan[key]))).size >= 2, key);
    }
  });
});
