// VRRPV3-MIB (RFC 6527): what the objects are for a status that is given, and what is told of two that follow each other.
import assert from 'node:assert/strict';
import type { Oid, Value, VarBind } from '../../src/snmp/agentx.js';
import { Notices } from '../../src/snmp/notices.js';
import { COLUMNS, activeReasonOf, objectsOf, type Clocks } from '../../src/snmp/vrrp-mib.js';
import { TRANSITION_REASONS, type TransitionReason } from '../../src/model/reasons.js';
import type { Status, VirtualRouterStatus } from '../../src/model/status.js';
import { activeRouter, backupRouter, healthy } from '../cli/statuses.js';
import { describe, it } from '../support/test.js';

const STARTED = Date.parse(healthy.startedAt);
/** The daemon is a minute older than the agent; it is looked at an hour later. */
const CLOCKS: Clocks = { now: STARTED + 3_600_000, daemonSince: STARTED - 60_000 };

const active: VirtualRouterStatus = {
  ...activeRouter,
  activeAddress: '192.168.99.1',
  primaryAddress: '192.168.99.1',
  preempt: true,
  acceptMode: false,
  takesPartSince: new Date(STARTED + 1_000).toISOString(),
  counters: {
    advertisementsSent: 7_500,
    advertisementsReceived: 12,
    priorityZeroSent: 3,
    priorityZeroReceived: 4,
    transitions: 3,
    transitionsBy: [
      { from: 'Initialize', to: 'Backup', reason: 'startup', count: 1 },
      { from: 'Backup', to: 'Active', reason: 'no-response', count: 2 },
      { from: 'Backup', to: 'Active', reason: 'priority', count: 1 },
    ],
    errors: {
      interval: 1,
      intervalMismatch: 2,
      hopLimit: 5,
      type: 6,
      addressList: 7,
      addressMismatch: 8,
      length: 9,
      checksum: 10,
      version: 11,
      send: 99,
    },
    lastErrors: { hopLimit: '2026-01-01T00:30:00.000Z', checksum: '2026-01-01T00:31:00.000Z' },
  },
};

const status: Status = {
  ...healthy,
  virtualRouters: [active, { ...backupRouter, takesPartSince: '2026-01-01T00:00:02.000Z' }],
  interfaces: [
    {
      name: 'eth0',
      index: 2,
      present: true,
      up: true,
      carrier: true,
      discarded: { vrid: 20, checksum: 1 },
    },
  ],
};

const textOf = (value: Value): string =>
  value.type === 'octets'
    ? Buffer.from(value.value).toString('hex')
    : 'value' in value
      ? String(value.value)
      : value.type;

/** `1.1.1.1.6.2.51.1: 3`, below vrrpv3MIB. */
const listed = (all: readonly VarBind[]): string[] =>
  all.map(({ oid, value }) => `${oid.slice(7).join('.')}: ${textOf(value)}`);

const objects = (reasons: [string, TransitionReason][] = [['lan', 'no-response']]): string[] =>
  listed(objectsOf(status, new Map(reasons), CLOCKS));

const below = (entry: string, index: string): string[] =>
  objects().filter((text) => text.startsWith(`${entry}.`) && text.includes(`.${index}:`));

