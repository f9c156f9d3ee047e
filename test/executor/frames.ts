// VRRP advertisements as whole Ethernet frames, also wrong ones: ours from 10.99.0.1 and fe80::1, the
// peer's from the addresses after them. No test.

const GROUP_4 = [224, 0, 0, 18];
export const OURS_4 = [10, 99, 0, 1];
const PEER_4 = [10, 99, 0, 2];
export const OURS_6 = [0xfe, 0x80, ...Array.from({ length: 13 }, () => 0), 1];
const PEER_6 = [0xfe, 0x80, ...Array.from({ length: 13 }, () => 0), 2];
const GROUP_6 = [0xff, 2, ...Array.from({ length: 13 }, () => 0), 0x12];

export interface Message {
  readonly first?: number;
  readonly vrid?: number;
  readonly priority?: number;
  readonly hopLimit?: number;
  readonly source?: number[];
  readonly protocol?: number;
  readonly fragment?: number;
}

const vrrp = ({ first = 0x31, vrid = 51, priority = 100 }: Message): number[] => [
  first,
  vrid,
  priority,
  1,
  0,
  100,
  0,
  0,
];

/** An Ethernet frame with an IPv4 advertisement; checksums are the receiver's kernel's concern. */
export function frame4(message: Message): Uint8Array {
  const { hopLimit = 255, source = PEER_4, protocol = 112, fragment = 0 } = message;
  return Uint8Array.from([
    0x01,
    0x00,
    0x5e,
    0x00,
    0x00,
    0x12,
    0x00,
    0x00,
    0x5e,
    0x00,
    0x01,
    51,
    0x08,
    0x00,
    0x45,
    0xc0,
    0,
    32,
    0,
    0,
    0,
    fragment,
    hopLimit,
    protocol,
    0,
    0,
    ...source,
    ...GROUP_4,
    ...vrrp(message),
    10,
    99,
    0,
    100,
  ]);
}

export function frame6(message: Message): Uint8Array {
  const { hopLimit = 255, source = PEER_6 } = message;
  return Uint8Array.from([
    0x33,
    0x33,
    0x00,
    0x00,
    0x00,
    0x12,
    0x00,
    0x00,
    0x5e,
    0x00,
    0x02,
    51,
    0x86,
    0xdd,
    0x60,
    0,
    0,
    0,
    0,
    24,
    112,
    hopLimit,
    ...source,
    ...GROUP_6,
    ...vrrp(message),
    ...PEER_6,
  ]);
}

const ALL_NODES = [0xff, 2, ...Array.from({ length: 13 }, () => 0), 1];
const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const NO_MAC = [0, 0, 0, 0, 0, 0];
const PEER_MAC = [0x02, 0, 0, 0, 0, 0x02];

/** Gratuitous ARP: a request of the address for itself; another target makes it an ordinary question. */
export const announcement4 = (address: readonly number[], target = address): Uint8Array => {
  const ethernet = [...BROADCAST, ...PEER_MAC, 0x08, 0x06];
  const request = [0, 1, 0x08, 0, 6, 4, 0, 1];
  return Uint8Array.from([...ethernet, ...request, ...PEER_MAC, ...address, ...NO_MAC, ...target]);
};

/** An unsolicited neighbor advertisement, without its option and with no checksum. */
export const announcement6 = (address: readonly number[], type = 136): Uint8Array => {
  const ethernet = [0x33, 0x33, 0, 0, 0, 0x01, ...PEER_MAC, 0x86, 0xdd];
  const header = [0x60, 0, 0, 0, 0, 24, 58, 255, ...PEER_6, ...ALL_NODES];
  return Uint8Array.from([...ethernet, ...header, type, 0, 0, 0, 0xa0, 0, 0, 0, ...address]);
};

export const hex = (frame: Uint8Array): string => Buffer.from(frame).toString('hex');
export const farewell4 = frame4({ priority: 0, source: OURS_4 });
export const farewell6 = frame6({ priority: 0, source: OURS_6 });
