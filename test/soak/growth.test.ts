// What counts as growth, on samples made up here.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import {
  complaintsOf,
  growthOf,
  MOST_GROWTH_KIB,
  type ProcessSample,
  type Sample,
} from './growth.js';
import { readOptions } from './options.js';

const AGENT: ProcessSample = {
  name: 'agent',
  pid: 7,
  rssKib: 50_000,
  descriptors: 30,
  threads: 11,
};

/** Twenty samples; `change` says what differs in each from a pair that is well. */
const samples = (
  agent: (index: number) => Partial<ProcessSample>,
  whole: (index: number) => Partial<Sample> = () => ({}),
): Sample[] =>
  Array.from({ length: 20 }, (_, index) => ({
    transitions: index * 100,
    processes: [{ ...AGENT, ...agent(index) }],
    scripts: 5,
    stateBytes: 50_000 + index,
    stateFiles: 3,
    ...whole(index),
  }));

describe('what grew in a soak', () => {
  it('is nothing while memory goes up, and down again when garbage is collected', () => {
    const judged = samples((index) => ({ rssKib: 50_000 + (index % 4) * 700 }));
    assert.deepEqual(complaintsOf(judged), []);
    assert.deepEqual(
      growthOf(judged).map(({ name, descriptors }) => [name, descriptors]),
      [['agent', [30, 30]]],
    );
  });

  it('is memory beyond the bound, and not at the bound', () => {
    const atEnd = (more: number) => (index: number) => ({
      rssKib: 50_000 + (index < 10 ? 0 : more),
    });
    assert.deepEqual(complaintsOf(samples(atEnd(MOST_GROWTH_KIB))), []);
    assert.deepEqual(complaintsOf(samples(atEnd(MOST_GROWTH_KIB + 1))), [
      'agent: 2049 KiB more memory, expected at most 2048',
    ]);
  });

  it('is a descriptor or a thread more that stays, and not one that was just open', () => {
    assert.deepEqual(
      complaintsOf(samples((index) => ({ descriptors: index === 19 ? 31 : 30 }))),
      [],
    );
    assert.deepEqual(complaintsOf(samples((index) => ({ descriptors: index < 9 ? 30 : 31 }))), [
      'agent: 30 file descriptors at first, 31 at last',
    ]);
    assert.deepEqual(complaintsOf(samples((index) => ({ threads: index < 9 ? 11 : 12 }))), [
      'agent: 11 threads at first, 12 at last',
    ]);
  });

  it('is a process that was replaced, one that is missing, and scripts that stay', () => {
    const none = (): object => ({});
    assert.deepEqual(complaintsOf(samples((index) => ({ pid: index < 9 ? 7 : 8 }))), [
      'agent: another process than at first',
    ]);
    const gone = samples(none, (index) => (index === 19 ? { processes: [] } : {}));
    assert.deepEqual(complaintsOf(gone), ['expected the processes agent, found ']);
    const left = samples(none, (index) => ({ scripts: index < 9 ? 5 : 6 }));
    assert.deepEqual(complaintsOf(left), ['5 processes of scripts at first, 6 at last']);
  });

  it('is a state directory without bound', () => {
    const none = (): object => ({});
    const large = samples(none, () => ({ stateBytes: 30 * 1024 * 1024 }));
    assert.match(
      complaintsOf(large).join(),
      /^state directory: expected at most \d+ bytes, found 31457280$/,
    );
    const many = samples(none, (index) => ({ stateFiles: 3 + index }));
    assert.deepEqual(complaintsOf(many), ['state directory: 3 files at first, 22 at last']);
    assert.deepEqual(
      complaintsOf(samples(none, (index) => ({ stateFiles: index < 9 ? 3 : 4 }))),
      [],
    );
  });

  it('says that there were no samples', () => {
    assert.deepEqual(complaintsOf([]), ['expected samples, found none']);
  });
});

it('the number of handovers is checked', () => {
  assert.deepEqual(readOptions([]), { transitions: 10_000, keep: null });
  assert.deepEqual(readOptions(['--transitions', '25', '--keep', 'x']), {
    transitions: 25,
    keep: 'x',
  });
  assert.equal(readOptions(['-h']), null);
  for (const wrong of ['9', '1e3', 'many', '']) {
    assert.throws(() => readOptions([`--transitions=${wrong}`]), /expected a whole number from 10/);
  }
});
