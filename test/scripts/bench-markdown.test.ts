// The Markdown of benchmarks: tables, numbers, and the part of a page that is written anew. Nothing is measured.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import {
  MARKERS,
  milliseconds,
  pairOf,
  replaceGenerated,
  table,
  times,
} from '../bench/markdown.js';

describe('Markdown', () => {
  it('tables have even columns, numbers to the right', () => {
    const columns = [{ title: 'fault' }, { title: 'ms', right: true }];
    assert.equal(
      table(columns, [
        ['stop', '1'],
        ['power cut', '12345'],
      ]),
      [
        '| fault     |    ms |',
        '| --------- | ----: |',
        '| stop      |     1 |',
        '| power cut | 12345 |',
      ].join('\n'),
    );
  });

  it('only the part between the markers is written anew', () => {
    const before = `# Title\n\n${MARKERS.begin}\n\nold\n\n${MARKERS.end}\n\nafter\n`;
    const after = replaceGenerated(before, 'new\n');
    assert.equal(after, before.replace('old', 'new'));
    assert.equal(replaceGenerated(after, 'new'), after);
    assert.equal(replaceGenerated(null, 'new'), `${MARKERS.begin}\n\nnew\n\n${MARKERS.end}\n`);
  });

  it('a file without the markers, or with them the wrong way round, is left alone', () => {
    for (const text of ['# Title\n', MARKERS.begin, `${MARKERS.end}\n${MARKERS.begin}`]) {
      assert.throws(() => replaceGenerated(text, 'new'), /expected the lines/);
    }
  });

  it('numbers have as many digits as they mean', () => {
    assert.deepEqual([0, 0.02, 0.4, 9.94, 9.96, 611.4].map(milliseconds), [
      '0',
      '< 0.1',
      '0.4',
      '9.9',
      '10',
      '611',
    ]);
    assert.deepEqual([null, 0, 0.004, 0.25, 2, 28.3, Number.POSITIVE_INFINITY].map(times), [
      '-',
      '0',
      '< 0.01',
      '0.25',
      '2.00',
      '28',
      '∞',
    ]);
    assert.equal(pairOf({ median: 1, worst: 2 }, String), '1 / 2');
    assert.equal(pairOf({ median: 2, worst: 2 }, String), '2');
    assert.equal(pairOf(null, String), 'n/a');
  });
});
