// The Markdown of benchmarks: tables, numbers, and the part of a page that is written anew. Nothing is measured.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import {
  MARKERS,
  milliseconds,
  pairOf,
  replaceGenerated,
  SCALE_MARKERS,
  table,
  times,
} from '../bench/markdown.js';
import { rowOf, withRows } from '../bench/scale-table.js';

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

describe('the table of many virtual routers', () => {
  const row = (
    instances: number,
    virtualRouters: number,
    software: 'understudy' | 'keepalived',
    virtualMac = false,
  ) => rowOf({ instances, virtualRouters, software, virtualMac }, 'FAILED', 3.4);
  const cells = (text: string): string[] =>
    [...text.matchAll(/^\| +(\d+) \| +(\d+) \| (\w+) +\| +(\w+)/gm)].map((match) =>
      match.slice(1).join(' '),
    );

  it('gets the rows of this run, and keeps those of others, in order', () => {
    const before = `# Title\n\n${SCALE_MARKERS.begin}\n\n${SCALE_MARKERS.end}\n\nafter\n`;
    const once = withRows(before, [row(8, 100, 'understudy'), row(2, 1000, 'keepalived')]);
    assert.deepEqual(cells(once), ['2 1000 keepalived FAILED', '8 100 understudy FAILED']);
    const anew = row(8, 100, 'understudy').map((cell) => (cell === 'FAILED' ? 'later' : cell));
    const twice = withRows(once, [anew, row(2, 1000, 'understudy')]);
    assert.deepEqual(cells(twice), [
      '2 1000 understudy FAILED',
      '2 1000 keepalived FAILED',
      '8 100 understudy later',
    ]);
    assert.equal(withRows(twice, []), twice);
    assert.ok(twice.startsWith('# Title\n') && twice.endsWith('\nafter\n'));
  });

  it('has those with virtual MAC addresses beside the others of the same number', () => {
    const text = withRows(null, [
      row(2, 250, 'keepalived', true),
      row(2, 250, 'understudy', true),
      row(2, 250, 'keepalived'),
      row(2, 50, 'understudy', true),
    ]);
    const named = [...text.matchAll(/^\| +2 \| +(\d+) \| (\S.*?\S) +\| +FAILED/gm)];
    assert.deepEqual(
      named.map((match) => match.slice(1).join(' ')),
      [
        '50 understudy, virtual MAC',
        '250 keepalived',
        '250 understudy, virtual MAC',
        '250 keepalived, use_vmac',
      ],
    );
  });

  it('of a file without its markers is refused', () => {
    assert.throws(() => withRows('# Title\n', []), /expected the lines/);
  });
});
