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
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createEventFile } from '../../src/agent/event-file.js';
import { createJournal } from '../../src/agent/journal.js';
import { createLimiter } from '../../src/agent/limiter.js';
import type { EventRecord } from '../../src/model/status.js';
import { recordsIn } from '../support/agent-process.js';

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

  it('a clock that was set back does not silence a key', () => {
    const limiter = createLimiter();
    limiter.admit('a', 10 * MINUTE);
    assert.equal(limiter.admit('a', 0), 0);
  });

  it('forgets the key that passed longest ago when there are too many', () => {
    const limiter = createLimiter();
    for (let key = 0; key < 1_024; key += 1) limiter.admit(`key ${key}`, 0);
    assert.equal(limiter.admit('key 1', 1), null, 'all fit');
    limiter.admit('one more', 1);
    assert.equal(limiter.admit('key 1', 2), null);
    assert.equal(limiter.admit('key 0', 2), 0, 'this one was forgotten');
  });
});

describe('the journal', () => {
  function rig() {
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

  it('keeps the last thousand', () => {
    const { journal } = rig();
    for (let count = 0; count < 1_200; count += 1) {
      journal.record('info', { ...transition, detail: String(count) });
    }
    const tail = journal.tail();
    assert.deepEqual([tail.length, tail[0]?.detail, tail.at(-1)?.detail], [1_000, '200', '1199']);
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

  it('that cannot be written costs records, and says how many until it can', async () => {
    const file = createEventFile(path);
    rmSync(folder, { recursive: true });
    file.append(record('lost'));
    file.append(record('lost, too'));
    await file.flush();
    assert.match(file.problem() ?? '', /events\.jsonl: ENOENT.* \(2 events lost\)/);
    mkdirSync(folder);
    file.append(record('kept'));
    await file.flush();
    assert.equal(file.problem(), null);
    assert.equal(recordsIn(readFileSync(path, 'utf8')).length, 1);
  });

  it('takes no more than so many at a time', async () => {
    const file = createEventFile(path);
    for (let count = 0; count < 5_000; count += 1) file.append(record(String(count)));
    await file.flush();
    assert.equal(recordsIn(readFileSync(path, 'utf8')).length, 4_096);
    assert.equal(statSync(path).mode & 0o007, 0, 'not for everybody to read');
  });
});
