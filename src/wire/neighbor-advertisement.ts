// The unsolicited neighbor advertisement: how hosts learn where an IPv6 virtual address went. No
// answers to solicitations: those are the kernel's.
import { addressBytes, familyOf, parseAddress, type IpAddress } from '../model/address.js';
import { assert } from '../model/assert.js';
import { internetChecksum, pseudoHeader } from './checksum.js';
import { ethernetFrame, ipHeader, macBytes } from './ethernet.js';

const ICMPV6_PROTOCOL = 58;
const TYPE_NEIGHBOR_ADVERTISEMENT = 136;
const OPTION_TARGET_LINK_LAYER_ADDRESS = 2;
const FLAG_ROUTER = 0x80;
const FLAG_OVERRIDE = 0x20;
const MESSAGE_LENGTH = 32;
const ALL_NODES = allNodes();
const ALL_NODES_MAC = '33:33:00:00:00:01';

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  +---------------+---------------+-------------------------------+
//  |  Type (136)   |   Code (0)    |          Checksum             |
//  +-+-+-+---------+---------------+-------------------------------+
//  |R|S|O|                     Reserved                            |
//  +-+-+-+---------------------------------------------------------+
//  |                   Target Address (128 bits)                   |
//  +---------------+---------------+-------------------------------+
//  |Option type (2)| Length (1: 8) | Target link-layer address     |
//  +---------------+---------------+  (48 bits)                    |
//  |                                                               |
//  +---------------------------------------------------------------+
//  RFC 4861 §4.4, §4.6.1.

/**
 * The message to all nodes that `address` is now at `sourceMac` (RFC 9568 §6.4.1): from the address
 * itself, R = 1, S = 0, O = 1, hop limit 255. Without O and the option Linux keeps the old entry;
 * R says that a router speaks, whatever `net.ipv6.conf.*.forwarding` says.
 */
export function unsolicitedNeighborAdvertisementFrame(
  sourceMac: string,
  address: IpAddress,
): Uint8Array {
  assert(familyOf(address) === 'ipv6', `${address} is not announced by neighbor discovery`);
  const message = new Uint8Array(MESSAGE_LENGTH);
  message[0] = TYPE_NEIGHBOR_ADVERTISEMENT;
  message[4] = FLAG_ROUTER | FLAG_OVERRIDE;
  message.set(addressBytes(address), 8);
  message[24] = OPTION_TARGET_LINK_LAYER_ADDRESS;
  message[25] = 1;
  message.set(macBytes(sourceMac), 26);
  const pseudo = pseudoHeader(address, ALL_NODES, ICMPV6_PROTOCOL, MESSAGE_LENGTH);
  new DataView(message.buffer).setUint16(2, internetChecksum(pseudo, message));

  const header = ipHeader({
    source: address,
    destination: ALL_NODES,
    protocol: ICMPV6_PROTOCOL,
    hopLimit: 255,
    trafficClass: 0,
    payloadLength: MESSAGE_LENGTH,
  });
  return ethernetFrame(
    { destination: ALL_NODES_MAC, source: sourceMac, etherType: header.etherType },
    header.bytes,
    message,
  );
}

function allNodes(): IpAddress {
  const address = parseAddress('ff02::1');
  assert(address !== null, 'ff02::1 is an address');
  return address;
}
