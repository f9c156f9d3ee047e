// Every event that tells of a lasting state is in health until it ends: the table, which is also the page's
// (docs/CLI.md), and the health that each of its states has. An event that is new fails here until it says
// which it is.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '../support/test.js';
import { healthOf, type HealthInput } from '../../src/agent/health.js';
import { REPORTS, type Report } from '../../src/model/reasons.js';
import type { PeerStatus } from '../../src/model/status.js';
import { activeRouter, backupRouter } from '../cli/statuses.js';

const peer: PeerStatus = {
  name: 'b',
  state: 'healthy',
  fitness: 'sound',
  virtualRouters: [{ name: 'lan', state: 'Backup', effectivePriority: 100 }],
  paths: [{ address: '10.98.0.2', state: 'healthy', rttMs: 0.4 }],
};
const active = { ...activeRouter, name: 'lan' };
const standby = { ...backupRouter, name: 'lan' };

type State = Partial<HealthInput>;
const router = (change: object): State => ({ virtualRouters: [{ ...standby, ...change }] });
const other = (change: Partial<PeerStatus>): State => ({ peers: [{ ...peer, ...change }] });
const problem = (text: string): State => ({ problems: [text] });

/** The state that the event tells of, as health sees it; null: it is over when it is told. */
const OF_REPORTS: Record<Report, State | null> = {
  waiting: router({ state: 'Initialize', reason: 'no-carrier' }),
  'taken-over': null,
  'checksum-dialect': null,
  'address-restored': null,
  'address-overdue': {
    virtualRouters: [
      { ...active, addresses: active.addresses.map((one) => ({ ...one, present: false })) },
    ],
  },
  'address-yielded': router({ adjustments: [{ name: 'address-lost', amount: -199 }] }),
  'priority-changed': router({ adjustments: [{ name: 'gateway', amount: -20 }] }),
  'peer-healthy': null,
  'peer-unhealthy': other({ state: 'unhealthy' }),
  'ha-path-lost': other({ state: 'unhealthy' }),
  'adverts-lost': router({ unheard: 'adverts-lost' }),
  'adverts-back': null,
  'lan-split': router({ unheard: 'lan-split' }),
  'dual-active': { virtualRouters: [{ ...active, rivalAddress: '10.99.0.66' }] },
  'stranger-active': router({ activeAddress: '10.99.0.66', strangerActive: true }),
  'path-lost': other({
    paths: [
      { address: '10.98.0.2', state: 'unhealthy', rttMs: null },
      { address: '10.99.0.2', state: 'healthy', rttMs: 0.4 },
    ],
  }),
  'path-back': null,
  'settings-differ': other({ differences: ['other VRIDs'] }),
  'settings-agree': null,
  'witness-away': null,
  'witness-back': null,
  'without-witness': null,
  flap: null,
  latched: router({ state: 'Initialize', reason: 'suspended' }),
  stalled: null,
  failover: null,
  maintenance: router({ state: 'Initialize', reason: 'maintenance' }),
  refused: null,
  'no-successor': null,
};

/** The events of the agent around the core. Problems are what it hands to health in its own words. */
const OF_THE_AGENT: Record<string, State | null> = {
  'addresses-stuck': { virtualRouters: [{ ...active, state: 'Backup' }] },
  'before-active-hook': null,
  bypass: router({ state: 'Initialize', reason: 'bypassed' }),
  'bypass-problem': null,
  'control-error': null,
  error: null,
  'events-lost': null,
  'ha-key': problem('the key is not usable'),
  'ha-port-failed': problem('the HA port is closed'),
  host: problem('a setting of the host'),
  'log-limited': null,
  message: null,
  monitor: { monitors: [{ name: 'db', state: 'failed', detail: 'exit 1', weight: 'soft' }] },
  'monitor-hook': null,
  monitors: null,
  move: null,
  'netlink-overrun': null,
  'packet-discarded': router({
    discarding: [{ source: '10.99.0.9', reason: 'version', detail: '2' }],
  }),
  'peer-message-discarded': other({
    state: 'unhealthy',
    paths: [{ address: '10.98.0.2', state: 'unhealthy', rttMs: null, problem: 'wrong key' }],
  }),
  'prober-lost': null,
  'sync-applied': null,
  'sync-notes-lost': null,
  'sync-request-refused': null,
  'sync-service-lost': null,
  'reload-refused': problem('the settings are invalid'),
  remark: null,
  'send-failed': null,
  'settings-applied': null,
  'socket-failed': router({ state: 'Initialize', reason: 'socket-failed' }),
  transition: null,
  'transition-hook': null,
  'witness-lease': null,
};

const TABLE: Readonly<Record<string, State | null>> = { ...OF_THE_AGENT, ...OF_REPORTS };

const health = (state: State): ReturnType<typeof healthOf> =>
  healthOf({
    mode: 'active-passive',
    virtualRouters: [standby],
    peers: [peer],
    monitors: [],
    leaving: [],
    keys: [],
    problems: [],
    ...state,
  });

/** The names that stand literally where a record is made. */
function eventsOfTheAgent(): Set<string> {
  const names = new Set<string>();
  for (const entry of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.ts')) continue;
    const text = readFileSync(join('src', entry), 'utf8');
    for (const [, name = ''] of text.matchAll(/event: '([a-z-]+)'/g)) names.add(name);
  }
  return names;
}

describe('a lasting state', () => {
  it('every event says whether it tells of one', () => {
    const unlisted = [...eventsOfTheAgent()].filter((name) => !(name in TABLE));
    assert.deepEqual(unlisted, [], 'add it here and to docs/CLI.md');
    assert.deepEqual(Object.keys(OF_REPORTS).sort(), Object.keys(REPORTS).sort());
  });

  it('is not there when all is well', () => {
    assert.deepEqual(health({}), { state: 'healthy', reasons: [], kinds: {} });
  });

  for (const [name, state] of Object.entries(TABLE)) {
    if (state === null) continue;
    it(`is in health: ${name}`, () => {
      const { state: verdict, reasons } = health(state);
      assert.notEqual(verdict, 'healthy');
      assert.ok(reasons.length > 0, 'a reason says why');
    });
  }

  it('has its row on the page, and nothing else has', () => {
    const page = readFileSync('docs/CLI.md', 'utf8');
    const rows =
      page.slice(page.indexOf('### Events of a lasting state')).split('\n## ', 1)[0] ?? '';
    const told = new Set([...rows.matchAll(/^\| `([a-z-]+)`/gm)].map(([, name]) => name));
    const lasting = Object.keys(TABLE).filter((name) => TABLE[name] !== null);
    assert.deepEqual(told, new Set(lasting));
  });
});