describe('VRRPV3-MIB', () => {
  it('has the operations of each virtual router, by ifIndex, VRID and address type', () => {
    assert.deepEqual(below('1.1.1.1', '2.51.1'), [
      '1.1.1.1.3.2.51.1: c0a86301',
      '1.1.1.1.4.2.51.1: c0a86301',
      '1.1.1.1.5.2.51.1: 00005e000133',
      '1.1.1.1.6.2.51.1: 3',
      '1.1.1.1.7.2.51.1: 200',
      '1.1.1.1.8.2.51.1: 1',
      '1.1.1.1.9.2.51.1: 100',
      '1.1.1.1.10.2.51.1: 1',
      '1.1.1.1.11.2.51.1: 2',
      '1.1.1.1.12.2.51.1: 359900',
      '1.1.1.1.13.2.51.1: 1',
    ]);
    assert.deepEqual(below('1.1.1.1', '2.51.2').slice(0, 4), [
      '1.1.1.1.3.2.51.2: fe80000000000000000000fffe000002',
      '1.1.1.1.4.2.51.2: 00000000000000000000000000000000',
      '1.1.1.1.5.2.51.2: 00005e000233',
      '1.1.1.1.6.2.51.2: 2',
    ]);
  });

  it('has each virtual address in an index of its own', () => {
    assert.deepEqual(
      objects().filter((text) => text.startsWith('1.1.2.1.')),
      [
        '1.1.2.1.2.2.51.1.4.10.99.0.100: 1',
        '1.1.2.1.2.2.51.2.16.254.128.0.0.0.0.0.0.0.0.0.0.0.0.0.51: 1',
        '1.1.2.1.2.2.51.2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.1.0: 1',
      ],
    );
  });

  it('counts what the status counts', () => {
    assert.deepEqual(below('1.2.5.1', '2.51.1'), [
      '1.2.5.1.1.2.51.1: 3',
      '1.2.5.1.2.2.51.1: 3',
      '1.2.5.1.3.2.51.1: 12',
      '1.2.5.1.4.2.51.1: 3',
      '1.2.5.1.5.2.51.1: 5',
      '1.2.5.1.6.2.51.1: 3',
      '1.2.5.1.7.2.51.1: 4',
      '1.2.5.1.8.2.51.1: 3',
      '1.2.5.1.9.2.51.1: 6',
      '1.2.5.1.10.2.51.1: 15',
      '1.2.5.1.11.2.51.1: 9',
      '1.2.5.1.12.2.51.1: 6000',
      '1.2.5.1.13.2.51.1: 1000',
    ]);
    assert.deepEqual(
      objects().filter((text) => /^1\.2\.[1-4]\.0:/.test(text)),
      ['1.2.1.0: 11', '1.2.2.0: 11', '1.2.3.0: 20', '1.2.4.0: 6000'],
    );
  });

  it('has no row for an interface that is not there, and says nothing of what an older agent does not tell', () => {
    const { index: _, ...gone } = status.interfaces[0] ?? { name: '' };
    const absent = {
      ...status,
      interfaces: [{ ...gone, present: false, up: false, carrier: false, discarded: {} }],
    };
    assert.deepEqual(
      listed(objectsOf(absent, new Map(), CLOCKS)).map((text) => text.split(':')[0]),
      ['1.2.1.0', '1.2.2.0', '1.2.3.0', '1.2.4.0'],
    );
    assert.ok(!below('1.1.1.1', '2.51.2').some((text) => /^1\.1\.1\.1\.1[01]\./.test(text)));
  });

  it('has nothing that is not among its columns', () => {
    const isKnown = (oid: Oid): boolean =>
      COLUMNS.some((column) => column.every((one, at) => oid[at] === one));
    const all = objectsOf(status, new Map(), CLOCKS);
    assert.ok(all.length > 40);
    assert.deepEqual(
      all.filter(({ oid }) => !isKnown(oid)),
      [],
    );
  });

  it('knows three reasons to become Active, and none for who never was', () => {
    assert.equal(activeReasonOf(null), 0);
    const of = (wanted: number): string[] =>
      (Object.keys(TRANSITION_REASONS) as TransitionReason[]).filter(
        (reason) => activeReasonOf(reason) === wanted,
      );
    assert.deepEqual(of(2), ['priority', 'better-placed']);
    assert.deepEqual(of(3), ['no-response', 'peer-dead', 'witness-granted']);
    assert.ok(of(1).includes('priority-zero') && of(1).includes('owner'));
  });
});

