// Gratuitous ARP: how hosts and switches learn where an IPv4 virtual address went. No ARP answers:
// those are the kernel's.
import { addressBytes, addressFromBytes, familyOf, type IpAddress } from '../model/address.js';
import { assert } from '../model/assert.js';
import { BROADCAST_MAC, ETHERTYPE_ARP, ethernetFrame, formatMac, macBytes } from './ethernet.js';

const OPERATION_REQUEST = 1;
const MESSAGE_LENGTH = 28;
const ETHERNET_HEADER_LENGTH = 14;
/** Hardware type Ethernet, protocol type IPv4, their address lengths. */
const PREFIX = Uint8Array.of(0x00, 0x01, 0x08, 0x00, 6, 4);

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  +-------------------------------+-------------------------------+
//  |     Hardware type (Ethernet)  |      Protocol type (IPv4)     |
//  +---------------+---------------+-------------------------------+
//  |HW length (6)  |Prot length (4)|           Operation           |
//  +---------------+---------------+-------------------------------+
//  |            Sender hardware address (SHA, 48 bits)             |
//  |            Sender protocol address (SPA, 32 bits)             |
//  |            Target hardware address (THA, 48 bits)             |
//  |            Target protocol address (TPA, 32 bits)             |
//  +---------------------------------------------------------------+
//  RFC 826.

interface ArpMessage {
  /** 1 request, 2 reply. */
  readonly operation: number;
  readonly senderMac: string;
  readonly senderAddress: IpAddress;
  readonly targetMac: string;
  readonly targetAddress: IpAddress;
}

/**
 * The broadcast that tells everyone `address` is now at `sourceMac` (RFC 9568 §6.4.1 as corrected by
 * EID 7947 and 7949): a request with SPA = TPA = address and THA = the sender. 42 bytes: the driver
 * pads, see ethernetFrame.
 */
export function gratuitousArpFrame(sourceMac: string, address: IpAddress): Uint8Array {
  assert(familyOf(address) === 'ipv4', `${address} is not announced by ARP`);
  const message = encodeArp({
    operation: OPERATION_REQUEST,
    senderMac: sourceMac,
    senderAddress: address,
    targetMac: sourceMac,
    targetAddress: address,
  });
  return ethernetFrame(
    { destination: BROADCAST_MAC, source: sourceMac, etherType: ETHERTYPE_ARP },
    message,
  );
}

function encodeArp(value: ArpMessage): Uint8Array {
  const message = new Uint8Array(MESSAGE_LENGTH);
  message.set(PREFIX, 0);
  message[7] = value.operation;
  message.set(macBytes(value.senderMac), 8);
  message.set(addressBytes(value.senderAddress), 14);
  message.set(macBytes(value.targetMac), 18);
  message.set(addressBytes(value.targetAddress), 24);
  return message;
}

/** Reads an Ethernet frame as ARP for IPv4, padded or not; null when it is anything else. */
export function decodeArpFrame(frame: Uint8Array): ArpMessage | null {
  if (frame.length < ETHERNET_HEADER_LENGTH + MESSAGE_LENGTH) return null;
  if (frame[12] !== ETHERTYPE_ARP >> 8 || frame[13] !== (ETHERTYPE_ARP & 0xff)) return null;
  const message = frame.subarray(ETHERNET_HEADER_LENGTH, ETHERNET_HEADER_LENGTH + MESSAGE_LENGTH);
  if (!PREFIX.every((byte, index) => message[index] === byte)) return null;
  return {
    operation: ((message[6] ?? 0) << 8) | (message[7] ?? 0),
    senderMac: formatMac(message.subarray(8, 14)),
    senderAddress: addressFromBytes(message, 14, 'ipv4'),
    targetMac: formatMac(message.subarray(18, 24)),
    targetAddress: addressFromBytes(message, 24, 'ipv4'),
  };
}
