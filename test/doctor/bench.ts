// A sound pair as the doctor sees it: files, commands and an agent that all are in order, each of which a test may
// change. No test cases.
import assert from 'node:assert/strict';
import { diagnose } from '../../src/doctor/diagnose.js';
import type { Eyes } from '../../src/doctor/eyes.js';
import type { DoctorFacts, Heard, WitnessSight } from '../../src/doctor/facts.js';
import type { DoctorFinding } from '../../src/doctor/finding.js';
import { lookAt } from '../../src/doctor/look.js';
import { parseSettings } from '../../src/config/load.js';
import type { Settings } from '../../src/config/settings.js';
import type { Status } from '../../src/model/status.js';
import { healthy } from '../cli/statuses.js';

const SETTINGS = `
name: a
ha: { primary: true, keyFile: /k, peers: [{ name: b, addresses: [10.98.0.2, 10.99.0.2] }] }
virtualRouters:
  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24] }
  - { name: lan6, interface: eth0, vrid: 51, addresses: ['fe80::33/64'] }
`;

export function settingsOf(text = SETTINGS): Settings {
  const host = { hostName: () => 'a', fileExists: () => false };
  const result = parseSettings(text, 'test', host);
  assert.ok(result.ok, JSON.stringify(result));
  return result.settings;
}

const address = (local: string, prefixlen: number, more = {}): object => ({
  local,
  prefixlen,
  ...more,
});

export const LINKS = [
  { ifname: 'lo', ifindex: 1, addr_info: [address('127.0.0.1', 8)] },
  { ifname: 'eth0', ifindex: 2, addr_info: [address('10.99.0.1', 24), address('fe80::1', 64)] },
  { ifname: 'eth1', ifindex: 3, addr_info: [address('10.98.0.1', 24)] },
];

/** Files by path, commands by their words; null takes one away. */
export interface Plant {
  readonly files?: Readonly<Record<string, string | null>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly commands?: Readonly<Record<string, string | null>>;
  readonly disk?: { readonly freeBytes: number; readonly freeFiles: number };
  /** What each endpoint of the witness answers, as far as it is not as it should be. */
  readonly witness?: readonly Partial<WitnessSight>[];
  readonly status?: Partial<Status> | null;
  readonly settings?: string;
  readonly heard?: readonly Partial<Heard>[] | null;
  readonly known?: DoctorFacts['known'];
}

/** What is planted, what is found of it, and what the evidence says. */
export type Planted = readonly [
  what: string,
  plant: Plant,
  found: readonly string[],
  evidence: RegExp,
];

const SYSCTLS = Object.fromEntries(
  ['all', 'eth0'].flatMap((name) => [
    ...['rp_filter', 'arp_ignore', 'arp_filter', 'arp_announce', 'promote_secondaries'].map(
      (key) => [`/proc/sys/net/ipv4/conf/${name}/${key}`, '0\n'] as const,
    ),
    [`/proc/sys/net/ipv6/conf/${name}/accept_dad`, '1\n'] as const,
  ]),
);

export const PID = 4711;
const AT = `/proc/${PID}`;

export const FILES: Readonly<Record<string, string>> = {
  ...SYSCTLS,
  '/proc/self/mountinfo': '20 1 0:1 / / rw - ext4\n21 20 0:2 / /proc rw,nosuid - proc\n',
  '/proc/swaps': 'Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n',
  [`${AT}/status`]: 'Name:\tnode\nCapEff:\t0000000000003000\n',
  [`${AT}/cgroup`]: '0::/system.slice/understudy.service\n',
  [`${AT}/maps`]: '55 r-xp 0 08:02 1 /usr/bin/node\n',
  [`${AT}/attr/current`]: 'unconfined\n',
  [`${AT}/comm`]: 'node\n',
  '/sys/fs/cgroup/system.slice/understudy.service/memory.swap.max': '0\n',
};

const COMMANDS: Readonly<Record<string, string>> = {
  'ip -json address show': JSON.stringify(LINKS),
  'ip -json route get 10.98.0.2': '[{"dst":"10.98.0.2","dev":"eth1"}]',
  'ip -json route get 10.99.0.2': '[{"dst":"10.99.0.2","dev":"eth0"}]',
  'ip -4 -json route show table all':
    '[{"dst":"10.99.0.0/24","dev":"eth0","protocol":"kernel","prefsrc":"10.99.0.100"}]',
  'ip -6 -json route show table all': '[]',
  // It sent it at 20:33:20.123 UTC; a millisecond later it was there.
  'ping -n -c 1 -W 1 -T tsonly 10.98.0.2': 'TS: \t74000123 absolute\n\t1\n\t0\n\t0\n',
  'nft --json list ruleset': '{"nftables":[{"metainfo":{}}]}',
  'systemctl show understudy --property=NeedDaemonReload': 'NeedDaemonReload=no\n',
};

const SEEN: WitnessSight = {
  endpoint: 'http://10.97.0.9:2379',
  why: null,
  cluster: '7',
  holder: null,
  tookMs: 3,
};

export function eyesOf({
  files = {},
  links = {},
  commands = {},
  disk,
  witness = [],
}: Plant = {}): Eyes {
  const all: Readonly<Record<string, string | null>> = { ...FILES, ...files };
  const spoken: Readonly<Record<string, string | null>> = { ...COMMANDS, ...commands };
  const linked: Readonly<Record<string, string>> = { '/proc/self/ns/net': 'net:[1]', ...links };
  const paths = [...Object.keys(all), ...Object.keys(linked)];
  return {
    text: (path) => all[path] ?? null,
    names: (path) => [
      ...new Set(
        paths.flatMap((one) =>
          one.startsWith(`${path}/`) ? (one.slice(path.length + 1).split('/')[0] ?? []) : [],
        ),
      ),
    ],
    link: (path) => linked[path] ?? null,
    run: (...words) => Promise.resolve(spoken[words.join(' ')] ?? null),
    witness: () => Promise.resolve(witness.map((one) => ({ ...SEEN, ...one }))),
    disk: () => Promise.resolve(disk ?? { freeBytes: 1e9, freeFiles: 1e6 }),
  };
}

const HEARD: Heard = {
  virtualRouter: 'lan',
  source: '10.99.0.2',
  version: 3,
  priority: 100,
  intervalMs: 1000,
  addresses: ['10.99.0.100'],
  authentication: 0,
  signed: false,
  unicast: false,
  dialect: 'rfc9568',
};

export const VERSION = '1.2.3';

/** Everything that is said, with this planted. */
export async function examine(plant: Plant = {}): Promise<readonly DoctorFinding[]> {
  const { heard = [], known = [], status = {} } = plant;
  const agent = { ...healthy, pid: PID, version: VERSION, ...status };
  const looked = await lookAt(
    settingsOf(plant.settings),
    status === null ? null : agent,
    eyesOf(plant),
  );
  return diagnose({
    ...looked,
    known,
    version: VERSION,
    heard: heard === null ? null : heard.map((one) => ({ ...HEARD, ...one })),
    notListened: heard === null ? 'EPERM' : null,
  });
}

/** `warning rp-filter` of all that is not sound. */
export const wrong = (findings: readonly DoctorFinding[]): string[] =>
  findings.filter(({ level }) => level !== 'ok').map(({ level, id }) => `${level} ${id}`);
