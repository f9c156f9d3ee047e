// Which of two lineages is newer: every way in which two appliances, or three, can have come apart.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import {
  adopted,
  agreed,
  announced,
  commonDigest,
  edited,
  firstVersion,
  lineageTold,
  relate,
  REMEMBERED,
  type Lineage,
} from '../../src/sync/version.js';
import { describe, it } from '../support/test.js';

const first = firstVersion('a', 'x');
const edits = (lineage: Lineage, author: string, ...digests: string[]): Lineage =>
  digests.reduce((before, digest) => edited(before, author, digest), lineage);

describe('two lineages', () => {
  it('are the same when the documents are, whoever wrote them', () => {
    assert.equal(relate(first, firstVersion('b', 'x')), 'same');
  });

  it('an edit makes one newer; many edits too', () => {
    assert.equal(relate(edits(first, 'a', 'y'), first), 'mine-newer');
    assert.equal(relate(first, edits(first, 'b', 'y', 'z', 'w')), 'theirs-newer');
  });

  it('an edit on each is a conflict, and so are two that never met', () => {
    assert.equal(relate(edits(first, 'a', 'y'), edits(first, 'b', 'z')), 'conflict');
    assert.equal(relate(firstVersion('a', 'x'), firstVersion('b', 'y')), 'conflict');
  });

  it('more edits on one side do not win over one on the other', () => {
    assert.equal(relate(edits(first, 'a', 'y', 'z', 'w'), edits(first, 'b', 'q')), 'conflict');
  });

  it('an edit that was taken back is newer than what it took back', () => {
    const there = edits(first, 'a', 'y');
    assert.equal(relate(edits(there, 'a', 'x'), there), 'mine-newer');
    assert.equal(relate(there, edits(there, 'a', 'x')), 'theirs-newer');
    // And what goes on from there is newer than the first one, too.
    assert.equal(relate(first, edits(there, 'a', 'x', 'z')), 'theirs-newer');
  });

  it('whoever missed more than is remembered is asked about, not overwritten', () => {
    const many = Array.from({ length: REMEMBERED + 2 }, (_, index) => `v${index}`);
    assert.equal(relate(first, edits(first, 'b', ...many)), 'conflict');
    assert.equal(relate(first, edits(first, 'b', ...many.slice(0, REMEMBERED))), 'theirs-newer');
  });
});

describe('a document that was taken over', () => {
  it('is the version of its author; what was there before is remembered', () => {
    const theirs = edits(first, 'b', 'z');
    const mine = edits(first, 'a', 'y');
    const now = adopted(mine, theirs);
    assert.deepEqual(now.version, { ...theirs.version, generation: 3 });
    assert.equal(relate(now, theirs), 'same');
    // A third one that had ours follows.
    assert.equal(relate(now, mine), 'mine-newer');
    assert.equal(relate(now, first), 'mine-newer');
  });

  it('an edit after it is newer for both', () => {
    const theirs = edits(first, 'b', 'z');
    const now = edits(adopted(edits(first, 'a', 'y'), theirs), 'a', 'w');
    assert.equal(now.version.generation, 4);
    assert.equal(relate(theirs, now), 'theirs-newer');
  });
});

describe('a document that was taken over although another one was newer', () => {
  it('is of a later generation than all that it came from: whoever had any of it follows', () => {
    const [mine, theirs] = [edits(first, 'a', 'p', 'q', 'r', 'y'), edits(first, 'b', 'z')];
    const chosen = adopted(mine, theirs);
    const other = agreed(theirs, chosen);
    assert.deepEqual(other.version, chosen.version);
    const later = edited(chosen, 'a', 'w');
    for (const one of [mine, theirs, chosen, other])
      assert.equal(relate(one, later), 'theirs-newer');
  });
});

describe('a change that was taken back', () => {
  /** One that goes there and back so many times, each time a generation further. */
  const thereAndBack = (lineage: Lineage, author: string, times: number): Lineage =>
    edits(lineage, author, ...Array.from({ length: times }, () => ['y', 'x']).flat());

  for (const times of [1, 2, 5, REMEMBERED]) {
    it(`${times} times, while another one did not hear of it: what that one sets then is newer`, () => {
      const here = thereAndBack(first, 'a', times);
      for (const silent of [first, firstVersion('b', 'x'), thereAndBack(first, 'b', 1)]) {
        const set = edited(silent, 'b', 'z');
        assert.equal(relate(here, set), 'theirs-newer');
        assert.equal(relate(set, here), 'mine-newer');
      }
    });

    it(`${times} times, and what was never taken back is still known`, () => {
      const before = edits(first, 'a', 'q', 'x');
      const here = thereAndBack(before, 'a', times);
      assert.equal(relate(edits(first, 'a', 'q'), here), 'theirs-newer');
    });
  }

  it('is newer than the change, however often there was one', () => {
    const change = edited(thereAndBack(first, 'a', 3), 'a', 'y');
    assert.equal(relate(change, edited(change, 'b', 'x')), 'theirs-newer');
    // And the same by two who do not hear each other: one version, not two.
    const [b, c] = [edited(change, 'b', 'x'), edited(change, 'c', 'x')];
    assert.equal(relate(b, edited(c, 'c', 'z')), 'theirs-newer');
  });

  it('and one that somebody built on meanwhile are a conflict', () => {
    const change = edited(first, 'a', 'y');
    assert.equal(relate(edited(change, 'a', 'z'), edited(change, 'b', 'x')), 'conflict');
  });
});

