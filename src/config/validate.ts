// The checks a schema cannot make: names, paths, and what must hold between settings. No form: see
// structure.ts; single addresses: see address-checks.ts.
import { isLinkLocal } from '../model/address.js';
import { checkAddresses, checkUnicastPeers } from './address-checks.js';
import type { Draft, DraftAddress, DraftRouter } from './draft.js';
import { formatPath, type Finding, type SettingsPath } from './errors.js';
import { quote } from './found.js';

/** sizeof(sockaddr_un.sun_path) − 1: the longest path of a unix socket, in bytes. */
const LONGEST_SOCKET_PATH = 107;

/** IFNAMSIZ − 1. */
const LONGEST_INTERFACE_NAME = 15;

/** Every fault of meaning in what could be read. */
export function checkMeaning(draft: Draft): Finding[] {
  return [
    ...checkName(draft.name, ['name']),
    ...checkPaths(draft),
    ...draft.virtualRouters.flatMap(checkRouter),
    ...checkUniqueNames(draft.virtualRouters),
    ...checkUniqueVrids(draft.virtualRouters),
    ...checkUniqueAddresses(draft.virtualRouters),
  ];
}

function checkRouter(router: DraftRouter): Finding[] {
  return [
    ...checkName(router.name, [...router.at, 'name']),
    ...checkInterface(router),
    ...checkAddresses(router),
    ...checkUnicastPeers(router),
  ];
}

function checkName(name: string | null, at: SettingsPath): Finding[] {
  if (name === null || name === '' || /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return [];
  return [
    {
      at,
      code: 'invalid-name',
      expected: 'letters, digits, ".", "_" and "-", beginning with a letter or digit',
      found: quote(name),
      remedy: at.length === 1 ? 'give this appliance a plain name' : 'give it a plain name',
    },
  ];
}

/** What the kernel accepts as an interface name (dev_valid_name). */
function checkInterface(router: DraftRouter): Finding[] {
  const name = router.interface;
  if (name === null || name === '') return [];
  const valid = name !== '.' && name !== '..' && !/[/:\s]/.test(name);
  if (valid && Buffer.byteLength(name) <= LONGEST_INTERFACE_NAME) return [];
  return [
    {
      at: [...router.at, 'interface'],
      code: 'invalid-interface',
      expected: `an interface name of at most ${LONGEST_INTERFACE_NAME} bytes, without "/", ":" and white space`,
      found: `${quote(name)}, ${Buffer.byteLength(name)} bytes`,
      remedy: 'write the name as "ip link" prints it',
    },
  ];
}

function checkPaths(draft: Draft): Finding[] {
  const findings: Finding[] = [];
  const paths: [string | null, SettingsPath][] = [
    [draft.runtimeDirectory, ['runtimeDirectory']],
    [draft.stateDirectory, ['stateDirectory']],
    [draft.vipScript, ['vip', 'script']],
  ];
  for (const [path, at] of paths) {
    if (path === null || path === '' || (path.startsWith('/') && !path.includes('\0'))) continue;
    findings.push({
      at,
      code: 'invalid-path',
      expected: 'an absolute path',
      found: quote(path),
      remedy: `write the whole path, beginning with "/"`,
    });
  }
  return [...findings, ...checkSocketPath(draft.runtimeDirectory)];
}

function checkSocketPath(runtimeDirectory: string | null): Finding[] {
  if (runtimeDirectory === null) return [];
  const bytes = Buffer.byteLength(`${runtimeDirectory}/control.sock`);
  if (bytes <= LONGEST_SOCKET_PATH) return [];
  const room = LONGEST_SOCKET_PATH - '/control.sock'.length;
  return [
    {
      at: ['runtimeDirectory'],
      code: 'path-too-long',
      expected: `at most ${room} bytes: a unix socket path holds ${LONGEST_SOCKET_PATH}, "/control.sock" included`,
      found: `${Buffer.byteLength(runtimeDirectory)} bytes`,
      remedy: 'choose a shorter directory, such as /run/understudy',
    },
  ];
}

function checkUniqueNames(routers: readonly DraftRouter[]): Finding[] {
  return repeated(routers, (router) => router.name).map(([router, first]) => ({
    at: [...router.at, 'name'],
    code: 'duplicate-name' as const,
    expected: 'a name of its own for every virtual router',
    found: `${quote(router.name ?? '')}, as ${formatPath(first.at)} has`,
    remedy: 'rename one of the two',
  }));
}

/** A VRID names one virtual router per interface and address family (RFC 9568 §5.2.3). */
function checkUniqueVrids(routers: readonly DraftRouter[]): Finding[] {
  const identity = (router: DraftRouter): string | null =>
    router.vrid === null || router.interface === null || router.family === null
      ? null
      : `${router.family} ${router.vrid} ${router.interface}`;
  return repeated(routers, identity).map(([router, first]) => ({
    at: [...router.at, 'vrid'],
    code: 'duplicate-vrid' as const,
    expected: 'a VRID once per interface and address family',
    found: `${router.vrid} on ${router.interface}, as ${formatPath(first.at)} has for ${router.family}`,
    remedy: 'give one of the two another VRID',
  }));
}

interface Standing {
  readonly router: DraftRouter;
  readonly address: DraftAddress;
}

/** An address stands once; a link-local one once per interface, since it means that link only. */
function checkUniqueAddresses(routers: readonly DraftRouter[]): Finding[] {
  const standings = routers.flatMap((router) =>
    router.addresses.map((address) => ({ router, address })),
  );
  const identity = ({ router, address }: Standing): string | null => {
    if (address.value === null) return null;
    const scope = isLinkLocal(address.value.address) ? `%${router.interface}` : '';
    return `${address.value.address}${scope}`;
  };
  return repeated(standings, identity).map(([second, first]) => ({
    at: second.address.at,
    code: 'duplicate-address' as const,
    expected: 'every virtual address once',
    found: `${second.address.text}, which stands at ${formatPath(first.address.at)} already`,
    remedy: 'remove one of the two',
  }));
}

/** Each item whose identity an earlier one has, with that earlier one. */
function repeated<Item>(
  items: readonly Item[],
  identity: (item: Item) => string | null,
): [Item, Item][] {
  const seen = new Map<string, Item>();
  const found: [Item, Item][] = [];
  for (const item of items) {
    const key = identity(item);
    if (key === null) continue;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, item);
    else found.push([item, first]);
  }
  return found;
}
