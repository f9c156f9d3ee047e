// Whatever happens to two or three appliances: changes, silence, what is taken back, restarts, a state that is lost. Single
// cases: version.test.ts; with keepers: test/sync-service.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import {
  adopted,
  agreed,
  announced,
  edited,
  firstVersion,
  lineageTold,
  relate,
  type Lineage,
} from '../../src/sync/version.js';
import { describe, it } from '../support/test.js';

/** An appliance; `from`: what was in force before a change that is not confirmed. */
interface Box {
  readonly name: string;
  lineage: Lineage;
  from: string | null;
  /** Every document that what it runs with stands on, also those that no lineage remembers. */
  seen: ReadonlySet<string>;
}

const NAMES = ['a', 'b', 'c'] as const;

const STEPS = ['set', 'give', 'give', 'hear', 'take back', 'confirm', 'pull', 'forget'] as const;

/** Who does what, from or with whom, and which document it sets. */
const story = fc.record({
  count: fc.constantFrom(2, 3),
  steps: fc.array(
    fc.tuple(fc.nat(2), fc.constantFrom(...STEPS), fc.nat(2), fc.constantFrom('x', 'y', 'z', 'w')),
    { maxLength: 40 },
  ),
});

const digestOf = ({ lineage }: Box): string => lineage.version.digest;

function edit(box: Box, digest: string): void {
  const lineage = edited(box.lineage, box.name, digest);
  if (lineage === box.lineage) return;
  box.from ??= digestOf(box);
  box.seen = new Set([...box.seen, digest]);
  box.lineage = lineage;
}

function adopt(box: Box, other: Box): void {
  box.from ??= digestOf(box);
  box.lineage = adopted(box.lineage, other.lineage);
  box.seen = new Set([...box.seen, ...other.seen]);
}

/** A peer's messages: the same settings get the same name, and stand on what the peer's stand on from then on. */
function hear(box: Box, other: Box): void {
  const lineage = agreed(box.lineage, lineageTold(announced(other.lineage)));
  if (lineage !== box.lineage) box.seen = new Set([...box.seen, ...other.seen]);
  box.lineage = lineage;
}

function step(box: Box, what: (typeof STEPS)[number], other: Box, digest: string): void {
  switch (what) {
    case 'set':
      return edit(box, digest);
    case 'give':
      if (relate(other.lineage, box.lineage) !== 'theirs-newer') return;
      // A peer takes over what its author knows to stand on what it has, and nothing else.
      assert.ok(box.seen.has(digestOf(other)), `${digestOf(other)} would be lost`);
      return adopt(other, box);
    case 'hear':
      return hear(box, other);
    case 'take back':
      // Lost, or started again, before it was confirmed.
      if (box.from !== null) edit(box, box.from);
      box.from = null;
      return;
    case 'confirm':
      box.from = null;
      return;
    case 'pull':
      // An operator decides; also for what is older.
      if (digestOf(other) !== digestOf(box)) adopt(box, other);
      return;
    case 'forget':
      // Its notes are gone: it begins anew with what is in the file.
      box.lineage = firstVersion(box.name, digestOf(box));
      box.from = null;
  }
}

function lived({
  count,
  steps,
}: {
  count: number;
  steps: readonly (readonly [number, (typeof STEPS)[number], number, string])[];
}): Box[] {
  const boxes = NAMES.slice(0, count).map((name): Box => ({
    name,
    lineage: firstVersion(name, 'x'),
    from: null,
    seen: new Set(['x']),
  }));
  for (const [who, what, whom, digest] of steps) {
    const [box, other] = [boxes[who % count], boxes[whom % count]];
    if (box !== undefined && other !== undefined && box !== other) step(box, what, other, digest);
  }
  return boxes;
}

const pairsOf = (boxes: readonly Box[]): (readonly [Box, Box])[] =>
  boxes.flatMap((one) =>
    boxes.filter((other) => other !== one).map((other) => [one, other] as const),
  );

/** Each of the stories is one of many thousands. */
const RUNS = { numRuns: process.env['CI'] === 'true' ? 2_000 : 200 };

describe('whatever has happened to two or three appliances', () => {
  it('what is newer on one is older on the other, and nothing is replaced that its author has not seen', () => {
    const answers = {
      same: 'same',
      conflict: 'conflict',
      'mine-newer': 'theirs-newer',
      'theirs-newer': 'mine-newer',
    };
    fc.assert(
      fc.property(story, (told) => {
        for (const [one, other] of pairsOf(lived(told))) {
          assert.equal(
            answers[relate(one.lineage, other.lineage)],
            relate(other.lineage, one.lineage),
          );
        }
      }),
      RUNS,
    );
  });

  it('those with the same settings are in no conflict, and neither is what is set on any of them next', () => {
    fc.assert(
      fc.property(
        story,
        fc.boolean(),
        fc.nat(2),
        fc.constantFrom('new', 'y', 'z', 'w'),
        (told, heard, who, digest) => {
          const boxes = lived(told);
          // However each of them has come to it.
          for (const box of boxes) edit(box, 'x');
          for (const [one, other] of pairsOf(boxes))
            assert.equal(relate(one.lineage, other.lineage), 'same');
          // Somebody may set something before he has heard of the others: something new then.
          if (heard)
            for (let round = 0; round < 2; round += 1)
              for (const [one, other] of pairsOf(boxes)) hear(one, other);
          const author = boxes[who % boxes.length] ?? assert.fail();
          edit(author, heard ? digest : 'new');
          for (const box of boxes) {
            if (box !== author)
              assert.equal(relate(box.lineage, author.lineage), 'theirs-newer', box.name);
          }
        },
      ),
      RUNS,
    );
  });

  it('who hears that the same settings came back from others knows that, too', () => {
    const [a, b] = lived({
      count: 3,
      steps: [
        [2, 'set', 0, 'w'],
        [0, 'set', 1, 'w'],
        [2, 'set', 0, 'x'],
        [1, 'hear', 2, 'x'],
      ],
    });
    assert.equal(
      relate((a ?? assert.fail()).lineage, (b ?? assert.fail()).lineage),
      'theirs-newer',
    );
  });

  it('a change that all of them have taken, and all take back, each by itself, leaves them as they were', () => {
    fc.assert(
      fc.property(story, fc.integer({ min: 1, max: 12 }), (told, times) => {
        const boxes = lived(told);
        for (const box of boxes) edit(box, 'x');
        for (const [one, other] of pairsOf(boxes)) hear(one, other);
        const [author, ...others] = boxes;
        if (author === undefined) return;
        for (let time = 0; time < times; time += 1) {
          edit(author, `change ${time % 2}`);
          for (const other of others) {
            // Some are lost before they have it.
            if (other.name === 'c' && time % 3 !== 0) continue;
            assert.equal(relate(other.lineage, author.lineage), 'theirs-newer', other.name);
            adopt(other, author);
          }
          for (const box of boxes) edit(box, 'x');
        }
        const [last = author] = others;
        edit(last, 'new');
        for (const box of boxes) {
          if (box !== last)
            assert.equal(relate(box.lineage, last.lineage), 'theirs-newer', box.name);
        }
      }),
      RUNS,
    );
  });
});
