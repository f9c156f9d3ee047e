// `scripts/connections`: lets established TCP connections to the virtual addresses outlive a planned move.
// The appliance that has just taken an address hands packets of connections that it does not know to its
// peer, which finishes them. The kernel does it all; this program writes the rules and goes.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { formatSettingsError } from '../src/config/errors.js';
import { loadSettings } from '../src/config/load.js';
import {
  arpInterfaces,
  FAMILIES,
  NFT_NONE,
  nftScript,
  planOf,
  ROUTE_PROTOCOL,
  routesOf,
  routeTo,
  Unsuitable,
  type Plan,
} from './connections-rules.js';

const USAGE = `usage: scripts/connections on|off|show [--config FILE]

  on     established connections to the virtual addresses outlive a planned move of the role; again
         after a change of the settings
  off    takes away what "on" made, whatever the settings say by now
  show   prints what "on" does, as a shell script

  --config FILE   the settings (default /etc/understudy/understudy.yaml)
`;
const DEFAULT_CONFIG = '/etc/understudy/understudy.yaml';
const EXIT = { failed: 1, usage: 2 } as const;
/** CAP_NET_ADMIN (linux/capability.h). */
const NET_ADMIN = 12n;

/** Ends the program with a message. */
class Complaint extends Error {
  readonly code: number;
  /** What the message begins with: nothing where it names file and line. */
  readonly prefix: string;
  constructor(code: number, message: string, prefix = 'connections: ') {
    super(message);
    this.code = code;
    this.prefix = prefix;
  }
}

/**
 * An appliance takes packets to addresses that stand elsewhere, and must not say by ARP that it has them:
 * neither when it is asked, nor as the sender of its own questions. IPv6 does not by itself.
 */
const ARP_SETTINGS = [
  { name: 'arp_ignore', least: 1 },
  { name: 'arp_announce', least: 2 },
] as const;

const arpFile = (device: string, name: string): string =>
  `/proc/sys/net/ipv4/conf/${device}/${name}`;

/**
 * Runs a command to its end and returns what it prints. A failure that matches `harmless` is none.
 * @throws Complaint when it is missing or fails.
 */
function command(
  argv: readonly [string, ...string[]],
  packageName: string,
  options: { readonly input?: string; readonly harmless?: RegExp } = {},
): string {
  const [program, ...rest] = argv;
  const { input = '', harmless } = options;
  const { status, stdout, stderr, error } = spawnSync(program, rest, { input, encoding: 'utf8' });
  if (error !== undefined) {
    const code = 'code' in error ? String(error.code) : error.message;
    const found = code === 'ENOENT' ? 'found none' : `found ${code}`;
    const message = `the command ${program} expected, ${found}: install ${packageName}`;
    throw new Complaint(EXIT.failed, message);
  }
  if (status === 0 || harmless?.test(stderr) === true) return stdout;
  throw new Complaint(EXIT.failed, `${argv.join(' ')}: ${stderr.trim()}`);
}

const nft = (script: string): string => command(['nft', '-f', '-'], 'nftables', { input: script });
const ipBatch = (lines: readonly string[]): string => {
  const input = lines.map((line) => `${line}\n`).join('');
  return command(['ip', '-batch', '-'], 'iproute2', { input });
};

function requireNetAdmin(): void {
  const [, capabilities = '0'] =
    /^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  if (((BigInt(`0x${capabilities}`) >> NET_ADMIN) & 1n) === 1n) return;
  const found = `found user ${process.getuid?.()} (${userName()}) without it`;
  throw new Complaint(EXIT.failed, `root or CAP_NET_ADMIN expected, ${found}: run it with sudo`);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'of no name';
  }
}

/** All that may be missing is missed before anything is touched. */
function requireAll(plan: Plan): void {
  requireNetAdmin();
  for (const { interface: device } of plan.kept) {
    if (existsSync(arpFile(device, 'arp_ignore'))) continue;
    throw new Complaint(
      EXIT.failed,
      `the interface ${device} of the settings expected, found none of that name; again when it is there`,
    );
  }
  command(['ip', '-V'], 'iproute2');
  command(['nft', '--version'], 'nftables');
}

/** The addresses that have a route of ours now. */
function routedNow(): string[] {
  // Where no address of the family was ever set, there is no table either.
  const harmless = /FIB table does not exist/;
  return FAMILIES.flatMap((family) => {
    const words = [family === 'ip' ? '-4' : '-6', 'route', 'show', 'table', 'local'];
    const text = command(['ip', ...words, 'proto', String(ROUTE_PROTOCOL)], 'iproute2', {
      harmless,
    });
    return [...text.matchAll(/^local (\S+) /gm)].map(([, address = '']) => address);
  });
}

/** @throws Complaint when it is less and cannot be written: containers have it read-only. */
function atLeast(file: string, least: number): void {
  const found = Number(readFileSync(file, 'utf8'));
  if (found >= least) return;
  try {
    writeFileSync(file, String(least));
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    const remedy = 'make it writable, or set it from outside';
    throw new Complaint(
      EXIT.failed,
      `${file}: at least ${least} expected, found ${found}, and it cannot be written (${why}): ${remedy}`,
    );
  }
}

function on(plan: Plan): void {
  requireAll(plan);
  const wanted = routesOf(plan);
  const gone = routedNow()
    .map(routeTo)
    .filter((route) => !wanted.includes(route));
  // Before the routes: without it ARP would tell of addresses that stand elsewhere.
  for (const device of arpInterfaces(plan)) {
    for (const { name, least } of ARP_SETTINGS) {
      atLeast(arpFile(device, name), least);
    }
  }
  nft(nftScript(plan));
  ipBatch([
    ...wanted.map((route) => `route replace ${route}`),
    ...gone.map((route) => `route del ${route}`),
  ]);
}

/** What ARP was told stays: somebody else may want it too. */
function off(): void {
  requireNetAdmin();
  nft(NFT_NONE);
  ipBatch(routedNow().map((address) => `route del ${routeTo(address)}`));
}

function show(plan: Plan): string {
  const arp = arpInterfaces(plan).flatMap((device) =>
    ARP_SETTINGS.map(({ name, least }) => `echo ${least} >${arpFile(device, name)}`),
  );
  const routes = routesOf(plan).map((route) => `ip route replace ${route}`);
  return [...arp, "nft -f - <<'END'", `${nftScript(plan)}END`, ...routes, ''].join('\n');
}

function planFrom(file: string): Plan {
  const result = loadSettings(file);
  if (!result.ok) {
    const errors = result.errors.map((error) => formatSettingsError(error, file));
    throw new Complaint(EXIT.usage, errors.join('\n'), '');
  }
  try {
    return planOf(result.settings);
  } catch (error) {
    if (!(error instanceof Unsuitable)) throw error;
    throw new Complaint(EXIT.failed, error.message);
  }
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
  if (verb === 'off') off();
  else if (verb === 'on') on(planFrom(values.config));
  else process.stdout.write(show(planFrom(values.config)));
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
  process.stderr.write(`${error.prefix}${error.message}\n`);
  process.exitCode = error.code;
}
