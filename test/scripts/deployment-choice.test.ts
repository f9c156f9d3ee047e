// Which deployments and parts the words of the command line name. Nothing is run.
import assert from 'node:assert/strict';
import { chosen } from '../deployments/choice.js';
import { describe, it } from '../support/test.js';

const PARTS = { orion: ['operations', 'balancers'], octopus: ['upload'] };

describe('the words of scripts/deployments', () => {
  for (const [what, words, found] of [
    ['none: everything', [], Object.entries(PARTS)],
    ['a deployment', ['orion'], [['orion', ['operations', 'balancers']]]],
    ['a part', ['orion/balancers'], [['orion', ['balancers']]]],
    [
      'parts, and another deployment',
      ['orion/balancers', 'octopus', 'orion/operations'],
      [
        ['orion', ['balancers', 'operations']],
        ['octopus', ['upload']],
      ],
    ],
  ] as const) {
    it(what, () => assert.deepEqual([...chosen(words, PARTS)], found));
  }

  it('what there is not is refused, and what there is told', () => {
    assert.throws(
      () => chosen(['tessera'], PARTS),
      /one of orion, octopus expected, found "tessera"/,
    );
    assert.throws(() => chosen(['toString'], PARTS), /found "toString"/);
    assert.throws(
      () => chosen(['orion/upload'], PARTS),
      /orion: one of operations, balancers expected, found "upload"/,
    );
  });
});
