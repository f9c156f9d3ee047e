// The status screen, as golden files, and the small pieces it is made of.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from '../support/test.js';
import { renderStatus } from '../../src/cli/render/status.js';
import { renderEvent } from '../../src/cli/render/event.js';
import {
  columnsFor,
  formatDuration,
  formatInstant,
  formatSince,
  hang,
  harmless,
  layout,
  painter,
} from '../../src/cli/render/text.js';
import type { EventRecord, Status, SyncStatus, WitnessStatus } from '../../src/model/status.js';
import { assertGolden } from './golden.js';
import * as pairs from './pair-statuses.js';
import * as statuses from './statuses.js';

const plain = { colour: false, now: statuses.NOW, version: '0.1.0', local: false, width: 80 };

const ESCAPE = '\u001B';
const COLOUR = new RegExp(`${ESCAPE}\\[\\d+m`, 'g');

describe('the status screen', () => {
  const screens: readonly [name: string, status: Status][] = [
    ['healthy-active', statuses.healthy],
    ['two-backups', statuses.twoRouters],
    ['fault', statuses.inFault],
    ['degraded', statuses.degraded],
    ['many-addresses', statuses.manyAddresses],
    ['off', statuses.off],
    ['pair', pairs.pair],
    ['peer-dead', pairs.peerDead],
    ['ha-path-lost', pairs.haPathLost],
    ['lan-split', pairs.lanSplit],
    ['maintenance', pairs.inMaintenance],
    ['bypassed', pairs.bypassed],
    ['bypass-failed', pairs.bypassFailed],
    ['suspended', pairs.suspended],
    ['soft-fault', pairs.softFault],
    ['settings-differ', pairs.settingsDiffer],
    ['active-active', pairs.activeActive],
    ['wrong-key', pairs.wrongKey],
    ['handing-over', pairs.handingOver],
  ];
  for (const [name, status] of screens) {
    it(`is as it should be: ${name}`, () => {
      const screen = renderStatus(status, plain);
      assertGolden(`status-${name}.txt`, screen);
      for (const width of [80, 60]) {
        const lines = renderStatus(status, { ...plain, width }).split('\n');
        const wide = lines.filter((line) => line.length > width);
        assert.deepEqual(wide, [], `no line is wider than a terminal of ${width}`);
      }
    });
  }

  it('tells how the shared settings stand to those of a peer, and for how long', () => {
    const said = (peer: Partial<SyncStatus['peers'][number]>): string => {
      const since = new Date(statuses.NOW - 2_000).toISOString();
      const sync: SyncStatus = {
        mode: 'offer',
        generation: 3,
        author: 'dallas-1',
        digest: 'a1b2',
        peers: [{ name: 'dallas-2', state: 'in-sync', since, ...peer }],
      };
      const screen = renderStatus({ ...statuses.healthy, sync }, { ...plain, width: 200 });
      const line = screen.split('\n').find((one) => one.startsWith('settings'));
      return line?.slice('settings'.length).trim() ?? 'none';
    };
    assert.deepEqual(
      [
        said({}),
        said({ state: 'differs', differing: ['ha.preempt'] }),
        said({ state: 'conflict' }),
        said({ state: 'refused', detail: 'eth7 is missing' }),
        said({ state: 'unknown' }),
      ],
      [
        'in sync with dallas-2 for 2 s',
        'differ from dallas-2 for 2 s (ha.preempt); see "understudy sync diff"',
        'in conflict with dallas-2 for 2 s; decide by "understudy sync pull" or "push"',
        'what dallas-2 has is refused here for 2 s: eth7 is missing',
        'not known whether they are those of dallas-2',
      ],
    );
  });

  it('tells whether the witness is seen, whose the lease is, and for how long', () => {
    const said = (witness: Partial<WitnessStatus>): string => {
      const whole: WitnessStatus = {
        endpoints: ['http://10.0.0.9:2379'],
        ttlSeconds: 6,
        state: 'seen',
        since: new Date(statuses.NOW - 12_000).toISOString(),
        lease: 'free',
        ...witness,
      };
      const screen = renderStatus(
        { ...statuses.healthy, witness: whole },
        { ...plain, width: 200 },
      );
      const lines = screen.split('\n');
      const at = lines.findIndex((line) => line.startsWith('witness'));
      return lines
        .slice(at, at + 2)
        .join('|')
        .replaceAll(/ +/g, ' ');
    };
    assert.match(said({}), /^witness seen for 12 s; nobody has the lease\|/);
    assert.match(
      said({ lease: 'ours', remainingMs: 5_240 }),
      /^witness seen for 12 s; the lease is ours, for another 5\.2 s unless it is renewed\|/,
    );
    assert.match(said({ lease: 'others', holder: 'dallas-2' }), /; dallas-2 has the lease\|/);
    assert.match(said({ state: 'unknown', lease: 'unknown' }), /^witness not asked yet/);
    assert.equal(
      said({ state: 'away', detail: 'no answer', lease: 'ours', remainingMs: 900 }),
      'witness away for 12 s: no answer| the lease is ours, for another 0.9 s unless it is renewed',
    );
  });

  it('tells an address that somebody else has put there from one that is left', () => {
    const { virtualRouters } = statuses.inFault;
    const addresses = [
      { address: '10.99.0.100/24', present: true },
      { address: '10.99.0.101/24', present: true, foreign: true as const },
    ];
    const routers = virtualRouters.map((router) => ({ ...router, addresses }));
    const screen = renderStatus({ ...statuses.inFault, virtualRouters: routers }, plain);
    assert.match(screen, /10\.99\.0\.100\/24 {2}PRESENT, but must not be\n/);
    assert.match(screen, /10\.99\.0\.101\/24 {2}present, somebody else's\n/);
  });

  it('says which virtual MAC address it is, and whether it is in use', () => {
    const said = (state: 'Active' | 'Backup', inUse: boolean, problem?: string): string => {
      const virtualMac = {
        address: '00:00:5e:00:01:33',
        interface: 'us51v4',
        inUse,
        ...(problem === undefined ? {} : { problem }),
      };
      const [router] = statuses.healthy.virtualRouters;
      assert.ok(router !== undefined);
      const virtualRouters = [{ ...router, state, virtualMac }];
      const screen = renderStatus({ ...statuses.healthy, virtualRouters }, plain);
      return /^ {2}virtual MAC (.*)$/m.exec(screen)?.[1] ?? 'not said';
    };
    const where = '00:00:5e:00:01:33 on us51v4';
    assert.equal(said('Active', true), `${where}  in use`);
    assert.equal(said('Active', false), `${where}  NOT IN USE`);
    assert.equal(said('Backup', false), `${where}  not in use here`);
    assert.equal(said('Backup', true), `${where}  IN USE, but must not be`);
    assert.equal(said('Backup', false, 'EROFS'), `${where}  CANNOT BE HAD`);
    assert.doesNotMatch(renderStatus(statuses.healthy, plain), /virtual MAC/);
  });

  it('has colours on a terminal, and says the same', () => {
    const screen = renderStatus(statuses.inFault, { ...plain, colour: true });
    assertGolden('status-fault-colour.txt', screen);
    assert.equal(screen.replaceAll(COLOUR, ''), renderStatus(statuses.inFault, plain));
  });

  it('says the same of a pair with colours', () => {
    for (const status of Object.values(pairs)) {
      const screen = renderStatus(status, { ...plain, colour: true });
      assert.equal(screen.replaceAll(COLOUR, ''), renderStatus(status, plain));
    }
  });

  it('is what docs/CLI.md shows', () => {
    const file = new URL('../../../docs/CLI.md', import.meta.url);
    const text = readFileSync(file, 'utf8');
    const [before = '', rest = ''] = text.split(/(?<=begin of the screen.*-->\n\n```\n)/);
    const after = rest.slice(rest.indexOf('```\n'));
    const whole = `${before}${renderStatus(pairs.pair, plain)}${after}`;
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, whole);
    assert.equal(readFileSync(file, 'utf8'), whole, 'UPDATE_GOLDEN=1 writes it anew');
  });

  it('tells a move that an earlier agent has recorded, without what nobody can know any more', () => {
    const [router] = statuses.healthy.virtualRouters;
    assert.ok(router);
    const lastMove = {
      way: 'given',
      reason: 'shutdown',
      noticedAt: '2026-01-01T00:00:00.000Z',
      stoodAt: null,
      nobodyHeldAtMostMs: null,
      peerSaw: [],
      beforeStart: true,
    } as const;
    const status = { ...statuses.healthy, virtualRouters: [{ ...router, lastMove }] };
    assert.match(
      renderStatus(status, { ...plain, width: 1_000 }),
      /\n {2}last move {3}went 2026-01-01 00:00:00 UTC, 2 h 5 min ago; before this agent started\n/,
    );
  });

  it('tells when agent and command are of different versions', () => {
    const screen = renderStatus({ ...statuses.healthy, version: '0.2.0' }, plain);
    assert.match(screen, /\nagent 0\.2\.0, this command 0\.1\.0\n$/);
  });

  it('says for how long nobody had the addresses, in the line of the last move', () => {
    const because = (nobodyHeldAtMostMs: number): string => {
      const routers = statuses.healthy.virtualRouters.map((one) => ({
        ...one,
        nobodyHeldAtMostMs,
      }));
      const screen = renderStatus({ ...statuses.healthy, virtualRouters: routers }, plain);
      return screen.replace(/\n {4,}/g, ' ');
    };
    assert.match(because(344), /because .*; nobody had the addresses for at most 344 ms\n/);
    assert.match(because(0), /because .*; somebody had the addresses throughout\n/);
  });

  it('shows what an agent of another version says, with fields missing and words unknown', () => {
    const router = {
      name: 'lan',
      state: 'Dazed',
      reason: 'toString',
      since: 'yesterday',
      addresses: [],
      family: 'ipx',
    };
    const other = { name: 'x', health: { state: 'dazed', reasons: [] }, virtualRouters: [router] };
    const screen = renderStatus(other as unknown as Status, plain);
    assert.match(screen, /^DAZED {2}x/);
    assert.match(screen, /lan {2}Dazed/);
    assert.match(screen, /since {7}yesterday\n {2}because {5}toString/);
  });

  it('lets no control character through to the terminal', () => {
    const screen = renderStatus(
      { ...statuses.healthy, health: { state: 'fault', reasons: ['\u001B[2J\u0007gone'] } },
      plain,
    );
    assert.match(screen, /! \?\[2J\?gone/);
  });
});

describe('an event', () => {
  const time = '2026-01-01T00:00:00.123Z';
  const render = (record: object): string =>
    renderEvent(record as EventRecord, painter(false), { local: false });

  it('is one line: when, which virtual router, what, why', () => {
    const change = { event: 'transition', virtualRouter: 'lan', from: 'Backup', to: 'Active' };
    assert.deepEqual(
      [
        { time, ...change, reason: 'peer-dead', detail: 'the peer is silent on every path' },
        { time, event: 'flap', reason: 'flap', detail: '2 of 3' },
        { time, event: 'discarded', reason: 'checksum', detail: 'x\u001B[2Jy', interface: 'eth0' },
        {
          time,
          event: 'discarded',
          reason: 'length',
          detail: 'd',
          source: '10.0.0.7\n',
          interface: 'eth0',
        },
        { time: 'soon', event: 'a' },
      ].map(render),
      [
        '2026-01-01 00:00:00.123 UTC  lan: Backup → Active, peer-dead: the peer is silent on every path',
        '2026-01-01 00:00:00.123 UTC  flap: 2 of 3',
        '2026-01-01 00:00:00.123 UTC  discarded, checksum: x?[2Jy',
        '2026-01-01 00:00:00.123 UTC  discarded, length from 10.0.0.7? on eth0: d',
        'soon  a, -',
      ],
    );
  });
});

describe('text', () => {
  const at80 = (prefix: string, text: string): string[] => layout(hang(prefix, text), 80);

  it('is broken at 80 columns between words, below its beginning', () => {
    const words = 'twenty columns of it '.repeat(6).trim();
    const lines = at80('  title  ', `${words}  column`);
    assert.ok(lines.every((line) => line.length <= 80));
    assert.equal(
      lines.join(' ').replaceAll(/ +/g, ' '),
      `  title  ${words}  column`.replaceAll(/ +/g, ' '),
    );
    assert.ok(lines.slice(1).every((line) => /^ {9}\S/.test(line)));
  });

  it('keeps a command in quotes together, and colours take no room', () => {
    const text = `${'x'.repeat(50)} until "understudy flaps clear"`;
    assert.deepEqual(at80('', text), [`${'x'.repeat(50)} until`, '"understudy flaps clear"']);
    const red = painter(true)('red', 'x'.repeat(70));
    assert.deepEqual(at80('', `${red} 345678`), [`${red} 345678`]);
  });

  it('a word wider than the screen stands as it is', () => {
    assert.deepEqual(at80('  ', `a ${'/'.repeat(90)} b`), ['  a', `  ${'/'.repeat(90)}`, '  b']);
  });

  it('that has no title is broken with an indent of its own', () => {
    assert.deepEqual(layout(['lan  Active  on eth0, primary dallas-2'], 30), [
      'lan  Active  on eth0, primary',
      '    dallas-2',
    ]);
    assert.deepEqual(layout(['  short'], 30), ['  short']);
  });

  it('is never wider than 80 columns, and as wide as a narrow terminal', () => {
    assert.deepEqual([undefined, 0, 60, 200].map(columnsFor), [80, 80, 60, 80]);
  });

  it('gives a duration in its two largest units', () => {
    const shown = [-5, 0, 999.4, 1_000, 59_999, 60_000, 61_500, 7_500_000, 86_400_000, 93_600_000];
    assert.deepEqual(
      shown.map((duration) => formatDuration(duration)),
      [
        '0 ms',
        '0 ms',
        '999 ms',
        '1 s',
        '59 s',
        '1 min',
        '1 min 1 s',
        '2 h 5 min',
        '1 d',
        '1 d 2 h',
      ],
    );
  });

  it('gives an instant in UTC with its age', () => {
    const now = Date.parse('2026-01-01T00:00:10Z');
    assert.equal(
      formatSince('2026-01-01T01:00:00+01:00', { now, local: false }),
      '2026-01-01 00:00:00 UTC, 10 s ago',
    );
  });

  it('gives an instant by the local clock with its offset, summer time and half hours too', () => {
    const zone = process.env['TZ'];
    const shown = (name: string, iso: string): string => {
      process.env['TZ'] = name;
      return formatInstant(iso, { local: true });
    };
    try {
      assert.equal(shown('Europe/Berlin', '2026-01-01T00:00:00Z'), '2026-01-01 01:00:00 +01:00');
      assert.equal(shown('Europe/Berlin', '2026-07-01T00:00:00Z'), '2026-07-01 02:00:00 +02:00');
      assert.equal(shown('America/St_Johns', '2026-01-01T00:00:00Z'), '2025-12-31 20:30:00 -03:30');
      assert.equal(shown('UTC', '2026-01-01T00:00:00Z'), '2026-01-01 00:00:00 +00:00');
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });

  it('replaces control characters only', () => {
    assert.equal(harmless('a\tb\nc\u009Bd é→'), 'a?b?c?d é→');
  });
});
