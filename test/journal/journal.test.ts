// Where events go: the limiter, the journal, events.jsonl.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { APPEND_AGAIN_MS, createEventFile, readEventTail } from '../../src/journal/event-file.js';
import { createJournal } from '../../src/journal/journal.js';
import { createLimiter } from '../../src/journal/limiter.js';
import type { EventRecord } from '../../src/model/status.js';
import { recordsIn } from '../support/agent-process.js';
import { manualClock } from '../support/manual-clock.js';

const MINUTE = 60_000;

describe('the limiter', () => {
  it('lets the first of a key pass, then one a minute with the number held back', () => {
    const limiter = createLimiter();
    assert.equal(limiter.admit('a', 0), 0);
    assert.equal(limiter.admit('a', 1), null);
    assert.equal(limiter.admit('a', MINUTE - 1), null);
    assert.equal(limiter.admit('a', MINUTE), 2);
    assert.equal(limiter.admit('a', MINUTE + 1), null);
    assert.equal(limiter.admit('a', 2 * MINUTE), 1);
  });

  it('counts each key for itself', () => {
    const limiter = createLimiter();
    assert.equal(limiter.admit('a', 0), 0);
    assert.equal(limiter.admit('b', 0), 0);
    assert.equal(limiter.admit('b', 1), null);
    assert.equal(limiter.admit('a', MINUTE), 0);
  });

  it('holds back what a key repeats, and not what is another than before', () => {
    const limiter = createLimiter();
    assert.equal(limiter.admit('a', 0, 'failed'), 0);
    assert.equal(limiter.admit('a', 1, 'failed'), null);
    assert.equal(limiter.admit('a', 2, 'ok'), 1);
    assert.equal(limiter.admit('a', 3, 'failed'), 0);
    assert.equal(limiter.admit('a', MINUTE, 'failed'), null, 'told less than a minute ago');
    assert.equal(limiter.admit('a', MINUTE + 3, 'failed'), 1);
  });

  it('lets ten changes of a key pass in a minute', () => {
    const limiter = createLimiter();
    const changes = (from: number): (number | null)[] =>
      Array.from({ length: 12 }, (_, n) => limiter.admit('a', from + n, n % 2 ? 'ok' : 'failed'));
    const ten = Array.from({ length: 10 }, () => 0);
    assert.deepEqual(changes(0), [...ten, null, null]);
    assert.deepEqual(changes(MINUTE), [2, ...ten.slice(1), null, null]);
  });

  it('a clock that was set back does not silence a key', () => {
    const limiter = createLimiter();
    limiter.admit('a', 10 * MINUTE);
    assert.equal(limiter.admit('a', 0), 0);
  });

  it('lets a hundred keys pass in a minute, whatever their number, and says so once', () => {
    let exhausted = 0;
    const limiter = createLimiter(() => void (exhausted += 1));
    const passed = (now: number): number =>
      Array.from({ length: 5_000 }, (_, key) => limiter.admit(`${now} ${key}`, now)).filter(
        (suppressed) => suppressed !== null,
      ).length;
    assert.deepEqual([passed(0), passed(MINUTE - 1), exhausted], [100, 0, 1]);
    assert.deepEqual([passed(MINUTE), exhausted], [100, 2]);
  });

  it('forgets the key that passed longest ago when there are too many', () => {
    const limiter = createLimiter();
    // As many as may pass in each minute, and all in the table at the end.
    for (let key = 0; key < 1_024; key += 1) {
      assert.equal(limiter.admit(`key ${key}`, Math.floor(key / 100) * MINUTE), 0);
      if (key <= 1) assert.equal(limiter.admit(`key ${key}`, 1), null);
    }
    limiter.admit('one more', 10 * MINUTE);
    assert.equal(limiter.admit('key 1', 11 * MINUTE), 1, 'still known, with what was held back');
    assert.equal(limiter.admit('key 0', 11 * MINUTE), 0, 'forgotten');
  });
});

