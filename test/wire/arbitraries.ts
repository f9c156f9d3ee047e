// Random addresses, advertisements and packets for property tests. No properties.
import * as fc from 'fast-check';
import { addressFromBytes, type Family, type IpAddress } from '../../src/model/address.js';
import type { Advertisement, ChecksumDialect } from '../../src/model/advertisement.js';
import { centiseconds } from '../../src/model/units.js';
import { VRRP_GROUP, type AdvertisementEnvelope } from '../../src/wire/advertisement.js';

export const family: fc.Arbitrary<Family> = fc.constantFrom('ipv4', 'ipv6');
export const dialect: fc.Arbitrary<ChecksumDialect> = fc.constantFrom('rfc9568', 'rfc5798');

export const addressOf = (of: Family): fc.Arbitrary<IpAddress> => {
  const length = of === 'ipv4' ? 4 : 16;
  return fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((bytes) => addressFromBytes(bytes, 0, of));
};

/** fe80::/10, all 118 bits random. */
export const linkLocal: fc.Arbitrary<IpAddress> = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => {
    const copy = Uint8Array.from(bytes);
    copy[0] = 0xfe;
    copy[1] = 0x80 | ((copy[1] ?? 0) & 0x3f);
    return addressFromBytes(copy, 0, 'ipv6');
  });

const addressesOf = (of: Family): fc.Arbitrary<IpAddress[]> =>
  of === 'ipv4'
    ? fc.array(addressOf('ipv4'), { minLength: 1, maxLength: 255 })
    : fc
        .tuple(linkLocal, fc.array(addressOf('ipv6'), { maxLength: 254 }))
        .map(([first, rest]) => [first, ...rest]);

/** Whatever encodeAdvertisement accepts. */
export const advertisementOf = (of: Family): fc.Arbitrary<Advertisement> =>
  fc.record(
    {
      vrid: fc.integer({ min: 1, max: 255 }),
      priority: fc.integer({ min: 0, max: 255 }),
      maxAdvertiseInterval: fc.integer({ min: 1, max: 4095 }).map(centiseconds),
      addresses: addressesOf(of),
    },
    { noNullPrototype: true },
  );

export const envelopeOf = (of: Family): fc.Arbitrary<AdvertisementEnvelope> =>
  fc.record({
    source: of === 'ipv4' ? addressOf('ipv4') : linkLocal,
    destination: fc.oneof(fc.constant(VRRP_GROUP[of]), addressOf(of)),
    dialect,
  });

export interface Sendable {
  readonly family: Family;
  readonly advertisement: Advertisement;
  readonly envelope: AdvertisementEnvelope;
}

/** An advertisement and where it goes, of either family. */
export const sendable: fc.Arbitrary<Sendable> = family.chain((of) =>
  fc.record({
    family: fc.constant(of),
    advertisement: advertisementOf(of),
    envelope: envelopeOf(of),
  }),
);