describe('the same document under two versions', () => {
  it('the lower one takes the name of the higher one, so that an edit on either is newer', () => {
    const [a, b] = [edits(firstVersion('a', 'w'), 'a', 'x'), firstVersion('b', 'x')];
    assert.equal(agreed(a, b), a);
    const lower = agreed(b, a);
    assert.deepEqual(lower.version, a.version);
    assert.equal(relate(edits(lower, 'b', 'y'), a), 'mine-newer');
    assert.equal(relate(edits(a, 'a', 'y'), lower), 'mine-newer');
  });

  it('of two of the same generation the author decides, on both sides alike', () => {
    const [a, b] = [firstVersion('a', 'x'), firstVersion('b', 'x')];
    assert.equal(agreed(a, b), a);
    assert.equal(agreed(b, a).version.author, 'a');
    assert.equal(agreed(a, a), a);
    assert.equal(agreed(a, firstVersion('b', 'y')), a);
  });

  it('an edit before the other has noticed is newer all the same', () => {
    assert.equal(
      relate(edits(firstVersion('b', 'x'), 'b', 'y'), firstVersion('a', 'x')),
      'mine-newer',
    );
  });
});

describe('what a message tells of a lineage', () => {
  it('is the version and the one before', () => {
    assert.equal(announced(first).previous, null);
    const told = lineageTold(announced(edits(first, 'a', 'y', 'z')));
    assert.deepEqual(told.version, { generation: 3, author: 'a', digest: 'z' });
    assert.equal(relate(edits(first, 'a', 'y'), told), 'theirs-newer');
    assert.deepEqual(lineageTold(announced(first)).before, []);
  });
});

describe('the document that both had last', () => {
  it('is found wherever it stands in either lineage; none is none', () => {
    assert.equal(commonDigest(edits(first, 'a', 'y', 'z'), edits(first, 'b', 'q')), 'x');
    assert.equal(commonDigest(first, edits(first, 'b', 'q')), 'x');
    assert.equal(commonDigest(firstVersion('a', 'x'), firstVersion('b', 'y')), null);
  });
});

describe('for whatever happens to two appliances', () => {
  /** An edit on one of them, or one takes the other's over when it may. */
  const steps = fc.array(
    fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('edit', 'follow', 'back')),
    { maxLength: 12 },
  );

  it('nothing is overwritten that its reader has not taken over, and both answers fit together', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const sides: Record<string, Lineage> = { a: first, b: firstVersion('b', 'x') };
        /** Edits, by number, that the document of each side stands on. */
        const seen: Record<string, ReadonlySet<number>> = { a: new Set(), b: new Set() };
        for (const [index, [who, what]] of taken.entries()) {
          const other = who === 'a' ? 'b' : 'a';
          const [mine, theirs] = [sides[who] ?? first, sides[other] ?? first];
          if (what === 'edit' || what === 'back') {
            sides[who] = edited(mine, who, what === 'edit' ? `v${index}` : 'x');
            if (sides[who] !== mine) seen[who] = new Set([...(seen[who] ?? []), index]);
          } else if (relate(mine, theirs) === 'theirs-newer') {
            // Every edit of ours is one that they stand on.
            for (const edit of seen[who] ?? []) {
              const back = [...(seen[other] ?? [])].includes(edit) || mine.version.digest === 'x';
              assert.ok(back, `edit ${edit} would be lost`);
            }
            sides[who] = adopted(mine, theirs);
            seen[who] = seen[other] ?? new Set();
          }
        }
        const answers = {
          same: 'same',
          conflict: 'conflict',
          'mine-newer': 'theirs-newer',
          'theirs-newer': 'mine-newer',
        };
        const [a, b] = [sides['a'] ?? first, sides['b'] ?? first];
        assert.equal(answers[relate(a, b)], relate(b, a));
      }),
      { numRuns: 500 },
    );
  });
});
