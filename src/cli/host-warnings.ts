// What the settings name and a host does not have, or should not: interfaces, files, programs, subnets,
// paths. Warnings only: it may come later. The facts are given, so that others can be judged too.
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import type { SettingsWarning } from '../config/errors.js';
import type { Settings } from '../config/settings.js';
import {
  addressBytes,
  familyOf,
  isLinkLocal,
  parseAddress,
  type AddressWithPrefix,
} from '../model/address.js';

/** An address that stands on an interface. */
export interface StandingAddress extends AddressWithPrefix {
  readonly interface: string;
}

export interface HostFacts {
  /** The names of all interfaces; null when they cannot be told. */
  readonly interfaces: ReadonlySet<string> | null;
  readonly addresses: readonly StandingAddress[];
  fileExists(path: string): boolean;
  /** A file that may be run. */
  isProgram(path: string): boolean;
  /** A file that the owner of its folder may read, or where that cannot be told. */
  isReadableToOwner(path: string): boolean;
}

export const thisHost = (): HostFacts => ({
  interfaces: interfacesHere(),
  addresses: addressesHere(),
  fileExists: existsSync,
  isProgram,
  isReadableToOwner,
});

/** What of this host is worth a warning, in no order that matters. */
export function hostWarnings(settings: Settings, host: HostFacts): SettingsWarning[] {
  const { vip, bypass, hooks } = settings;
  const program = (path: string, file: string | null | undefined, effect: string) =>
    file === null || file === undefined || host.isProgram(file)
      ? []
      : [{ path, message: `${file} is not an executable file; ${effect}` }];
  return [
    ...interfaceWarnings(settings, host),
    ...subnetWarnings(settings, host),
    ...ownAddressWarnings(settings, host),
    ...pathWarnings(settings),
    ...keyWarnings(settings.ha, host),
    ...program('bypass.hook', bypass?.hook, 'the relay could not be moved'),
    ...program('hooks.transition', hooks.transition, 'it could not be told anything'),
    ...program('hooks.monitor', hooks.monitor, 'it could not be told anything'),
    ...settings.monitors.checks.flatMap(({ kind }, index) =>
      kind.type === 'script'
        ? program(`checks[${index}].command[0]`, kind.command[0], 'the check would fail')
        : [],
    ),
    ...program('vip.script', vip.script, 'addresses could not be put on or taken off'),
  ];
}

type Named = readonly [path: string, name: string, effect: string];

function interfaceWarnings(settings: Settings, { interfaces }: HostFacts): SettingsWarning[] {
  if (interfaces === null) return [];
  return namedInterfaces(settings)
    .filter(([, name]) => !interfaces.has(name))
    .map(([path, name, effect]) => ({
      path,
      message: `there is no interface ${name} on this host now; ${effect}`,
    }));
}

function namedInterfaces({ virtualRouters, monitors }: Settings): Named[] {
  const { links, bandwidth, gateway } = monitors;
  return [
    ...virtualRouters.map((router, index): Named => [
      `virtualRouters[${index}].interface`,
      router.interface,
      'the agent will wait for it',
    ]),
    ...(links?.pairs ?? []).flatMap((pair, index) =>
      pair.map((name, end): Named => [
        `linkMonitoring.pairs[${index}][${end}]`,
        name,
        'its pair is not active',
      ]),
    ),
    ...(bandwidth?.interfaces ?? []).map((name, index): Named => [
      `bandwidthMonitoring.interfaces[${index}]`,
      name,
      'that is a soft fault',
    ]),
    ...(gateway?.interface === undefined
      ? []
      : [['gatewayMonitoring.interface', gateway.interface, 'no gateway can be asked'] as const]),
  ];
}

/** A virtual address of another subnet is answered for, but nobody looks for it on this link. */
function subnetWarnings({ virtualRouters }: Settings, host: HostFacts): SettingsWarning[] {
  const virtual = new Set(
    virtualRouters.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
  );
  return virtualRouters.flatMap((router, index) => {
    const own = host.addresses.filter(
      (one) =>
        one.interface === router.interface &&
        familyOf(one.address) === router.family &&
        spansSubnet(one) &&
        !virtual.has(one.address),
    );
    if (own.length === 0) return [];
    return router.addresses.flatMap((one, at) =>
      isLinkLocal(one.address) || own.some((other) => isInSubnet(one, other))
        ? []
        : [
            {
              path: `virtualRouters[${index}].addresses[${at}]`,
              message: `${one.address} is in no subnet that ${router.interface} has; who looks for it on that link?`,
            },
          ],
    );
  });
}

