// The checks a schema cannot make: names, paths, and what must hold between settings. No form: see
// structure.ts; single addresses: see address-checks.ts; the pair: ha-checks.ts; what is monitored:
// monitor-checks.ts.
import { isLinkLocal } from '../model/address.js';
import { checkAddresses, checkUnicastPeers, virtualAddresses } from './address-checks.js';
import type { Draft, DraftAddress, DraftRouter } from './draft.js';
import { formatPath, type Finding } from './errors.js';
import {
  checkInterface,
  checkName,
  checkPath,
  checkUniqueNames,
  repeated,
} from './plain-checks.js';

/** sizeof(sockaddr_un.sun_path) − 1: the longest path of a unix socket, in bytes. */
const LONGEST_SOCKET_PATH = 107;

/** Every fault of meaning in what could be read. */
export function checkMeaning(draft: Draft): Finding[] {
  const virtual = virtualAddresses(draft.virtualRouters);
  return [
    ...checkName(draft.name, ['name']),
    ...checkPaths(draft),
    ...checkLease(draft.leaseSeconds),
    ...draft.virtualRouters.flatMap((router) => checkRouter(router, virtual)),
    ...checkUniqueNames(draft.virtualRouters, 'virtual router'),
    ...checkUniqueVrids(draft.virtualRouters),
    ...checkUniqueAddresses(draft.virtualRouters),
  ];
}

function checkRouter(router: DraftRouter, virtual: ReturnType<typeof virtualAddresses>): Finding[] {
  return [
    ...checkName(router.name, [...router.at, 'name']),
    ...checkInterface(router.interface, [...router.at, 'interface']),
    ...checkAddresses(router),
    ...checkUnicastPeers(router, virtual),
  ];
}

function checkPaths(draft: Draft): Finding[] {
  return [
    ...checkPath(draft.runtimeDirectory, ['runtimeDirectory']),
    ...checkPath(draft.stateDirectory, ['stateDirectory']),
    ...checkPath(draft.vipScript, ['vip', 'script']),
    ...checkSocketPath(draft.runtimeDirectory),
  ];
}

/** The kernel counts whole seconds and may be 0.6 s late; renewed late once, 1 s has ended by then. */
function checkLease(leaseSeconds: number | null): Finding[] {
  if (leaseSeconds !== 1) return [];
  return [
    {
      at: ['vip', 'leaseSeconds'],
      code: 'out-of-range',
      expected: '0 (for ever), or 2 to 3600 seconds',
      found: '1',
      remedy: 'write 2 or more: the kernel counts whole seconds, and one renewal may come late',
    },
  ];
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
