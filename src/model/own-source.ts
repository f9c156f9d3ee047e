// Which of our addresses a packet should come from. A virtual address moves: the peer does not know it, and
// what answers it may be somebody else. No sockets.
import { familyOf, isLinkLocal, isWithin, type IpAddress } from './address.js';
import type { LinkAddress } from './link.js';

interface Rated {
  readonly priority: number;
  readonly addresses: readonly { readonly address: IpAddress }[];
}

/** All that move; those of priority 255 are the host's own (RFC 9568 §1.6). */
export const virtualAddresses = ({
  virtualRouters,
}: {
  readonly virtualRouters: readonly Rated[];
}): ReadonlySet<IpAddress> =>
  new Set(
    virtualRouters.flatMap(({ priority, addresses }) =>
      priority === 255 ? [] : addresses.map(({ address }) => address),
    ),
  );

type Candidate = Pick<LinkAddress, 'address' | 'prefixLength' | 'linkIndex' | 'usable'>;

/**
 * The source to name for `destination`, when the kernel would choose `chosen`; null leaves it to the kernel,
 * which has chosen well, or has no other address on that interface. A host that asks itself, at a virtual
 * address too, answers itself. The address whose subnet has the destination comes first, of several the
 * longest prefix; then the first of the interface.
 */
export function ownSource(
  destination: IpAddress,
  chosen: IpAddress,
  virtual: ReadonlySet<IpAddress>,
  addresses: readonly Candidate[],
): IpAddress | null {
  if (!virtual.has(chosen) || chosen === destination) return null;
  if (addresses.some(({ address }) => address === destination)) return null;
  const linkIndex = addresses.find(({ address }) => address === chosen)?.linkIndex;
  const family = familyOf(chosen);
  const own = addresses.filter(
    (one) =>
      one.linkIndex === linkIndex &&
      one.usable &&
      familyOf(one.address) === family &&
      isLinkLocal(one.address) === isLinkLocal(destination) &&
      !virtual.has(one.address),
  );
  const near = own
    .filter((one) => isWithin(destination, one))
    .toSorted((a, b) => b.prefixLength - a.prefixLength);
  return (near[0] ?? own[0])?.address ?? null;
}
