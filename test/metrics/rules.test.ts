// The rules and the dashboard ask for metrics that there are. Whether Prometheus reads them is in prometheus.test.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { describe, it } from '../support/test.js';
import { familiesOf } from '../../src/metrics/metrics.js';
import { everything } from './statuses.js';

const FOLDER = new URL('../../../docs/monitoring/', import.meta.url);

const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: { readonly summary?: string; readonly description?: string };
}

const rulesIn = (name: string): readonly Rule[] =>
  (parse(read(name)) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules);

const recording = rulesIn('understudy.rules.yml');
const alerts = rulesIn('understudy.alerts.yml');

/** What an expression asks for, by name. */
const namesIn = (expression: string): string[] =>
  expression.match(/\b(?:understudy|keepalived|frr)[_:][a-zA-Z_:]+/g) ?? [];

const known = new Set([
  ...familiesOf(everything).flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
  ...recording.map(({ record = '' }) => record),
]);

describe('the rules and the dashboard', () => {
  it('ask for metrics that there are', () => {
    const dashboard = JSON.parse(read('understudy.dashboard.json')) as {
      panels: { targets: { expr: string }[] }[];
      annotations: { list: { expr: string }[] };
    };
    const asked = [
      ...[...recording, ...alerts].map(({ expr }) => expr),
      ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
      ...dashboard.annotations.list.map(({ expr }) => expr),
    ];
    const unknown = new Set(asked.flatMap(namesIn).filter((name) => !known.has(name)));
    assert.deepEqual([...unknown], []);
    assert.ok(dashboard.panels.length > 10);
  });

  it('have the 22 names of keepalived-exporter and the 6 of frr_exporter', () => {
    const names = recording.map(({ record = '' }) => record);
    assert.equal(names.filter((name) => name.startsWith('keepalived_')).length, 22);
    assert.equal(names.filter((name) => name.startsWith('frr_vrrp_')).length, 6);
    assert.equal(new Set(names).size, names.length);
  });

  it('alert of what an operator must know, each with a severity, its words and what to do', () => {
    assert.deepEqual(
      alerts.map(({ alert = '' }) => alert.replace(/^Understudy/, '')),
      [
        'NobodyActive',
        'TwoActive',
        'StatusOld',
        'Fault',
        'Degraded',
        'BackupNotReady',
        'PeerUnseen',
        'PathLost',
        'Flapping',
        'BypassEngaged',
        'SettingsDiffer',
        'AdvertisementsLate',
        'AddressMissing',
      ],
    );
    for (const { alert, labels, annotations } of alerts) {
      assert.match(labels?.severity ?? '', /^(critical|warning)$/, alert);
      assert.match(annotations?.summary ?? '', /\S/, alert);
      assert.match(annotations?.description ?? '', /\S/, alert);
    }
  });
});
