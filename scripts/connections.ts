// `scripts/connections`: lets established TCP connections to the virtual addresses outlive a planned move.
// The appliance that has just taken an address hands packets of connections that it does not know to its
// peer, which finishes them. The kernel does it all; this program writes the rules and goes.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { formatSettingsError } from '../src/config/errors.js';
import { loadSettings } from '../src/config/load.js';
import type { Settings, VirtualRouterSettings } from '../src/config/settings.js';
import { isWithin, type IpAddress } from '../src/model/address.js';

const USAGE = `usage: scripts/connections on|off|show [--config FILE]

  on     established connections to the virtual addresses outlive a planned move of the role
  off    takes away what "on" made
  show   prints what "on" makes

  --config FILE   the settings (default /etc/understudy/understudy.yaml)
`;
const DEFAULT_CONFIG = '/etc/understudy/understudy.yaml';
const TABLE = 'understudy_connections';
const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** A peer that was not heard for so long has no connection to finish any more: what it had is reset. */
const ALIVE = '1s';
/** Worse than the route that the kernel makes for an address that stands on the interface. */
const METRIC = 1000;

/** What one virtual router needs. */
interface Kept {
  readonly interface: string;
  readonly family: 'ip' | 'ip6';
  readonly addresses: readonly IpAddress[];
  /** The peer's own address in the subnet of the virtual addresses. */
  readonly peer: IpAddress;
}

/** Throws this to end with a message. */
class Complaint extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

function keptOf({ ha, virtualRouters }: Settings): Kept[] {
  const [peer, ...others] = ha.peers;
  if (peer === undefined || others.length > 0) {
    const found = `found ${ha.peers.length}`;
    throw new Complaint(EXIT.failed, `ha.peers: exactly one peer expected, ${found}`);
  }
  return virtualRouters.map((router) => {
    const near = peer.addresses.find((address) => inSubnetOf(router, address));
    if (near === undefined) {
      const found = `found ${peer.addresses.join(', ')}; add it to its addresses`;
      const message = `ha.peers: an address of ${peer.name} in the subnet of ${router.name} expected, ${found}`;
      throw new Complaint(EXIT.failed, message);
    }
    const addresses = router.addresses.map(({ address }) => address);
    const family = router.family === 'ipv4' ? 'ip' : 'ip6';
    return { interface: router.interface, family, addresses, peer: near };
  });
}

const inSubnetOf = (router: VirtualRouterSettings, address: IpAddress): boolean =>
  router.addresses.some((network) => isWithin(address, network));

/**
 * The rules of one family. A packet is handed over when its address stands here, it opens no connection,
 * no socket but a listening one wants it, and the peer's agent was heard on this interface just now.
 */
function ruleset(family: Kept['family'], all: readonly Kept[], port: number): string {
  const rules = all.flatMap(({ interface: device, addresses, peer }, index) => [
    `    iifname "${device}" ${family} saddr ${peer} udp dport ${port} update @heard_${index} { iifname }`,
    `    iifname "${device}" iifname @heard_${index} ${family} daddr { ${addresses.join(', ')} } ` +
      `fib daddr . iif type local tcp flags & syn == 0 socket wildcard 1 ` +
      `dup to ${peer} device "${device}" drop`,
  ]);
  const sets = all.map(
    (_, index) =>
      `  set heard_${index} { type ifname; size 16; flags dynamic,timeout; timeout ${ALIVE}; }`,
  );
  return [
    `table ${family} ${TABLE} {`,
    ...sets,
    '  chain prerouting {',
    '    type filter hook prerouting priority mangle;',
    ...rules,
    '  }',
    '}',
    '',
  ].join('\n');
}

const FAMILIES = ['ip', 'ip6'] as const;

/** Both tables, replaced in one step. */
const nftScript = (kept: readonly Kept[], port: number): string =>
  FAMILIES.map((family) => {
    const all = kept.filter((one) => one.family === family);
    const empty = `table ${family} ${TABLE} {}\ndelete table ${family} ${TABLE}\n`;
    return all.length === 0 ? empty : `${empty}${ruleset(family, all, port)}`;
  }).join('');

