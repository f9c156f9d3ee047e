// The checks a schema cannot make: names, paths, and what must hold between settings. No form: see form.ts; single
// addresses: see address-checks.ts; the pair: ha-checks.ts; what is monitored: monitor-checks.ts.
import { isLinkLocal } from '../model/address.js';
import { checkAddresses, checkUnicastPeers, virtualAddresses } from './address-checks.js';
import { formatPath, type Finding } from './errors.js';
import { fault } from './faults.js';
import { quote } from './found.js';
import { checkConsole } from './console-checks.js';
import { checkPair } from './ha-checks.js';
import { checkMonitors } from './monitor-checks.js';
import { routersOf, type PlacedAddress, type PlacedRouter, type Settled } from './placed.js';
import { checkInterface, checkName, checkPath, checkUniqueNames } from './plain-checks.js';
import { repeated, standsAlready } from './plain-checks.js';
import { checkSigning } from './signing-checks.js';
import { checkVirtualMacs } from './virtual-mac-checks.js';
import { checkWitness } from './witness-checks.js';

/** sizeof(sockaddr_un.sun_path) − 1: the longest path of a unix socket, in bytes. */
const LONGEST_SOCKET_PATH = 107;

/** Every fault of meaning. `hostName`: the name of this appliance when the settings have none. */
export function checkMeaning(settings: Settled, hostName: string): Finding[] {
  const { name, runtimeDirectory, stateDirectory, vip, metrics } = settings;
  const routers = routersOf(settings);
  const virtual = virtualAddresses(routers);
  return [
    ...checkName(name, ['name']),
    ...checkPath(runtimeDirectory, ['runtimeDirectory']),
    ...checkPath(stateDirectory, ['stateDirectory']),
    ...checkPath(vip?.script, ['vip', 'script']),
    ...checkTextfile(metrics?.textfile),
    ...checkConsole(settings.console),
    ...checkSocketPath(runtimeDirectory ?? ''),
    ...checkLease(vip?.leaseSeconds),
    ...routers.flatMap((router) => [
      ...checkName(router.file.name, [...router.at, 'name']),
      ...checkInterface(router.file.interface, [...router.at, 'interface']),
      ...checkAddresses(router),
      ...checkUnicastPeers(router, virtual),
    ]),
    ...checkUniqueNames(
      routers.map(({ at, file }) => ({ at, name: file.name })),
      'virtual router',
    ),
    ...checkUniqueVrids(routers),
    ...checkUniqueAddresses(routers),
    ...checkVirtualMacs(routers),
    ...checkSigning(settings, routers),
    ...checkPair(settings, routers, name ?? hostName),
    ...checkMonitors(settings),
    ...checkWitness(settings),
  ];
}

function checkTextfile(textfile: string | undefined): Finding[] {
  const at = ['metrics', 'textfile'];
  const found = checkPath(textfile, at);
  if (textfile === undefined || found.length > 0 || /[^/]\.prom$/.test(textfile)) return found;
  return [fault('textfile', at, quote(textfile))];
}

/** The kernel counts whole seconds and may be 0.6 s late; renewed late once, 1 s has ended by then. */
const checkLease = (leaseSeconds: number | undefined): Finding[] =>
  leaseSeconds === 1 ? [fault('lease', ['vip', 'leaseSeconds'], '1')] : [];

function checkSocketPath(runtimeDirectory: string): Finding[] {
  const bytes = Buffer.byteLength(runtimeDirectory);
  const room = LONGEST_SOCKET_PATH - '/control.sock'.length;
  if (bytes <= room) return [];
  const words = { room, longest: LONGEST_SOCKET_PATH };
  return [fault('socketPath', ['runtimeDirectory'], `${bytes} bytes`, words)];
}

/** A VRID names one virtual router per interface and address family (RFC 9568 §5.2.3). */
function checkUniqueVrids(routers: readonly PlacedRouter[]): Finding[] {
  const identity = ({ family, file: { vrid, interface: name } }: PlacedRouter): string | null =>
    vrid === undefined || name === undefined || family === null
      ? null
      : `${family} ${vrid} ${name}`;
  return repeated(routers, identity).map(([{ at, family, file }, first]) => {
    const found = `${file.vrid} on ${file.interface}, as ${formatPath(first.at)} has for ${family}`;
    return fault('vridTwice', [...at, 'vrid'], found);
  });
}

/** An address stands once; a link-local one once per interface, since it means that link only. */
function checkUniqueAddresses(routers: readonly PlacedRouter[]): Finding[] {
  const all = routers.flatMap(({ file, addresses }) =>
    addresses.map((address) => ({ on: file.interface ?? null, address })),
  );
  const identity = ({ on, address: { value } }: (typeof all)[number]): string | null =>
    value && `${value.address}${isLinkLocal(value.address) ? `%${on}` : ''}`;
  return repeated(all, identity).map(([{ address }, first]) => twice(address, first.address));
}

const twice = ({ at, text }: PlacedAddress, first: PlacedAddress): Finding =>
  fault('addressTwice', at, standsAlready(text, first.at));
