// What usually goes wrong, planted one by one into a sound pair: found with its evidence and a remedy, and nothing
// else is. On the sound pair nothing is found. What is planted: host-plants.ts, wire-plants.ts. Files and commands are
// made up; real ones: network.test.ts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { listeningMs } from '../../src/doctor/listen.js';
import { describe, it } from '../support/test.js';
import { examine, settingsOf, wrong, type Plant } from './bench.js';
import { DPORT, HOST_PLANTS, NETWORK_FILE, NETWORKD, NM } from './host-plants.js';
import { chain, match, nft, rule } from './nft.js';
import { WIRE_PLANTS, withErrors } from './wire-plants.js';
import { WITNESS_PLANTS } from './witness-plants.js';

const PLANTS = [...HOST_PLANTS, ...WIRE_PLANTS];

describe('a sound pair', () => {
  it('nothing is found', async () => {
    const findings = await examine();
    assert.deepEqual(wrong(findings), []);
    assert.ok(findings.length > 15, 'and what was looked at is said');
    for (const { evidence, remedy } of findings) assert.deepEqual([evidence, remedy], [[], []]);
  });

  it('nor where what was discarded is days ago, or only remarkable', async () => {
    const virtualRouters = [
      withErrors({ version: 4, intervalMismatch: 2 }, '2025-12-30T00:00:00.000Z'),
    ];
    const status = { time: '2026-01-01T02:05:00.000Z', virtualRouters };
    assert.deepEqual(wrong(await examine({ status })), []);
  });

  it('nor where networkd, NetworkManager and a firewall are as they should be', async () => {
    const kept = `${NETWORK_FILE}.d/x.conf`;
    const plant: Plant = {
      files: {
        ...NETWORKD,
        [kept]: '[Network]\nKeepConfiguration=static\n',
        ...NM,
        '/etc/NetworkManager/conf.d/x.conf':
          '[device-x]\nmatch-device=interface-name:eth*\nkeep-configuration=yes\n',
      },
      commands: nft(
        chain('input', 'drop'),
        rule(match({ ct: { key: 'state' } }, ['established', 'related']), { accept: null }),
        rule(match({ meta: { key: 'iifname' } }, 'lo'), { accept: null }),
        rule(
          match(
            { payload: { protocol: 'ip', field: 'daddr' } },
            { prefix: { addr: '224.0.0.0', len: 4 } },
          ),
          { accept: null },
        ),
        rule(match({ payload: { protocol: 'ip6', field: 'nexthdr' } }, 112), { accept: null }),
        rule(match(DPORT, { set: [22, 7112] }), { accept: null }),
      ),
    };
    assert.deepEqual(wrong(await examine(plant)), []);
  });
});

describe('planted', () => {
  for (const [what, plant, expected, evidence] of PLANTS) {
    it(`${what} is found, and nothing else`, async () => {
      const findings = await examine(plant);
      const found = findings.filter(({ level }) => level !== 'ok');
      assert.deepEqual([...new Set(wrong(findings))], expected, JSON.stringify(found));
      for (const one of found) {
        assert.match(one.evidence.join('\n'), evidence);
        assert.ok(one.remedy.length > 0 && one.message.length > 10);
      }
    });
  }
});

describe('what is found', () => {
  it('is planted, each of it, and stands in the table of docs/CLI.md', () => {
    const page = readFileSync(new URL('../../../docs/CLI.md', import.meta.url), 'utf8');
    const section = /\n## doctor\n([^]*?)\n## /.exec(page)?.[1] ?? '';
    const rows = [...section.matchAll(/^\| (`.*?) +\| /gm)].map(([, cell = '']) => cell);
    const listed = rows.flatMap((cell) => cell.split(', ').map((id) => id.replaceAll('`', '')));
    const ids = [...PLANTS, ...WITNESS_PLANTS].flatMap(([, , expected]) =>
      expected.map((one) => one.split(' ')[1] ?? ''),
    );
    assert.deepEqual([...new Set(ids)].sort(), listed.sort());
  });

  it('on the wire is listened for long enough: VRRPv2 speaks once a second', () => {
    const routers = (...intervals: readonly number[]): string =>
      JSON.stringify(
        intervals.map((advertisementIntervalMs, index) => ({
          name: `r${index}`,
          interface: 'eth0',
          vrid: index + 1,
          addresses: [`10.99.0.${index + 100}/24`],
          advertisementIntervalMs,
        })),
      );
    const cases = [
      [[100], 3_000],
      [[1_000], 3_000],
      [[10, 2_000], 6_000],
      [[40_950], 15_000],
    ] as const;
    for (const [intervals, expected] of cases) {
      const settings = settingsOf(`virtualRouters: ${routers(...intervals)}`);
      assert.equal(listeningMs(settings), expected);
    }
  });
});
