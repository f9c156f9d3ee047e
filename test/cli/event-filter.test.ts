// Which events `understudy events` shows: by time, by name, by virtual router, and how many.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, it } from '../support/test.js';
import { readInstant } from '../../src/cli/when.js';
import type { EventRecord } from '../../src/model/status.js';
import { eventAt, eventSource, untilFollowers } from '../control/events.js';
import { config, folder, say, startAgent, useFolder } from './command-bench.js';

useFolder();
beforeEach(() =>
  writeFileSync(
    config,
    `runtimeDirectory: ${folder}
stateDirectory: ${folder}/state
virtualRouters: [{ name: lan, interface: lo, vrid: 51, addresses: [10.99.0.100/24] }]
`,
  ),
);

const start = Date.UTC(2026, 0, 1);
const moved = { event: 'transition', from: 'Backup', to: 'Active' } as const;
const kept: readonly EventRecord[] = [
  eventAt(0),
  eventAt(60, { ...moved, virtualRouter: 'lan' }),
  eventAt(120, { ...moved, virtualRouter: 'lan6' }),
  eventAt(180),
];

describe('events, selected', () => {
  /** The seconds of the events that were printed. */
  const seconds = async (...words: string[]): Promise<number[]> => {
    const { code, out } = await say(['events', '--json', ...words], { now: () => start + 200_000 });
    assert.equal(code, 0);
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (Date.parse((JSON.parse(line) as EventRecord).time) - start) / 1_000);
  };
  const cases: readonly [words: string, expected: readonly number[]][] = [
    ['', [0, 60, 120, 180]],
    ['-n 2', [120, 180]],
    ['-n 0', []],
    ['--lines 9', [0, 60, 120, 180]],
    ['--event transition', [60, 120]],
    ['--event transition --event peer-healthy -n 3', [60, 120, 180]],
    ['--router lan', [60]],
    ['--router lan6 --event transition', [120]],
    ['--since 2026-01-01T00:01:00Z', [60, 120, 180]],
    ['--since 140s', [60, 120, 180]],
    ['--since 139s', [120, 180]],
    ['--until 2026-01-01T00:02:00.000Z', [0, 60, 120]],
    ['--since 2min --until 1min -n 1', [120]],
  ];
  for (const [words, expected] of cases) {
    it(`of a running agent, and of its file: ${words === '' ? 'all' : words}`, async () => {
      const split = words.split(' ').filter((word) => word !== '');
      mkdirSync(join(folder, 'state'));
      const text = kept.map((record) => `${JSON.stringify(record)}\n`).join('');
      writeFileSync(join(folder, 'state', 'events.jsonl'), text);
      assert.deepEqual(await seconds(...split), expected, 'the file');
      await startAgent(eventSource(kept).handlers);
      assert.deepEqual(await seconds(...split), expected, 'the agent');
    });
  }

  it('reaches back beyond what the agent keeps', async () => {
    mkdirSync(join(folder, 'state'));
    const all = Array.from({ length: 1_500 }, (_, second) => eventAt(second));
    const text = all.map((record) => `${JSON.stringify(record)}\n`).join('');
    writeFileSync(join(folder, 'state', 'events.jsonl'), text);
    await startAgent(eventSource(all.slice(500)).handlers);
    assert.equal((await seconds()).length, 1_000);
    const since = await seconds('--since', '2026-01-01T00:05:00Z');
    assert.deepEqual([since.length, since[0], since.at(-1)], [1_200, 300, 1_499]);
    assert.equal((await seconds('--since', '2026-01-01T00:20:00Z')).length, 300);
  });

  it('follows from the last ones on, and only what is wanted', async () => {
    const source = eventSource(kept);
    await startAgent(source.handlers);
    const stop = new AbortController();
    const said: string[] = [];
    const words = ['events', '--follow', '--json', '-n', '1', '--event', 'transition'];
    const following = say(words, {
      interrupted: stop.signal,
      watchIntervalMs: 1,
      stdout: {
        write: (line) => {
          said.push((JSON.parse(line) as EventRecord).time.slice(11, 19));
          if (said.length === 2) stop.abort();
        },
      },
    });
    await untilFollowers(source, 1);
    source.record(eventAt(200));
    source.record(eventAt(240, moved));
    assert.equal((await following).code, 0);
    assert.deepEqual(said, ['00:02:00', '00:04:00']);
  });

  it('says what was meant by a name that no event has', async () => {
    await startAgent(eventSource(kept).handlers);
    assert.deepEqual(await say(['events', '--event', 'transiton']), {
      code: 0,
      out: '',
      err: 'no event here has the event "transiton"; did you mean transition?\n',
    });
    assert.match((await say(['events', '--router', 'wan'])).err, /"wan"; did you mean lan\?/);
    assert.match((await say(['events', '--router', 'dmz'])).err, /there are: lan, lan6\n/);
  });

  it('refuses what it cannot read, with exit code 2', async () => {
    for (const [words, expected] of [
      [['--since', 'yesterdy'], /expected a time .* for --since, found "yesterdy"\n {2}remedy {2}/],
      [['--until', '2026-02-31x'], /for --until, found/],
      [['-n', 'many'], /expected a whole number for -n, found "many"/],
      [['--since', '1min', '--until', '2min'], /expected --since before --until/],
      [['--follow', '--until', '1min'], /expected --follow or --until, found both/],
    ] as const) {
      const { code, out, err } = await say(['events', ...words]);
      assert.deepEqual([code, out], [2, '']);
      assert.match(err, expected);
    }
  });
});

describe('an instant as typed', () => {
  it('is a date, a time of today, or how long ago; by the local clock without a zone', () => {
    const now = Date.UTC(2026, 6, 2, 10, 0, 0);
    const zone = process.env['TZ'];
    process.env['TZ'] = 'Europe/Berlin';
    try {
      for (const [text, expected] of [
        ['2026-07-01', '2026-06-30T22:00:00.000Z'],
        ['2026-01-01 12:30', '2026-01-01T11:30:00.000Z'],
        ['2026-01-01 12:30:15.250 +01:00', '2026-01-01T11:30:15.250Z'],
        ['2026-01-01 12:30:15 UTC', '2026-01-01T12:30:15.000Z'],
        ['2026-01-01T12:30:15.250Z', '2026-01-01T12:30:15.250Z'],
        ['9:30', '2026-07-02T07:30:00.000Z'],
        ['09:30:05', '2026-07-02T07:30:05.000Z'],
        ['90s', '2026-07-02T09:58:30.000Z'],
        ['2 h ago', '2026-07-02T08:00:00.000Z'],
        [' 3d ', '2026-06-29T10:00:00.000Z'],
        ['2028-02-29', '2028-02-28T23:00:00.000Z'],
        ['2026-12-31 23:59:59', '2026-12-31T22:59:59.000Z'],
      ] as const) {
        const read = readInstant(text, now);
        assert.equal(read === null ? null : new Date(read).toISOString(), expected, text);
      }
      for (const text of ['', 'soon', '1', '25:00', '2026-13-01', '2h 5min', '-2h']) {
        assert.equal(readInstant(text, now), null, text);
      }
      for (const text of ['2026-02-29', '2100-02-29 10:00', '2026-02-30', '2026-04-31 12:00 UTC']) {
        assert.equal(readInstant(text, now), null, `${text}: a day that is in no calendar`);
      }
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });
});
