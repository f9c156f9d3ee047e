// Where the prober's packets come from: never from a virtual address, whose answers may go to the other
// appliance. Asks the kernel for its choice, which stands unless it is one of those. Sends nothing.
import { ADDRCONFIG, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';
import { sourceTo } from '../kernel/datagram-socket.js';
import { familyOf, parseAddress, type IpAddress } from '../model/address.js';
import { ownSource } from '../model/own-source.js';
import { sharedLookup } from './lookup.js';

/**
 * The source to name for `destination`; null leaves it to the kernel.
 * @param through the interface that the packet must leave by.
 */
export type SourceFor = (destination: IpAddress, through?: string) => IpAddress | null;

/** @param virtual asked each time: settings change. */
export function createSources(virtual: () => ReadonlySet<IpAddress>): SourceFor {
  return (destination, through) => {
    if (virtual().size === 0) return null;
    const chosen = sourceTo(familyOf(destination), destination, through);
    if (chosen === null || !virtual().has(chosen)) return null;
    return ownSource(destination, chosen, virtual(), standingAddresses());
  };
}

/** All addresses of this host. A label (eth0:1) is a name of the address, not of an interface. */
function standingAddresses(): Parameters<typeof ownSource>[3] {
  const names: string[] = [];
  return Object.entries(networkInterfaces()).flatMap(([label, addresses = []]) => {
    const [name = label] = label.split(':');
    if (!names.includes(name)) names.push(name);
    const linkIndex = names.indexOf(name);
    return addresses.flatMap(({ address: text, cidr }) => {
      const address = parseAddress(text);
      if (address === null) return [];
      const prefixLength = Number(cidr?.split('/')[1]);
      return [{ address, prefixLength, linkIndex, usable: true }];
    });
  });
}

/** How a connection to a host is tried: options of `net.connect`. */
interface Route {
  readonly lookup: LookupFunction;
  readonly localAddress?: IpAddress;
}

/**
 * Tries the ways to a host, one after the other, until one is not refused: a single one, with all addresses of
 * the host, while the kernel's choice of source may stand for each; else one for each address, in the order of
 * the resolver.
 * @param begin tries one way, tells by `refused` that no connection comes about, and returns what takes the
 * attempt down.
 * @param fail called when there is no way, or none is left.
 * @returns what takes all of it down.
 */
export function tryRoutes(
  host: string,
  sourceFor: SourceFor,
  begin: (route: Route, refused: (error: Error) => void) => () => void,
  fail: (error: Error) => void,
): () => void {
  let over = false;
  let takeDown = (): void => undefined;
  // What net.connect asks for by itself: no IPv6 address where this host has none.
  sharedLookup(host, { all: true, hints: ADDRCONFIG }, (error, found) => {
    const routes = error === null && Array.isArray(found) ? routesTo(found, sourceFor) : [];
    const next = (index: number, because: Error): void => {
      if (over) return;
      const route = routes[index];
      if (route === undefined) fail(because);
      else takeDown = begin(route, (refusal) => next(index + 1, refusal));
    };
    next(0, error ?? new Error(`${host} has no address`));
  });
  return () => {
    over = true;
    takeDown();
  };
}

function routesTo(found: readonly LookupAddress[], sourceFor: SourceFor): readonly Route[] {
  const routes = found.map((one): Route => {
    // One with a zone (fe80::1%eth0) has the source of its interface's scope.
    const address = parseAddress(one.address);
    const source = address === null ? null : sourceFor(address);
    return { lookup: answering([one]), ...(source === null ? {} : { localAddress: source }) };
  });
  const asChosen = routes.every(({ localAddress }) => localAddress === undefined);
  return asChosen ? [{ lookup: answering(found) }] : routes;
}

/** The lookup has been done already. */
const answering =
  (addresses: readonly LookupAddress[]): LookupFunction =>
  (_, options, callback) => {
    const [first] = addresses;
    process.nextTick(() => {
      if (options.all === true) callback(null, [...addresses]);
      else callback(null, first?.address ?? '', first?.family);
    });
  };
