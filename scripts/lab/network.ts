// The lab's wiring: network namespaces, a bridge, an HA link, what a plan adds to them, and the ways to
// break them. No daemons: those are appliance.ts.
//
//      a ──eth0── port-a ┐                 ┌ port-c ──eth0── c   10.99.0.10, 2001:db8:99::10
//      │                 ├ br0 (in sw)  ───┤
//      b ──eth0── port-b ┘  10.99.0.254    └
//      └─ha0─ direct to a.ha0: 10.98.0.1 and 10.98.0.2
import { mkdirSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { cable } from './cable.js';
import { held, run, type Completed } from './command.js';

export type ApplianceName = 'a' | 'b';
/** The appliances, the client, the switch, or a further host of the plan. */
export type NamespaceName = ApplianceName | 'c' | 'sw' | HostName;
export type HostName = `host-${string}`;
/** A router of the LAN besides the two appliances; it has no HA link. */
export type FurtherName = keyof typeof FURTHER;
/** Whatever may hold an address. */
export type RouterName = ApplianceName | FurtherName;

const NAMESPACES: readonly NamespaceName[] = ['sw', 'a', 'b', 'c'];

/** A host besides the appliances and the client: one interface, eth0. */
export interface HostPlan {
  /** The segment it stands on, by the appliances' interface; the LAN unless given. */
  readonly on?: string;
  /** With prefix length. */
  readonly address: string;
  readonly gateway: string;
  /** The kernel's choice unless given. */
  readonly mac?: string;
  /** A further address of its own, with prefix length. */
  readonly ipv6?: string;
}

/** What a lab has beyond its appliances, their client and the LAN between them. */
export interface NetworkPlan {
  readonly hosts?: Readonly<Record<HostName, HostPlan>>;
  /**
   * Further interfaces of both appliances, each with a switch of its own: the first 24 bits of their
   * addresses there (`10.97.0`: 10.97.0.1 and 10.97.0.2), or null for none.
   */
  readonly segments?: Readonly<Record<string, string | null>>;
  /** What the client has beyond its place on the LAN. */
  readonly client?: {
    /** Its addresses, with prefix length, on further segments. */
    readonly on?: Readonly<Record<string, string>>;
    /** `ip route add` arguments: `10.97.0.0/24 via 10.99.0.100`. */
    readonly routes?: readonly string[];
  };
}

interface Station {
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly linkLocal: string;
}

const station = (host: number): Station => {
  const octet = host.toString(16).padStart(2, '0');
  return {
    mac: `02:00:00:63:00:${octet}`,
    ipv4: `10.99.0.${host}`,
    ipv6: `2001:db8:99::${host}`,
    linkLocal: `fe80::ff:fe63:${host.toString(16)}`,
  };
};

/** What stands on the LAN, by namespace. The link-local address is the EUI-64 of the fixed MAC. */
export const STATIONS = { a: station(1), b: station(2), c: station(10) } as const;

/** Where further routers stand, by namespace. */
export const FURTHER = {
  'host-d': station(3),
  'host-e': station(4),
  'host-f': station(5),
  'host-g': station(6),
  'host-h': station(7),
  'host-i': station(8),
} as const;

/** The host that a further router is. */
export const furtherHost = (name: FurtherName): HostPlan => {
  const { mac, ipv4, ipv6 } = FURTHER[name];
  return { mac, address: `${ipv4}/24`, ipv6: `${ipv6}/64`, gateway: GATEWAY.ipv4 };
};

/** The gateway, an address of the bridge itself. */
export const GATEWAY = { ipv4: '10.99.0.254', ipv6: '2001:db8:99::254' } as const;

/** Duplicate address detection and router solicitations would only cost setup time. */
const QUIET = `
for scope in all default; do
  for setting in accept_dad=0 dad_transmits=0 accept_ra=0 router_solicitations=0; do
    echo "\${setting#*=}" > "/proc/sys/net/ipv6/conf/$scope/\${setting%=*}"
  done
done
ip link set lo up`;

/**
 * What a rule of the switch matches: everything, what is sent to a group (of IPv6 only), VRRP only, the questions
 * that gateway monitoring asks, or the HA port.
 */
export type Traffic = 'all' | 'multicast' | 'multicast6' | 'vrrp' | 'gateway' | 'ha';

const MATCHES: Readonly<Record<Traffic, readonly string[]>> = {
  all: [''],
  // Broadcast (ARP requests) has the group bit too; IPv6 neighbor discovery needs 33:33:ff.
  multicast: ['ip daddr 224.0.0.0/4', 'ip6 daddr ff02::12'],
  multicast6: ['ip6 daddr ff02::12'],
  vrrp: ['ip protocol 112', 'ip6 nexthdr 112'],
  gateway: [`ip daddr ${GATEWAY.ipv4} icmp type echo-request`],
  ha: ['udp dport 7112'],
};

/** So long a program needs to be loaded. */
const READY_MS = 100;

export class Network {
  readonly directory: string;
  readonly #plan: NetworkPlan;
  readonly #namespaces: readonly NamespaceName[];
  #rules = 0;

  /** `directory` must lie on a file system of the sandbox: the namespaces are mounted there. */
  constructor(directory: string, plan: NetworkPlan = {}) {
    this.directory = directory;
    this.#plan = plan;
    this.#namespaces = [...NAMESPACES, ...(Object.keys(plan.hosts ?? {}) as HostName[])];
  }

  /** Makes the empty namespaces; watchers can be started before `wire` puts anything into them. */
  async create(): Promise<void> {
    mkdirSync(`${this.directory}/net`, { recursive: true });
    for (const name of this.#namespaces) writeFileSync(this.#file(name), '');
    await Promise.all(
      this.#namespaces.map((name) =>
        run(['unshare', `--net=${this.#file(name)}`, 'sh', '-c', QUIET]),
      ),
    );
  }

  /** Makes and connects every interface. */
  async wire(): Promise<void> {
    const stations = Object.keys(STATIONS) as (ApplianceName | 'c')[];
    await this.ip('sw', [
      'link add name br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
      'link set br0 address 02:00:00:63:00:fe up',
      `address add ${GATEWAY.ipv4}/24 dev br0`,
      `address add ${GATEWAY.ipv6}/64 dev br0 nodad`,
    ]);
    await this.ip('a', [
      cable(
        { name: 'ha0', mac: '02:00:00:62:00:01' },
        { name: 'ha0', mac: '02:00:00:62:00:02', netns: this.#file('b') },
      ),
    ]);
    await Promise.all([
      ...stations.map((name) => this.layStation(name)),
      ...APPLIANCE_HOSTS.map(([name, host]) =>
        this.ip(name, ['link set ha0 up', `address add 10.98.0.${host}/24 dev ha0`]),
      ),
    ]);
    await this.#wireSegments();
    await this.#wireHosts();
    await this.#wireClient();
  }

  /** Makes the LAN interface of a station and its cable, with the addresses and the route of its own. */
  async layStation(name: ApplianceName | 'c'): Promise<void> {
    const { mac, ipv4, ipv6 } = STATIONS[name];
    await this.ip('sw', [
      cable({ name: `port-${name}` }, { name: 'eth0', mac, netns: this.#file(name) }),
      `link set port-${name} master br0`,
      `link set port-${name} up`,
    ]);
    await this.ip(name, [
      'link set eth0 up',
      `address add ${ipv4}/24 dev eth0`,
      `address add ${ipv6}/64 dev eth0 nodad`,
      `route add default via ${GATEWAY.ipv4}`,
    ]);
  }

  /** Deletes the LAN interface of a station, whatever it is called there now, and its cable. */
  async removeStation(name: ApplianceName | 'c'): Promise<void> {
    await this.ip('sw', [`link delete port-${name}`]);
  }

  /** The further interfaces of the appliances. */
  async #wireSegments(): Promise<void> {
    for (const [name, subnet] of Object.entries(this.#plan.segments ?? {})) {
      const bridge = bridgeOf(name);
      await this.ip('sw', [
        `link add name ${bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
        `link set ${bridge} up`,
        ...APPLIANCE_HOSTS.flatMap(([appliance]) =>
          this.#cable(cableOf(appliance, name), bridge, appliance, name),
        ),
      ]);
      for (const [appliance, host] of APPLIANCE_HOSTS) {
        await this.ip(appliance, [
          `link set ${name} up`,
          ...(subnet === null ? [] : [`address add ${subnet}.${host}/24 dev ${name}`]),
        ]);
      }
    }
  }

  async #wireHosts(): Promise<void> {
    const hosts = Object.entries(this.#plan.hosts ?? {}) as [HostName, HostPlan][];
    for (const [index, [name, host]] of hosts.entries()) {
      const { on = 'eth0', address, gateway, mac, ipv6 } = host;
      await this.ip('sw', this.#cable(`host-${index}`, bridgeOf(on), name, 'eth0'));
      await this.ip(name, [
        ...(mac === undefined ? [] : [`link set eth0 address ${mac}`]),
        'link set eth0 up',
        `address add ${address} dev eth0`,
        ...(ipv6 === undefined ? [] : [`address add ${ipv6} dev eth0 nodad`]),
        `route add default via ${gateway}`,
      ]);
    }
  }

  async #wireClient(): Promise<void> {
    const { on = {}, routes = [] } = this.#plan.client ?? {};
    for (const [segment, address] of Object.entries(on)) {
      await this.ip('sw', this.#cable(`port-c-${segment}`, bridgeOf(segment), 'c', segment));
      await this.ip('c', [`link set ${segment} up`, `address add ${address} dev ${segment}`]);
    }
    await this.ip(
      'c',
      routes.map((route) => `route add ${route}`),
    );
  }

  /** `ip` lines for a cable from the switch to an interface of a namespace. */
  #cable(port: string, bridge: string, to: NamespaceName, device: string): string[] {
    return [
      cable({ name: port }, { name: device, netns: this.#file(to) }),
      `link set ${port} master ${bridge}`,
      `link set ${port} up`,
    ];
  }

  /** The command line that runs `argv` in the namespace. `nsenter` execs: the process id is the program's. */
  inside(name: NamespaceName, argv: readonly string[]): string[] {
    return ['nsenter', `--net=${this.#file(name)}`, '--', ...argv];
  }

  /** Runs a command in the namespace to its end. @throws Error when its status is not 0. */
  run(name: NamespaceName, argv: readonly string[], input = ''): Promise<Completed> {
    return run(this.inside(name, argv), input);
  }

  /** Runs `ip -batch` lines in the namespace. */
  async ip(name: NamespaceName, lines: readonly string[]): Promise<void> {
    await this.run(name, ['ip', '-batch', '-'], `${lines.join('\n')}\n`);
  }

  /** Carrier of an appliance's cable (the LAN's unless told), by the switch's end of it. */
  async setCable(name: ApplianceName, connected: boolean, device = 'eth0'): Promise<void> {
    await this.ip('sw', [`link set ${cableOf(name, device)} ${connected ? 'up' : 'down'}`]);
  }

  /** Carrier of a further host's cable, by the switch's end of it. */
  async setHostCable(name: HostName, connected: boolean): Promise<void> {
    const index = Object.keys(this.#plan.hosts ?? {}).indexOf(name);
    await this.ip('sw', [`link set host-${index} ${connected ? 'up' : 'down'}`]);
  }

  /** Both ends of the direct HA link. */
  async setHaLink(connected: boolean): Promise<void> {
    const line = `link set ha0 ${connected ? 'up' : 'down'}`;
    await Promise.all([this.ip('a', [line]), this.ip('b', [line])]);
  }

  /**
   * Drops traffic silently on the switch: carrier stays. `from` sends it, `to` would receive it;
   * without `to` it reaches nobody. Returns the call that heals it.
   */
  async drop(rule: {
    readonly traffic: Traffic;
    readonly from?: ApplianceName | 'c';
    readonly to?: ApplianceName | 'c';
  }): Promise<() => Promise<void>> {
    this.#rules += 1;
    const table = `drop${this.#rules}`;
    const from = rule.from === undefined ? '' : `iifname "port-${rule.from}"`;
    const to = rule.to === undefined ? '' : `oifname "port-${rule.to}"`;
    const hook = hookFor(rule.from !== undefined, rule.to !== undefined);
    const rules = MATCHES[rule.traffic].map((match) => `${from} ${to} ${match} drop`).join('\n');
    const script = `table bridge ${table} {\nchain lab {\ntype filter hook ${hook} priority 0;\n${rules}\n}\n}\n`;
    await this.run('sw', ['nft', '-f', '-'], script);
    return async () => void (await this.run('sw', ['nft', 'delete', 'table', 'bridge', table]));
  }

  /**
   * Drops traffic of an appliance on all its interfaces (or only these), in and out, in one instant: to
   * everybody else it is gone, though carrier stays everywhere. Returns the call that heals it.
   */
  async silence(
    name: ApplianceName,
    traffic: 'all' | 'ha',
    only: readonly string[] = ['eth0', 'ha0', ...Object.keys(this.#plan.segments ?? {})],
  ): Promise<() => Promise<void>> {
    const { table, script } = this.#silencing(traffic, only);
    await this.run(name, ['nft', '-f', '-'], script);
    return async () => void (await this.run(name, ['nft', 'delete', 'table', 'netdev', table]));
  }

  /** The same for all traffic, one interface after the other. Returns the call that heals it. */
  async silenceInTurn(
    name: ApplianceName,
    devices: readonly string[],
    apartMs: number,
  ): Promise<() => Promise<void>> {
    const tables = devices.map((device) => this.#silencing('all', [device]));
    // Each reads its rules to the end before it does anything: all stand ready when the first begins.
    const ready = tables.map(({ script }) => held(this.inside(name, ['nft', '-f', '-']), script));
    await sleep(READY_MS);
    const done: Promise<unknown>[] = [];
    for (const release of ready) {
      if (done.length > 0) await sleep(apartMs);
      done.push(release());
    }
    await Promise.all(done);
    return async () => {
      for (const { table } of tables) {
        await this.run(name, ['nft', 'delete', 'table', 'netdev', table]);
      }
    };
  }

  #silencing(
    traffic: 'all' | 'ha',
    only: readonly string[],
  ): { readonly table: string; readonly script: string } {
    this.#rules += 1;
    const table = `silence${this.#rules}`;
    const devices = only.join(', ');
    const chains = ['ingress', 'egress'].map(
      (hook) =>
        `chain ${hook} {\ntype filter hook ${hook} devices = { ${devices} } priority 0;\n` +
        `${MATCHES[traffic].map((match) => `${match} drop`).join('\n')}\n}`,
    );
    return { table, script: `table netdev ${table} {\n${chains.join('\n')}\n}\n` };
  }

  /** Kills every process in the namespaces and lets go of them. */
  async close(): Promise<void> {
    const inodes = new Set(this.#namespaces.map((name) => statSync(this.#file(name)).ino));
    for (const entry of readdirSync('/proc')) {
      if (/^\d+$/.test(entry) && inodes.has(namespaceOf(entry))) killIfAlive(Number(entry));
    }
    await run(['umount', ...this.#namespaces.map((name) => this.#file(name))]);
  }

  #file(name: NamespaceName): string {
    return `${this.directory}/net/${name}`;
  }
}

const APPLIANCE_HOSTS: readonly (readonly [ApplianceName, number])[] = [
  ['a', 1],
  ['b', 2],
];

/** The switch's end of an appliance's cable; a name has 15 characters at most. */
const cableOf = (name: ApplianceName, device: string): string =>
  device === 'eth0' ? `port-${name}` : `port-${name}-${device}`;

const bridgeOf = (device: string): string => (device === 'eth0' ? 'br0' : `br-${device}`);

/** The earliest hook of the bridge that knows the ports asked for: no single one knows both ends of all. */
function hookFor(from: boolean, to: boolean): string {
  if (!to) return 'prerouting';
  return from ? 'forward' : 'postrouting';
}

/** Inode of the process's network namespace; 0 when the process has gone meanwhile. */
function namespaceOf(pid: string): number {
  try {
    return Number(/\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended between the look and the kill.
  }
}