/** Packets to the addresses are taken, and answers given from them, also while they stand elsewhere. */
const routes = (kept: readonly Kept[], verb: 'replace' | 'del'): string[][] =>
  kept.flatMap(({ family, addresses }) =>
    addresses.map((address) =>
      `${family === 'ip' ? '-4' : '-6'} route ${verb} local ${address} dev lo table local metric ${METRIC}`.split(
        ' ',
      ),
    ),
  );

/**
 * ARP is answered only for addresses of the interface itself, and asked from one of them: a question from
 * the virtual address would tell its receiver that the address is here. IPv6 does so anyway.
 */
const ARP = [
  { setting: 'arp_ignore', least: 1 },
  { setting: 'arp_announce', least: 2 },
] as const;

function devicesOf(kept: readonly Kept[]): string[] {
  return [...new Set(kept.filter(({ family }) => family === 'ip').map((one) => one.interface))];
}

function command(argv: readonly string[], input = ''): void {
  const [program = '', ...rest] = argv;
  const { status, stderr, error } = spawnSync(program, rest, { input, encoding: 'utf8' });
  if (error !== undefined) {
    throw new Complaint(EXIT.failed, `${program}: ${error.message}; install nftables and iproute2`);
  }
  if (status !== 0) throw new Complaint(EXIT.failed, `${argv.join(' ')}: ${stderr.trim()}`);
}

function tameArp(device: string): void {
  const folder = `/proc/sys/net/ipv4/conf/${device}`;
  if (!existsSync(folder)) {
    throw new Complaint(EXIT.failed, `the interface ${device} expected, found none of that name`);
  }
  for (const { setting, least } of ARP) {
    const file = `${folder}/${setting}`;
    if (Number(readFileSync(file, 'utf8')) < least) writeFileSync(file, String(least));
  }
}

function on(kept: readonly Kept[], port: number): void {
  // Before the routes: without it the LAN would be told that the addresses are here.
  for (const device of devicesOf(kept)) tameArp(device);
  command(['nft', '-f', '-'], nftScript(kept, port));
  for (const route of routes(kept, 'replace')) command(['ip', ...route]);
}

/** What was set for ARP stays: somebody else may want it too. */
function off(kept: readonly Kept[]): void {
  for (const route of routes(kept, 'del')) spawnSync('ip', route);
  command(['nft', '-f', '-'], nftScript([], 0));
}

function show(kept: readonly Kept[], port: number): string {
  return [
    ...devicesOf(kept).flatMap((device) =>
      ARP.map(({ setting, least }) => `sysctl net.ipv4.conf.${device}.${setting}=${least}`),
    ),
    ...routes(kept, 'replace').map((route) => `ip ${route.join(' ')}`),
    'nft -f - <<END',
    `${nftScript(kept, port)}END`,
    '',
  ].join('\n');
}

function settingsFrom(file: string): Settings {
  const result = loadSettings(file);
  if (result.ok) return result.settings;
  const errors = result.errors.map((error) => formatSettingsError(error, file));
  throw new Complaint(EXIT.usage, errors.join('\n'));
}

function main(): void {
  const { values, positionals } = readArguments();
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const [verb, ...more] = positionals;
  if (more.length > 0 || (verb !== 'on' && verb !== 'off' && verb !== 'show')) {
    const found = positionals.join(' ') || 'nothing';
    throw new Complaint(EXIT.usage, `on, off or show expected, found ${found}\n${USAGE}`);
  }
  const settings = settingsFrom(values.config);
  const kept = keptOf(settings);
  if (verb === 'on') on(kept, settings.ha.port);
  else if (verb === 'off') off(kept);
  else process.stdout.write(show(kept, settings.ha.port));
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        config: { type: 'string', default: DEFAULT_CONFIG },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new Complaint(EXIT.usage, `${(error as Error).message}\n${USAGE}`);
  }
}

try {
  main();
} catch (error) {
  if (!(error instanceof Complaint)) throw error;
  process.stderr.write(`connections: ${error.message}\n`);
  process.exitCode = error.code;
}
