// The benchmark's command line: defaults, choices, and what is refused. Nothing is measured.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { describe, it } from '../support/test.js';
import { fileURLToPath } from 'node:url';
import { watchMs } from '../bench/failover.js';
import { readOptions, USAGE } from '../bench/options.js';
import { DEFAULT_PARTS, FAILOVER_FAULTS, FAULTS, TUNED_FAULTS, WORKS } from '../bench/results.js';

const PROGRAM = fileURLToPath(new URL('../bench/bench.js', import.meta.url));

describe('options of the benchmark', () => {
  it('measures everything that compares unless told otherwise', () => {
    assert.deepEqual(readOptions([]), {
      parts: DEFAULT_PARTS,
      runs: 5,
      intervals: [1000, 100, 10],
      tunedIntervals: [1000, 10],
      faults: FAULTS,
      minutes: 10,
      times: 50,
      works: WORKS,
      plannedIntervals: [1000, 100],
      keep: null,
      quick: false,
      json: null,
      markdown: null,
    });
  });

  it('is short when asked to be, and what is said beside it stands', () => {
    const options = readOptions(['--quick', '--interval', '10']);
    assert.equal(options?.quick, true);
    assert.equal(options?.runs, 1);
    assert.ok((options?.minutes ?? 1) < 0.2);
    assert.deepEqual(options?.intervals, [10]);
    assert.deepEqual(options?.tunedIntervals, [10]);
  });

  it('takes lists and repeated options, in its own order', () => {
    const argv =
      '--part stress,cost --fault hang --fault stop,stop --interval 10,1000 --interval 10';
    const options = readOptions(argv.split(' '));
    assert.deepEqual(options?.parts, ['cost', 'stress']);
    assert.deepEqual(options?.faults, ['stop', 'hang']);
    assert.deepEqual(options?.intervals, [1000, 10]);
  });

  it('has a part for each fault, and each fault in a part', () => {
    const known = new Set([...FAILOVER_FAULTS, ...TUNED_FAULTS]);
    assert.deepEqual(
      FAULTS.filter((fault) => !known.has(fault)),
      [],
    );
    assert.ok(TUNED_FAULTS.includes('parted-20') && !FAILOVER_FAULTS.includes('parted-20'));
  });

  it('takes files, runs and minutes', () => {
    const argv = '--json a.json --markdown b.md --runs 12 --minutes 0.5';
    const { json, markdown, runs, minutes } = readOptions(argv.split(' ')) ?? {};
    assert.deepEqual(
      { json, markdown, runs, minutes },
      {
        json: 'a.json',
        markdown: 'b.md',
        runs: 12,
        minutes: 0.5,
      },
    );
  });

  it('takes how often, which planned work, and where to keep what was lost', () => {
    const argv = '--part planned --times 3 --work stop,failover --interval 10 --keep /tmp/k';
    const { parts, times, works, plannedIntervals, keep } = readOptions(argv.split(' ')) ?? {};
    assert.deepEqual(
      { parts, times, works, plannedIntervals, keep },
      {
        parts: ['planned'],
        times: 3,
        works: ['failover', 'stop'],
        plannedIntervals: [10],
        keep: '/tmp/k',
      },
    );
  });

  it('knows help', () => assert.equal(readOptions(['--runs', 'x', '-h']), null));

  const REFUSED: readonly (readonly [string, RegExp])[] = [
    ['--runs 0', /--runs: expected a whole number from 1 to 1000, found "0"/],
    ['--runs 1.5', /--runs: .* found "1\.5"/],
    ['--runs 1e2', /--runs: .* found "1e2"/],
    ['--interval 15', /--interval: expected whole centiseconds from 10 to 40950 ms, found "15"/],
    ['--interval 10,', /--interval: .* found ""/],
    ['--interval 40960', /--interval: .* found "40960"/],
    ['--fault freeze', /--fault: expected one of stop, .*, found "freeze"/],
    [
      '--part demo',
      /--part: expected one of failover, tuned, idle, cost, start, stress, planned, found "demo"/,
    ],
    ['--minutes 0', /--minutes: expected a number from 0\.05 to 1440, found "0"/],
    ['--minutes -1', /minutes/],
    ['--times 1001', /--times: expected a whole number from 1 to 1000, found "1001"/],
    ['--work nothing', /--work: expected one of failover, .*, found "nothing"/],
    ['--keep /run/x', /--keep: expected a folder that is not below \/run, found "\/run\/x"/],
    ['--keep=', /--keep: expected a file name, found ""/],
    ['--json=', /--json: expected a file name, found ""/],
    ['--verbose', /--verbose/],
    ['everything', /everything/],
  ];
  for (const [argv, complaint] of REFUSED) {
    it(`refuses ${argv}`, () => assert.throws(() => readOptions(argv.split(' ')), complaint));
  }

  it('ends with status 2, the reason and the usage, before anything is started', () => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [PROGRAM, '--runs', '0'], {
      encoding: 'utf8',
    });
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.ok(stderr.startsWith('bench: --runs: expected'), stderr);
    assert.ok(stderr.endsWith(USAGE), stderr);
  });
});

it('a hang is never mended about when the executor ends the agent, after 5 s', () => {
  for (let interval = 10; interval <= 40_950; interval += 10) {
    for (const quick of [false, true]) {
      const watched = watchMs(interval, 'hang', quick);
      assert.ok(Math.abs(watched - 5_000) >= 1_000, `${interval} ms: watched for ${watched} ms`);
      assert.ok(watched >= 5 * interval, `${interval} ms: ends before it can be seen`);
    }
  }
});
