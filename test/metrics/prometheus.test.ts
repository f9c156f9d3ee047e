// Prometheus' own verdict: promtool checks the text of every status, and the rules; and tests the rules on the text of
// two appliances through a failover, with every alert firing and resolving in between. In CI promtool must be there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, describe, it } from '../support/test.js';
import type { Status } from '../../src/model/status.js';
import { activeRouter, healthy } from '../cli/statuses.js';
import { everything, statuses } from './statuses.js';
import { metricsText } from './text.js';

const FOLDER = fileURLToPath(new URL('../../../docs/monitoring', import.meta.url));
const RULES = [`${FOLDER}/understudy.rules.yml`, `${FOLDER}/understudy.alerts.yml`];

const isThere = spawnSync('promtool', ['--version']).status === 0;
const skip = !isThere && process.env['CI'] !== 'true' ? 'promtool is not installed' : false;

const scratch = mkdtempSync(join(tmpdir(), 'understudy-promtool-'));
after(() => rmSync(scratch, { recursive: true }));

function promtool(words: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync('promtool', words, {
    input,
    encoding: 'utf8',
  });
  assert.equal(error, undefined, 'promtool comes with Debian’s package prometheus');
  assert.equal(status, 0, `${words.join(' ')}: ${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

describe('promtool', { skip }, () => {
  it('check metrics: has nothing to say of the text of any status', () => {
    for (const status of statuses)
      assert.equal(promtool(['check', 'metrics'], metricsText(status)), '');
  });

  it('check rules: reads the rules and the alerts', () => {
    promtool(['check', 'rules', ...RULES]);
  });

  it('test rules: every name of the other two exporters has samples, with their labels', () => {
    const named = Array.from({ length: 1 }, () => everything);
    ruleTest(
      named.map((status) => seriesOf('a', [status])),
      {
        promql_expr_test: [
          {
            expr: 'count(count by (__name__) ({__name__=~"keepalived_.+|frr_.+"}))',
            eval_time: '0m',
            // keepalived_vrrp_excluded_state is always empty.
            exp_samples: [{ labels: '{}', value: 27 }],
          },
          {
            expr: 'keepalived_vrrp_state{iname="lan"}',
            eval_time: '0m',
            exp_samples: [
              {
                labels:
                  'keepalived_vrrp_state{iname="lan",instance="a",intf="eth0",ip_address="10.99.0.100",job="node",vrid="51"}',
                value: 2,
              },
            ],
          },
          {
            expr: 'keepalived_advertisements_interval_errors_total{iname="lan"}',
            eval_time: '0m',
            exp_samples: [
              {
                labels:
                  'keepalived_advertisements_interval_errors_total{iname="lan",instance="a",intf="eth0",job="node",vrid="51"}',
                value: 12,
              },
            ],
          },
          {
            expr: 'frr_vrrp_garpTx_total',
            eval_time: '0m',
            exp_samples: [
              {
                labels:
                  'frr_vrrp_garpTx_total{instance="a",interface="eth0",job="node",proto="v4",subinterface="eth0",vrid="51"}',
                value: 6,
              },
            ],
          },
          {
            expr: 'sum by (state) (frr_vrrp_state{proto="v4"})',
            eval_time: '0m',
            exp_samples: [
              { labels: '{state="Backup"}', value: 0 },
              { labels: '{state="Initialize"}', value: 0 },
              { labels: '{state="Master"}', value: 1 },
            ],
          },
        ],
      },
    );
  });

  it('test rules: nobody, two, a dead agent, and all that is wrong beside: each fires, and resolves', () => {
    // A sample each 15 s. a is Active; at 2 m it dies without b's taking over, at 4 m b is Active, at 6 m a
    // comes back as Active too, at 8 m all is well.
    const rows: (readonly [Status | null, Status])[] = [
      ...times(8, [active, standby] as const),
      ...times(8, [null, standbyAlone] as const),
      ...times(8, [null, activeAlone] as const),
      ...times(8, [activeTroubled, activeAlone] as const),
      ...times(100, [standby, active] as const),
    ];
    ruleTest(
      [
        seriesOf(
          'a',
          rows.map(([a]) => a),
        ),
        seriesOf(
          'b',
          rows.map(([, b]) => b),
        ),
      ],
      {
        alert_rule_test: [
          ...timeline('UnderstudyNobodyActive', { '1m45s': 0, '2m45s': 0, '3m45s': 1, '4m15s': 0 }),
          ...timeline('UnderstudyTwoActive', { '5m45s': 0, '7m': 1, '8m15s': 0 }),
          ...timeline('UnderstudyStatusOld', { '1m45s': 0, '3m15s': 1, '6m15s': 0 }),
          ...timeline('UnderstudyPeerUnseen', { '1m45s': 0, '3m': 1, '5m': 1, '8m15s': 0 }),
          ...timeline('UnderstudyBackupNotReady', { '1m45s': 0, '3m30s': 1, '8m15s': 0 }),
          ...timeline('UnderstudyFault', { '5m45s': 0, '7m': 1, '8m15s': 0 }),
          ...timeline('UnderstudyAddressMissing', { '5m45s': 0, '7m': 1, '8m15s': 0 }),
          ...timeline('UnderstudyBypassEngaged', { '5m45s': 0, '6m15s': 1, '8m15s': 0 }),
          ...timeline('UnderstudyFlapping', { '5m45s': 0, '6m15s': 1, '31m': 0 }),
          ...timeline('UnderstudyAdvertisementsLate', { '5m45s': 0, '6m30s': 1, '20m': 0 }),
        ],
      },
    );
  });

  it('test rules: what has to last before it is told: degraded, a path, settings that differ', () => {
    const rows = [...times(4, active), ...times(60, differing), ...times(60, active)];
    ruleTest([seriesOf('a', rows)], {
      alert_rule_test: [
        ...timeline('UnderstudySettingsDiffer', { '1m': 0, '5m': 0, '7m': 1, '17m': 0 }),
        ...timeline('UnderstudyPathLost', { '2m': 0, '4m': 1, '17m': 0 }),
        ...timeline('UnderstudyDegraded', { '5m': 0, '12m': 1, '17m': 0 }),
      ],
    });
  });
});

const SAMPLE_S = 15;

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

const peer = (change: Partial<Status['peers'][number]>): Status['peers'][number] => ({
  name: 'peer',
  state: 'healthy',
  fitness: 'sound',
  paths: [{ address: '10.98.0.2', state: 'healthy', rttMs: 0.4 }],
  ...change,
});

const gone = peer({ state: 'unhealthy', paths: [] });
const silent = { name: 'peer', state: 'unhealthy', paths: gone.paths };

function router(state: 'Active' | 'Backup', present: boolean, taken: number) {
  const { counters } = activeRouter;
  return {
    ...activeRouter,
    state,
    addresses: [{ address: '10.99.0.100/24', present }],
    counters: {
      ...counters,
      transitionsBy: [
        {
          from: 'Backup' as const,
          to: 'Active' as const,
          reason: 'no-response' as const,
          count: taken,
        },
      ],
    },
  };
}

const lateness = (count: number, late: number): NonNullable<Status['lateness']> => ({
  atMost: [
    { ms: 50, count: count - late },
    { ms: 100, count },
  ],
  count,
  sumMs: late * 80,
});

const base: Status = {
  ...healthy,
  // Filled in for each sample.
  time: '1970-01-01T00:00:00.000Z',
  peers: [peer({})],
  virtualRouters: [router('Active', true, 1)],
  lateness: lateness(100, 0),
};
const active = base;
const standby: Status = { ...base, virtualRouters: [router('Backup', false, 1)] };
const standbyAlone: Status = { ...standby, peers: [silent] };
const activeAlone: Status = { ...active, peers: [silent] };
/** Active beside another one, but one of two addresses is not there; and what else can be wrong. */
const activeTroubled: Status = {
  ...activeAlone,
  health: { state: 'fault', reasons: ['x'] },
  virtualRouters: [
    {
      ...router('Active', true, 9),
      addresses: [
        { address: '10.99.0.100/24', present: true },
        { address: '10.99.0.101/24', present: false },
      ],
    },
  ],
  bypass: { desired: 'bypass', actual: 'bypass', latched: false },
  lateness: lateness(200, 40),
};
const differing: Status = {
  ...active,
  health: { state: 'degraded', reasons: ['x'] },
  peers: [
    peer({
      differences: ['other VRIDs'],
      paths: [{ address: '10.98.0.2', state: 'unhealthy', rttMs: null }],
    }),
  ],
};

/** The samples of one appliance as promtool takes them; null: the agent is dead, and its file as it was. */
function seriesOf(instance: string, rows: readonly (Status | null)[]): object[] {
  const columns = new Map<string, string[]>();
  let last: readonly string[] = [];
  for (const [index, row] of rows.entries()) {
    const time = new Date(index * SAMPLE_S * 1_000).toISOString();
    if (row !== null) {
      last = metricsText({ ...row, time })
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'));
    }
    for (const line of last) {
      const [, series = '', value = ''] = /^(.*) (\S+)$/.exec(line) ?? [];
      const values = columns.get(series) ?? times(index, '_');
      columns.set(series, values);
      values.push(value);
    }
    for (const values of columns.values()) if (values.length <= index) values.push('stale');
  }
  return [...columns].map(([series, values]) => ({
    series: withTarget(series, instance),
    values: values.join(' '),
  }));
}

const withTarget = (series: string, instance: string): string => {
  const target = `job="node",instance="${instance}"`;
  return series.endsWith('}') ? `${series.slice(0, -1)},${target}}` : `${series}{${target}}`;
};

/** How many of an alert fire at each time. */
const timeline = (alert: string, at: Readonly<Record<string, 0 | 1>>): Expected[] =>
  Object.entries(at).map(([time, fires]) => ({ alert, time, fires }));

interface Expected {
  readonly alert: string;
  readonly time: string;
  readonly fires: 0 | 1;
}

/** Whether an alert fires at all is asked of ALERTS: its labels are the metrics' own. */
function ruleTest(
  series: readonly (readonly object[])[],
  {
    alert_rule_test: expected = [],
    promql_expr_test: asked = [],
  }: {
    readonly alert_rule_test?: readonly Expected[];
    readonly promql_expr_test?: readonly object[];
  },
): void {
  const file = join(scratch, 'test.yml');
  const alerts = expected.map(({ alert, time, fires }) => ({
    expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) > bool 0 or vector(0)`,
    eval_time: time,
    exp_samples: [{ labels: '{}', value: fires }],
  }));
  const test = {
    rule_files: RULES,
    evaluation_interval: `${SAMPLE_S}s`,
    tests: [
      {
        interval: `${SAMPLE_S}s`,
        input_series: series.flat(),
        promql_expr_test: [...alerts, ...asked],
      },
    ],
  };
  writeFileSync(file, JSON.stringify(test));
  promtool(['test', 'rules', file]);
}