/** The name of each, below vrrpv3MIB, and its objects. */
const told = (notices: Notices, next: Status, now = 0): string[][] =>
  notices.look(next, now).map(([kind, ...rest]) => {
    assert.equal(kind?.oid.join('.'), '1.3.6.1.6.3.1.1.4.1.0', 'snmpTrapOID.0 comes first');
    const name = kind.value.type === 'oid' ? kind.value.value.slice(7).join('.') : '';
    return [name, ...listed(rest)];
  });

const withRouter = (change: Partial<VirtualRouterStatus>): Status => ({
  ...status,
  virtualRouters: [{ ...active, ...change }, ...status.virtualRouters.slice(1)],
});
const withCounters = (change: Partial<VirtualRouterStatus['counters']>): Status =>
  withRouter({ counters: { ...active.counters, ...change } });

describe('notifications', () => {
  it('tell of nothing that was so at the first look, and of nothing that has not changed', () => {
    const notices = new Notices();
    assert.deepEqual(told(notices, status), []);
    assert.deepEqual(told(notices, status), []);
  });

  it('tell of each look in which a role came here, however short it was', () => {
    const notices = new Notices();
    const was = withRouter({ state: 'Backup', reason: 'preempted', activeAddress: '192.168.99.2' });
    told(notices, was);
    const transitionsBy = [
      { from: 'Backup', to: 'Active', reason: 'peer-dead', count: 4 },
    ] as const;
    const counters = { ...active.counters, transitionsBy };
    assert.deepEqual(told(notices, withRouter({ reason: 'peer-dead', counters })), [
      ['0.1', '1.1.1.1.3.2.51.1: c0a86301', '1.2.5.1.2.2.51.1: 3'],
    ]);
  });

  it('tell of a role that another agent of this host takes: its counters begin anew', () => {
    const notices = new Notices();
    told(notices, status);
    const anew = { ...withRouter({ reason: 'startup' }), startedAt: '2026-01-01T02:00:00.000Z' };
    assert.deepEqual(
      told(notices, anew).filter(([name]) => name === '0.1'),
      [['0.1', '1.1.1.1.3.2.51.1: c0a86301', '1.2.5.1.2.2.51.1: 1']],
    );
  });

  it('tell of an error that the MIB knows once a minute for each kind', () => {
    const notices = new Notices();
    told(notices, status);
    const more = (hopLimit: number): Status =>
      withCounters({ errors: { ...active.counters.errors, hopLimit, length: 10 * hopLimit } });
    const once = [['0.2', '1.2.5.1.6.2.51.1: 1']];
    assert.deepEqual(told(notices, more(6)), once);
    assert.deepEqual(told(notices, more(7), 59_999), []);
    assert.deepEqual(told(notices, more(7), 60_000), []);
    assert.deepEqual(told(notices, more(8), 60_001), once);
  });

  it('tell of an error that names no virtual router with the first one of its interface', () => {
    const notices = new Notices();
    told(notices, status);
    const [link] = status.interfaces;
    assert.ok(link);
    const next = {
      ...status,
      interfaces: [{ ...link, discarded: { ...link.discarded, vrid: 21 } }],
    };
    assert.deepEqual(told(notices, next), [['0.2', '1.2.5.1.6.2.51.1: 4']]);
  });

  it('remember why a role came here when it is gone', () => {
    const notices = new Notices();
    told(notices, withRouter({ reason: 'priority' }));
    told(notices, withRouter({ state: 'Backup', reason: 'preempted' }));
    assert.equal(notices.reasons.get('lan'), 'priority');
    const move = { way: 'taken', reason: 'peer-dead' } as VirtualRouterStatus['lastMove'];
    const unseen = new Notices();
    told(
      unseen,
      withRouter({
        state: 'Backup',
        reason: 'preempted',
        lastMove: move as NonNullable<typeof move>,
      }),
    );
    assert.equal(unseen.reasons.get('lan'), 'peer-dead');
    told(unseen, { ...status, virtualRouters: [] });
    assert.equal(unseen.reasons.size, 0);
  });
});