describe('the journal', () => {
  function rig(earlier: readonly EventRecord[] = []) {
    const lines: { level: string; record: unknown; sentence: unknown }[] = [];
    const line = (level: string) => (record: unknown, sentence: unknown) =>
      void lines.push({ level, record, sentence });
    const log = {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      fatal: line('fatal'),
    };
    const filed: EventRecord[] = [];
    const file = {
      append: (record: EventRecord) => void filed.push(record),
      problem: () => null,
      flush: () => Promise.resolve(),
    };
    const clock = { now: Date.UTC(2026, 0, 1) };
    const journal = createJournal(
      log as Parameters<typeof createJournal>[0],
      file,
      () => clock.now,
      earlier,
    );
    return { journal, lines, filed, clock };
  }
  const transition = {
    event: 'transition',
    virtualRouter: 'lan',
    from: 'Backup',
    to: 'Active',
    reason: 'no-response',
    detail: 'nobody there',
  } as const;

  it('gives log, file, tail and followers the same record', () => {
    const { journal, lines, filed } = rig();
    const followed: EventRecord[] = [];
    const stop = journal.follow((record) => followed.push(record));
    const returned = journal.record('info', transition);
    const expected = { time: '2026-01-01T00:00:00.000Z', ...transition };
    assert.deepEqual(returned, expected);
    assert.deepEqual(filed, [expected]);
    assert.deepEqual(journal.tail(), [expected]);
    assert.deepEqual(followed, [expected]);
    assert.deepEqual(lines, [
      {
        level: 'info',
        record: expected,
        sentence: 'lan: Backup → Active, no-response: nobody there',
      },
    ]);
    stop();
    journal.record('info', transition);
    assert.equal(followed.length, 1);
  });

  it('says an event and its reason once when they are the same word', () => {
    const { journal, lines } = rig();
    journal.record('warn', { event: 'waiting', reason: 'waiting', detail: 'a' });
    journal.record('error', { event: 'send-failed', reason: 'ENOBUFS', detail: 'b' });
    assert.deepEqual(
      lines.map(({ level, sentence }) => `${level} ${String(sentence)}`),
      ['warn waiting: a', 'error send-failed, ENOBUFS: b'],
    );
  });

  it('each change of a state is recorded, and its repetition is not', () => {
    const { journal, filed } = rig();
    const change = (reason: string): boolean =>
      journal.recordChange('warn', 'monitor db', { event: 'monitor', reason, detail: 'd' });
    const recorded = ['failed', 'failed', 'ok', 'failed'].map(change);
    assert.deepEqual(recorded, [true, false, true, true]);
    assert.deepEqual(
      filed.map(({ reason, suppressed }) => [reason, suppressed]),
      [
        ['failed', undefined],
        ['ok', 1],
        ['failed', undefined],
      ],
    );
  });

  it('states that change all the time do not silence what this appliance says of itself', () => {
    const { journal, filed } = rig();
    for (let count = 0; count < 1_000; count += 1) {
      const reason = count % 2 === 0 ? 'failed' : 'ok';
      journal.recordChange('warn', `monitor ${count % 25}`, {
        event: 'monitor',
        reason,
        detail: 'd',
      });
    }
    assert.equal(filed.filter(({ event }) => event === 'monitor').length, 100);
    journal.recordLimited('error', 'stuck lan', {
      event: 'addresses-stuck',
      reason: 'r',
      detail: 'd',
    });
    assert.equal(filed.at(-1)?.event, 'addresses-stuck');
  });

  it('a limited event tells how many were held back', () => {
    const { journal, filed, clock } = rig();
    const fields = { event: 'packet-discarded', reason: 'vrid', detail: 'x' };
    for (let count = 0; count < 5; count += 1) journal.recordLimited('warn', 'key', fields);
    assert.equal(filed.length, 1);
    assert.equal('suppressed' in (filed[0] ?? {}), false);
    clock.now += MINUTE;
    journal.recordLimited('warn', 'key', fields);
    assert.equal(filed[1]?.['suppressed'], 4);
  });

  it('says when there are too many causes to tell of each', () => {
    const { journal, filed } = rig();
    const fields = { event: 'packet-discarded', reason: 'vrid', detail: 'x' };
    for (let count = 0; count < 5_000; count += 1) {
      journal.recordForeign('warn', `source ${count}`, fields);
    }
    assert.equal(filed.length, 101);
    assert.deepEqual([filed.at(-1)?.event, filed.at(-1)?.reason], ['log-limited', 'flood']);
  });

  it('a flood of forged senders does not silence what the appliance says of itself', () => {
    const { journal, filed } = rig();
    const flood = { event: 'packet-discarded', reason: 'vrid', detail: 'x' };
    for (let count = 0; count < 200; count += 1) {
      journal.recordForeign('warn', `source ${count}`, flood);
    }
    filed.length = 0;
    const own = ['monitor', 'addresses-stuck', 'send-failed', 'netlink-overrun', 'control-error'];
    for (const event of own)
      journal.recordLimited('warn', event, { event, reason: 'r', detail: 'd' });
    assert.deepEqual(
      filed.map(({ event }) => event),
      own,
    );
  });

  it('keeps the last thousand', () => {
    const { journal } = rig();
    for (let count = 0; count < 1_200; count += 1) {
      journal.record('info', { ...transition, detail: String(count) });
    }
    const tail = journal.tail();
    assert.deepEqual([tail.length, tail[0]?.detail, tail.at(-1)?.detail], [1_000, '200', '1199']);
  });

  it('tells what was recorded before it too, and records it no second time', () => {
    const earlier = Array.from({ length: 1_001 }, (_, count) => ({
      time: '2025-12-31T00:00:00.000Z',
      ...transition,
      detail: String(count),
    }));
    const { journal, filed, lines } = rig(earlier);
    assert.deepEqual(journal.tail(), earlier.slice(1));
    journal.record('info', transition);
    assert.deepEqual(
      [journal.tail().length, journal.tail()[0]?.detail, journal.tail().at(-1)?.detail],
      [1_000, '2', 'nobody there'],
    );
    assert.deepEqual([filed.length, lines.length], [1, 1]);
  });
});

