// The settings of two understudies that know each other: peers over HA link and LAN, a shared key, and
// whatever of monitors, bypass and hooks a test asks for. Nothing is started here.
import { FURTHER, type ApplianceName, type FurtherName, type RouterName } from './network.js';
import { ROOT, understudy, type LabFile, type Program } from './program.js';

/** The addresses of each appliance: HA link first, LAN too. A further one has the LAN alone. */
export const PATHS: Readonly<
  Record<ApplianceName, readonly [string, string]> & Record<FurtherName, readonly string[]>
> = {
  a: ['10.98.0.1', '10.99.0.1'],
  b: ['10.98.0.2', '10.99.0.2'],
  'host-d': [FURTHER['host-d'].ipv4],
  'host-e': [FURTHER['host-e'].ipv4],
  'host-f': [FURTHER['host-f'].ipv4],
  'host-g': [FURTHER['host-g'].ipv4],
  'host-h': [FURTHER['host-h'].ipv4],
  'host-i': [FURTHER['host-i'].ipv4],
};

const onHaLink = (address: string): boolean => address.startsWith('10.98.');

export const GATEWAY_MONITORING = {
  addresses: ['10.99.0.254'],
  intervalMs: 100,
  failureThreshold: 3,
  recoveryThreshold: 3,
} as const;

type Values = Readonly<Record<string, unknown>>;

/** What differs from the plain pair: `a` is primary, 1000 ms, one virtual router, no monitors. */
export interface PairSpec {
  readonly ha?: Values;
  /** Whoever is an appliance of ours; `a` and `b` unless given. */
  readonly members?: readonly RouterName[];
  /** The addresses of each appliance as the others know them, instead of PATHS. */
  readonly paths?: Readonly<Partial<Record<RouterName, readonly string[]>>>;
  /** Instead of the one virtual router `lan`. */
  readonly virtualRouters?: readonly Values[];
  /** Into every virtual router. */
  readonly router?: Values;
  /** Into every virtual router of one appliance. */
  readonly own?: Readonly<Partial<Record<RouterName, Values>>>;
  /** Further sections of the settings file; what names files gets the appliance's folder. */
  readonly top?: Values | ((directory: string) => Values);
  /** Hardware bypass through the fake hook: see `relay` and `relayOf`. */
  readonly bypass?: boolean;
  /** A transition hook that writes its arguments to the file `transitions`. */
  readonly transitionHook?: boolean;
  /** 64 hexadecimal digits, instead of the key that both have. */
  readonly key?: string;
}

export const SHARED_KEY = '5a'.repeat(32);

/** The virtual router every pair has unless the test says otherwise. */
export const LAN = {
  name: 'lan',
  interface: 'eth0',
  vrid: 51,
  addresses: ['10.99.0.100/24'],
  advertisementIntervalMs: 1000,
} as const;

/** The fake hook keeps its relays in `relay` beside the path it is called by. */
export const BYPASS_SEGMENT = 'port-pair-1';

const script = (name: string, lines: readonly string[]): LabFile => ({
  name,
  content: `#!/bin/sh\n${lines.join('\n')}\n`,
  mode: 0o755,
});

/** The program of one side of the pair, or of a further appliance. */
export function pairProgram(name: RouterName, spec: PairSpec): Program {
  const files: LabFile[] = [
    { name: 'ha.key', content: `${spec.key ?? SHARED_KEY}\n`, mode: 0o600 },
    script('bypass-hook', [
      `export UNDERSTUDY_FAKE_BYPASS="$(dirname "$0")/relay"`,
      `exec ${ROOT}scripts/hooks/fake "$@"`,
    ]),
    script('transition-hook', [`echo "$@" >>"$(dirname "$0")/transitions"`]),
  ];
  return understudy((directory) => settings(name, spec, directory), files);
}

function settings(name: RouterName, spec: PairSpec, directory: string): Values {
  const others = (spec.members ?? ['a', 'b']).filter((member) => member !== name);
  const paths = { ...PATHS, ...spec.paths };
  const withLink = name === 'a' || name === 'b';
  const addressesOf = (peer: RouterName): readonly string[] =>
    paths[peer].filter((address) => withLink || !onHaLink(address));
  const routers = spec.virtualRouters ?? [LAN];
  return {
    name,
    ha: {
      mode: 'active-passive',
      primary: name === 'a',
      keyFile: `${directory}/ha.key`,
      peers: others.map((peer) => ({ name: peer, addresses: addressesOf(peer) })),
      // Most tests break the Active more often than an appliance may be broken.
      maximumFlaps: 0,
      ...spec.ha,
    },
    virtualRouters: routers.map((router) => ({ ...router, ...spec.router, ...spec.own?.[name] })),
    ...(spec.bypass === true
      ? { bypass: { hook: `${directory}/bypass-hook`, segments: [BYPASS_SEGMENT] } }
      : {}),
    ...(spec.transitionHook === true
      ? { hooks: { transition: `${directory}/transition-hook` } }
      : {}),
    ...(typeof spec.top === 'function' ? spec.top(directory) : spec.top),
  };
}
