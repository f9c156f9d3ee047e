// A router with `checksum: auto`, on a kernel in memory, that hears packets which real processes have sent. No
// expectations.
import { centiseconds } from '../../src/model/units.js';
import type { ChecksumDialect } from '../../src/model/advertisement.js';
import type { ReceivedPacket } from '../../src/kernel/kernel.js';
import {
  decodeAdvertisement,
  encodeAdvertisement,
  VRRP_GROUP,
} from '../../src/wire/advertisement.js';
import { INDEX, PEER, rig, routerSettings, settingsOf, settle, VIRTUAL } from './rig.js';

/** The dialects of the packets, in their order. @throws Error when one is no advertisement. */
export const dialectsOf = (packets: readonly ReceivedPacket[]): ChecksumDialect[] =>
  packets.map((packet) => {
    const decoded = decodeAdvertisement(packet);
    if (!decoded.ok) throw new Error(`an advertisement expected, found ${decoded.reason}`);
    return decoded.dialect;
  });

/** In which dialect the router speaks after the packets, when the Active before spoke `before`. */
export async function dialectAfter(
  packets: readonly ReceivedPacket[],
  before: ChecksumDialect,
): Promise<ChecksumDialect | undefined> {
  const settings = settingsOf([routerSettings({ checksum: 'auto' })]);
  const { driver, kernel } = rig({ settings });
  driver.start();
  await settle();
  const pair = { source: PEER, destination: VRRP_GROUP.ipv4 };
  const advertisement = {
    vrid: 51,
    priority: 200,
    addresses: [VIRTUAL],
    maxAdvertiseInterval: centiseconds(100),
  };
  const message = encodeAdvertisement(advertisement, { ...pair, dialect: before });
  kernel.deliver({ ...pair, family: 'ipv4', linkIndex: INDEX, hopLimit: 255, message });
  await settle();
  // In its own time: what came from the wire came at another clock's.
  for (const packet of packets) {
    kernel.deliver({ ...packet, linkIndex: INDEX, arrivedAt: kernel.now() });
  }
  await settle();
  return driver.snapshot().virtualRouters[0]?.sending;
}
