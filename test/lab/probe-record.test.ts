// What the probing client counts. No sockets, no clock.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { ProbeRecord } from '../../scripts/lab/probe-record.js';

/** One probe a millisecond from 1000; those in `lost` get no reply, the others one after 0.5 ms. */
function recordOf(count: number, lost: ReadonlySet<number>): ProbeRecord {
  const record = new ProbeRecord(500);
  for (let index = 0; index < count; index += 1) {
    record.sent(1000 + index, 1000 + index);
    if (!lost.has(index)) record.replied(index & 0xffff, 1000.5 + index);
  }
  return record;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

describe('a probe record', () => {
  it('counts no loss when every probe is answered', () => {
    assert.deepEqual(recordOf(100, new Set()).report(0, 100), {
      sent: 100,
      lost: 0,
      longestOutageMs: 0,
      firstLostAt: null,
      goodAgainAt: null,
      scheduleLatenessMs: 0,
      lostLatenessMs: 0,
      slowestMs: 0.5,
      longestGapMs: 1,
      answeredFirst: [],
      answeredLast: [],
      reasons: {},
    });
  });

  it('says who answered at either end, why probes were lost, and how long nobody answered', () => {
    const record = new ProbeRecord(500);
    for (let index = 0; index < 200; index += 1) {
      record.sent(1000 + index, 1000 + index);
      if (index === 90) record.failed(index, 'ECONNRESET');
      // Asked again in vain: what is settled stays so.
      if (index === 90) record.replied(index, 1091, 'late');
      else if (index !== 91) record.replied(index, 1002 + index, index < 100 ? 'one' : 'two');
    }
    const report = record.report(0, 200);
    assert.deepEqual(report.answeredFirst, ['one']);
    assert.deepEqual(report.answeredLast, ['two']);
    assert.deepEqual(report.reasons, { ECONNRESET: 1, 'no answer in time': 1 });
    assert.equal(report.longestGapMs, 3);
    assert.equal(report.slowestMs, 2);
    assert.deepEqual(record.report(60, 120).answeredFirst, ['one', 'two']);
  });

  it('finds the longest of several outages', () => {
    const lost = new Set([...range(10, 13), ...range(40, 60), 80]);
    const report = recordOf(100, lost).report(0, 100);
    assert.equal(report.lost, 24);
    assert.equal(report.longestOutageMs, 20);
    assert.equal(report.firstLostAt, 1010);
    assert.equal(report.goodAgainAt, 1081);
  });

  it('says when the window ends in an outage', () => {
    const report = recordOf(100, new Set(range(70, 100))).report(0, 100);
    assert.equal(report.lost, 30);
    assert.equal(report.longestOutageMs, 29);
    assert.equal(report.goodAgainAt, null);
  });

  it('looks at its window only', () => {
    const record = recordOf(100, new Set(range(10, 20)));
    assert.equal(record.report(20, 100).lost, 0);
    assert.equal(record.report(15, 30).lost, 5);
  });

  it('takes a late answer for none', () => {
    const record = recordOf(10, new Set([3]));
    record.replied(3, 1003 + 501);
    const { lost, reasons } = record.report(0, 10);
    assert.equal(lost, 1);
    assert.deepEqual(reasons, { 'answer read late': 1 });
  });

  it('keeps the first answer of two', () => {
    const record = recordOf(10, new Set());
    record.replied(3, 5000);
    assert.equal(record.report(0, 10).lost, 0);
  });

  it('finds the probe again after the sequence number has wrapped', () => {
    const record = recordOf(70_000, new Set([65_600]));
    assert.equal(record.report(0, 70_000).lost, 1);
    record.replied(65_600 & 0xffff, 66_600.5);
    assert.equal(record.report(0, 70_000).lost, 0);
  });

  it('reports how late the schedule was', () => {
    const record = new ProbeRecord(500);
    record.sent(1007, 1000);
    record.sent(1007, 1001);
    record.replied(0, 1007.5);
    const { scheduleLatenessMs, lostLatenessMs } = record.report(0, 2);
    assert.deepEqual([scheduleLatenessMs, lostLatenessMs], [7, 6], 'of all, and of those lost');
  });

  it('is settled when the last probe is answered or too old', () => {
    const record = recordOf(10, new Set([9]));
    assert.equal(record.settled(9, 1010), true);
    assert.equal(record.settled(10, 1010), false);
    assert.equal(record.settled(10, 1009 + 501), true);
    assert.equal(record.settled(0, 0), true);
  });
});