/** Not a lone host address, and of a link where others are. */
const spansSubnet = ({ address, prefixLength }: AddressWithPrefix): boolean =>
  prefixLength < addressBytes(address).length * 8 &&
  !isLinkLocal(address) &&
  !address.startsWith('127.');

function isInSubnet({ address }: AddressWithPrefix, subnet: AddressWithPrefix): boolean {
  const [ours, theirs] = [addressBytes(address), addressBytes(subnet.address)];
  return ours.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, subnet.prefixLength - index * 8));
    return ((byte ^ (theirs[index] ?? 0)) & (0xff << (8 - bits)) & 0xff) === 0;
  });
}

/** A path to ourselves is healthy as long as we are: it would hide that the peer is dead. */
function ownAddressWarnings({ ha, monitors }: Settings, host: HostFacts): SettingsWarning[] {
  const own = new Set(host.addresses.map(({ address }) => address));
  const gateways = monitors.gateway?.addresses ?? [];
  return [
    ...ha.peers.flatMap(({ addresses }, peer) =>
      addresses.flatMap((address, index) => ({
        address,
        path: `ha.peers[${peer}].addresses[${index}]`,
        instead: "the peer's own",
      })),
    ),
    ...gateways.map((address, index) => ({
      address,
      path: `gatewayMonitoring.addresses[${index}]`,
      instead: 'that of a gateway',
    })),
  ].flatMap(({ address, path, instead }) =>
    own.has(address)
      ? [{ path, message: `${address} is an address of this host; write ${instead}` }]
      : [],
  );
}

const pathWarnings = ({ ha }: Settings): SettingsWarning[] =>
  ha.peers.flatMap(({ name, addresses }, index) =>
    addresses.length > 1
      ? []
      : [
          {
            path: `ha.peers[${index}].addresses`,
            message: `there is one path to ${name}; with a second one, a failed link is told from a dead peer`,
          },
        ],
  );

function keyWarnings({ keyFile }: Settings['ha'], host: HostFacts): SettingsWarning[] {
  const path = 'ha.keyFile';
  if (keyFile === null) return [];
  if (!host.fileExists(keyFile)) {
    const remedy = 'write one with understudy keygen and copy it to every peer';
    return [{ path, message: `there is no key ${keyFile}; ${remedy}` }];
  }
  if (host.isReadableToOwner(keyFile)) return [];
  // As root we could read it: that says nothing of the agent.
  const remedy = `chown --reference=${dirname(keyFile)} ${keyFile}`;
  const message = `${keyFile} is not readable to whom its folder belongs to: is that the agent's user? ${remedy}`;
  return [{ path, message }];
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isReadableToOwner(path: string): boolean {
  try {
    const [file, folder] = [statSync(path), statSync(dirname(path))];
    if (folder.uid === 0) return true;
    if (file.uid === folder.uid) return (file.mode & constants.S_IRUSR) !== 0;
    return file.gid === folder.gid && (file.mode & constants.S_IRGRP) !== 0;
  } catch {
    return true;
  }
}

/** The interfaces of this network namespace, as /proc/net/dev lists them; null when it cannot be read. */
function interfacesHere(): ReadonlySet<string> | null {
  try {
    const lines = readFileSync('/proc/net/dev', 'utf8').split('\n').slice(2);
    return new Set(lines.map((line) => line.slice(0, line.lastIndexOf(':')).trim()));
  } catch {
    return null;
  }
}

const addressesHere = (): StandingAddress[] =>
  Object.entries(networkInterfaces()).flatMap(([name, all]) =>
    (all ?? []).flatMap(({ address, cidr }) => {
      const known = parseAddress(address);
      const prefixLength = Number(cidr?.split('/')[1]);
      return known === null || !Number.isInteger(prefixLength)
        ? []
        : [{ interface: name, address: known, prefixLength }];
    }),
  );