describe('events.jsonl', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-events-'));
    path = join(folder, 'events.jsonl');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const record = (detail: string): EventRecord => ({
    time: '2026-01-01T00:00:00.000Z',
    event: 'waiting',
    reason: 'waiting',
    detail,
  });

  /** Of the whole records in the file; a line that was cut off is none. */
  const written = (): string[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line) => (line.endsWith('}') ? recordsIn(`${line}\n`) : []))
      .map(({ detail }) => detail);

  it('has a line for every record, in order, after those of an earlier agent', async () => {
    appendFileSync(path, `${JSON.stringify(record('earlier'))}\n`);
    const file = createEventFile(path);
    for (let count = 0; count < 100; count += 1) file.append(record(String(count)));
    await file.flush();
    file.append(record('later'));
    await file.flush();
    const details = recordsIn(readFileSync(path, 'utf8')).map(({ detail }) => detail);
    const counted = Array.from({ length: 100 }, (_, count) => String(count));
    assert.deepEqual(details, ['earlier', ...counted, 'later']);
    assert.equal(file.problem(), null);
  });

  it('is moved aside when larger than 8 MiB; the one before is replaced, none is lost', async () => {
    const file = createEventFile(path);
    file.append(record('first'));
    await file.flush();
    truncateSync(path, 8 * 1024 * 1024);
    file.append(record('fits'));
    await file.flush();
    assert.equal(existsSync(`${path}.1`), false, 'not before it is larger');
    file.append(record('second file'));
    await file.flush();
    assert.ok(readFileSync(`${path}.1`, 'utf8').endsWith(`"fits"}\n`));
    assert.deepEqual(
      recordsIn(readFileSync(path, 'utf8')).map(({ detail }) => detail),
      ['second file'],
    );

    truncateSync(path, 8 * 1024 * 1024 + 1);
    file.append(record('third file'));
    await file.flush();
    assert.ok(readFileSync(`${path}.1`, 'utf8').startsWith(`{"time"`));
    assert.ok(readFileSync(`${path}.1`, 'utf8').includes('second file'));
    assert.ok(readFileSync(path, 'utf8').includes('third file'));
    assert.equal(existsSync(`${path}.2`), false);
  });

  it('that cannot be written keeps its records, and writes them when it can, unasked', async () => {
    const clock = manualClock();
    const file = createEventFile(path, { later: clock.later });
    rmSync(folder, { recursive: true });
    file.append(record('first'));
    file.append(record('second'));
    await file.flush();
    assert.match(file.problem() ?? '', /events\.jsonl: ENOENT.* \(2 events wait\)/);
    file.append(record('third'));
    mkdirSync(folder);
    clock.advance(APPEND_AGAIN_MS);
    await file.flush();
    assert.equal(file.problem(), null);
    assert.deepEqual(written(), ['first', 'second', 'third']);
  });

  it('writes what a disk that grew full has taken no second time', async () => {
    const clock = manualClock();
    let room = 150;
    const file = createEventFile(path, {
      later: clock.later,
      append: async (to, text, options) => {
        const taken = text.slice(0, room);
        await appendFile(to, taken, options);
        room -= taken.length;
        if (taken !== text) throw new Error('ENOSPC: no space left on device');
      },
    });
    for (const each of ['one', 'two', 'three']) file.append(record(each));
    await file.flush();
    assert.match(file.problem() ?? '', /ENOSPC.*\(2 events wait\)/);
    room = 1_000_000;
    clock.advance(APPEND_AGAIN_MS);
    await file.flush();
    assert.deepEqual([written(), file.problem()], [['one', 'two', 'three'], null]);
  });

  it('takes no more than so many at a time', async () => {
    const file = createEventFile(path);
    for (let count = 0; count < 5_000; count += 1) file.append(record(String(count)));
    await file.flush();
    assert.deepEqual(
      [written().length, written()[0], written()[4_095], written()[4_096]],
      [4_097, '904', '4999', '904 events of before could not be written and are lost'],
    );
    assert.equal(statSync(path).mode & 0o007, 0, 'not for everybody to read');
  });

  it('has its last records read at a start: of both files, and no more than asked for', () => {
    assert.deepEqual(readEventTail(path, 10), []);
    const write = (file: string, ...details: string[]): void =>
      appendFileSync(file, details.map((each) => `${JSON.stringify(record(each))}\n`).join(''));
    write(`${path}.1`, 'a', 'b');
    write(path, 'c', 'd');
    const tail = (limit: number): string[] =>
      readEventTail(path, limit).map(({ detail }) => detail);
    assert.deepEqual(tail(10), ['a', 'b', 'c', 'd']);
    assert.deepEqual(tail(3), ['b', 'c', 'd']);
    assert.deepEqual(tail(1), ['d']);
  });

  it('is read from its end only, and what is no record is passed over', () => {
    writeFileSync(path, 'x'.repeat(3 << 20));
    appendFileSync(path, `\n${JSON.stringify(record('whole'))}\n{}\n{"time":"2026-01-`);
    assert.deepEqual(
      readEventTail(path, 10).map(({ detail }) => detail),
      ['whole'],
    );
    rmSync(path);
    mkdirSync(path);
    assert.deepEqual(readEventTail(path, 10), []);
  });

  it('a last line that was cut off spoils no other', async () => {
    writeFileSync(path, '{"time":"2026-01-');
    const file = createEventFile(path);
    file.append(record('next'));
    await file.flush();
    const lines = readFileSync(path, 'utf8').split('\n');
    assert.deepEqual(lines, ['{"time":"2026-01-', JSON.stringify(record('next')), '']);
  });
});
