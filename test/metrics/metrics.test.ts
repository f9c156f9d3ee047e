// The metrics of a status: every line of one that has everything, and what holds for any status: names after
// Prometheus' rules, no series twice, no counter whose labels change with the state. The page lists them all.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from '../support/test.js';
import { exposition } from '../../src/metrics/exposition.js';
import { familiesOf, metricsParts } from '../../src/metrics/metrics.js';
import { DISCARD_REASONS } from '../../src/model/advertisement.js';
import { TRANSITION_REASONS } from '../../src/model/reasons.js';
import type { Status } from '../../src/model/status.js';
import { healthy } from '../cli/statuses.js';
import { everything, statuses } from './statuses.js';
import { metricsText } from './text.js';

const GOLDEN = new URL('../../../test/golden/metrics.txt', import.meta.url);
const PAGE = new URL('../../../docs/MONITORING.md', import.meta.url);

const updates = process.env['UPDATE_GOLDEN'] === '1';

const seriesIn = (text: string): string[] =>
  text
    .split('\n')
    .flatMap((line) => (line === '' || line.startsWith('#') ? [] : [line.replace(/ \S+$/, '')]));

describe('the metrics of a status', () => {
  it('have every line of test/golden/metrics.txt (UPDATE_GOLDEN=1 writes it)', () => {
    const text = metricsText(everything);
    if (updates) writeFileSync(GOLDEN, text);
    assert.equal(text, readFileSync(GOLDEN, 'utf8'));
  });

  it('leave no family without a sample when everything is known', () => {
    const empty = familiesOf(everything).filter(({ samples }) => samples().length === 0);
    assert.deepEqual(
      empty.map(({ name }) => name),
      [],
    );
  });

  it('name each series once, with a number that Prometheus reads', () => {
    for (const status of statuses) {
      const text = metricsText(status);
      const series = seriesIn(text);
      assert.deepEqual(series.length, new Set(series).size, status.name);
      for (const line of text.split('\n')) {
        assert.match(
          line,
          /^$|^# (HELP|TYPE) |^[a-z_]+(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)+\})? (-?[\d.]+(e[+-]\d+)?|NaN|[+-]Inf)$/,
        );
      }
    }
  });

  it('are named as Prometheus asks: one prefix, base units, _total for counters and for nothing else', () => {
    for (const { name, type, help } of familiesOf(everything)) {
      assert.match(name, /^understudy_[a-z]+(_[a-z]+)*$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      assert.doesNotMatch(name, /_(ms|milliseconds|percent|bits|count|sum|bucket)(_|$)/);
      assert.match(help, /^[A-Z].*[^.]$/);
      assert.doesNotMatch(help, /[\\\n]/);
    }
  });

  it('no counter changes its labels with the state, the role or anything else that moves', () => {
    const other: Status = {
      ...everything,
      mode: 'off',
      primary: false,
      maintenance: true,
      health: { state: 'fault', reasons: [] },
      virtualRouters: everything.virtualRouters.map((router) => ({
        ...router,
        state: 'Initialize',
        reason: 'no-carrier',
        effectivePriority: 1,
        activeAddress: null,
        adjustments: [],
      })),
      monitors: [],
      flaps: { count: 0, limit: 0, windowSeconds: 1 },
    };
    const countersOf = (status: Status): string[] =>
      seriesIn(
        [...exposition(familiesOf(status).filter(({ type }) => type !== 'gauge'))]
          .map(({ text }) => text)
          .join(''),
      );
    assert.deepEqual(countersOf(other), countersOf(everything));
    assert.ok(countersOf(everything).length > 50);
  });

  it('a counter of a closed set has all its series before anything has happened', () => {
    const text = metricsText(healthy);
    assert.match(
      text,
      /understudy_packets_discarded_total\{virtual_router="lan",reason="hopLimit"\} 0/,
    );
    assert.match(text, /understudy_send_failures_total\{virtual_router="lan"\} 0/);
  });

  it('say nothing of what an earlier release does not tell, rather than 0', () => {
    const text = metricsText(healthy);
    for (const name of ['became_active', 'lateness', 'health_reasons', 'status_timestamp']) {
      assert.doesNotMatch(text, new RegExp(name));
    }
  });

  it('come in parts that hold a family each, whatever the size of the status', () => {
    const [router] = everything.virtualRouters;
    assert.ok(router);
    const virtualRouters = Array.from({ length: 250 }, (_, index) => ({
      ...router,
      name: `r${index}`,
    }));
    const parts = [...metricsParts({ ...everything, virtualRouters })];
    assert.equal(
      parts.map(({ text }) => text).join(''),
      metricsText({ ...everything, virtualRouters }),
    );
    // The longest: discarded packets, each reason for each virtual router.
    const most = 250 * Object.keys(DISCARD_REASONS).length;
    assert.ok(Math.max(...parts.map(({ samples }) => samples)) <= most);
  });

  it('have few kinds of transition: reasons are a closed set', () => {
    assert.ok(Object.keys(TRANSITION_REASONS).length < 50);
  });
});

describe('docs/MONITORING.md', () => {
  it('lists every metric with its type, labels and meaning (UPDATE_GOLDEN=1 writes the list)', () => {
    const rows = familiesOf(everything).map(({ name, type, help, samples }) => {
      const [sample] = samples();
      const labels = Object.keys(sample?.labels ?? {}).map((label) => `\`${label}\``);
      return [`\`${name}\``, type, labels.join(', ') || '-', help];
    });
    const lines = table([['metric', 'type', 'labels', 'what it tells'], ...rows]);
    const page = readFileSync(PAGE, 'utf8');
    const whole = page.replace(
      /(<!-- begin of the generated list[^>]*-->\n\n)[^]*(\n\n<!-- end of the generated list -->)/,
      (_, begin: string, end: string) => begin + lines.join('\n') + end,
    );
    if (updates) writeFileSync(PAGE, whole);
    assert.equal(page, whole, 'UPDATE_GOLDEN=1 writes it anew');
    assert.ok(whole.includes('understudy_build_info'));
  });
});

/** As prettier leaves it. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...others] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...others.map(line)];
}
