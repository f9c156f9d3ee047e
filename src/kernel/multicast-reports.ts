// Who says to the switches which multicast groups are wanted (IGMP, MLD): a filter that lets an interface say nothing,
// and memberships that another interface has. It knows no reason for either.
import { closeSync } from 'node:fs';
import type { IpAddress } from '../model/address.js';
import { addressBytes } from '../model/address.js';
import type { Addon } from './addon.js';
import type { Membership } from './kernel.js';
import { attempt, refusal } from './refusal.js';

const RTM_NEWQDISC = 36;
const RTM_NEWTFILTER = 44;
const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
const NLM_F_CREATE = 0x400;
const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_BPF_OPS_LEN = 4;
const TCA_BPF_OPS = 5;
const TCA_BPF_FLAGS = 8;
/** What the program answers is what becomes of the frame: it classifies nothing. */
const TCA_BPF_FLAG_ACT_DIRECT = 1;
/** struct nlmsghdr and struct tcmsg. */
const ATTRIBUTES_AT = 16 + 20;
/** TC_H_CLSACT as a handle and as a parent, and the parent of what leaves (TC_H_MIN_EGRESS). */
const CLSACT = 0xffff_0000;
const CLSACT_PARENT = 0xffff_fff1;
const EGRESS = 0xffff_fff3;
/** Priority 1 in the upper half, ETH_P_ALL (3) in network byte order in the lower one. */
const FIRST_OF_ALL_PROTOCOLS = 0x0001_0300;

const LOAD_HALF = 0x28;
const LOAD_BYTE = 0x30;
const IF_EQUAL = 0x15;
const RETURN = 0x06;
const DROP = 2; // TC_ACT_SHOT
const GO_ON = 0xffff_ffff; // TC_ACT_UNSPEC

/**
 * A frame as it leaves, by struct sock_filter (linux/filter.h): operation, steps to skip if so, steps to skip if not,
 * value. MLD has a hop-by-hop header of 8 bytes in front of it, always (RFC 3810 §5).
 */
const PROGRAM: readonly (readonly [number, number, number, number])[] = [
  [LOAD_HALF, 0, 0, 12], //        EtherType
  [IF_EQUAL, 0, 2, 0x0800], //     IPv4
  [LOAD_BYTE, 0, 0, 14 + 9], //      its protocol
  [IF_EQUAL, 10, 11, 2], //          IGMP
  [IF_EQUAL, 0, 10, 0x86dd], //    IPv6
  [LOAD_BYTE, 0, 0, 14 + 6], //      its next header
  [IF_EQUAL, 0, 8, 0], //            hop-by-hop
  [LOAD_BYTE, 0, 0, 14 + 40], //       its next header
  [IF_EQUAL, 0, 6, 58], //             ICMPv6
  [LOAD_BYTE, 0, 0, 14 + 40 + 8], //     its type
  [IF_EQUAL, 3, 0, 130], //              query
  [IF_EQUAL, 2, 0, 131], //              report, MLDv1
  [IF_EQUAL, 1, 0, 132], //              done, MLDv1
  [IF_EQUAL, 0, 1, 143], //              report, MLDv2
  [RETURN, 0, 0, DROP],
  [RETURN, 0, 0, GO_ON],
];

/** struct rtattr and its value, up to the next multiple of four bytes. */
function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((4 + value.length) / 4) * 4);
  new Uint16Array(bytes.buffer).set([4 + value.length, type]);
  bytes.set(value, 4);
  return bytes;
}

const joined = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`);
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const half = (value: number): Uint8Array => new Uint8Array(Uint16Array.of(value).buffer);

/** One request for traffic control (rtnetlink(7)); `about`: handle, parent and info of struct tcmsg. */
function request(
  type: number,
  linkIndex: number,
  about: readonly [number, number, number],
  attributes: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const behind = joined(attributes);
  const bytes = new ArrayBuffer(ATTRIBUTES_AT + behind.length);
  const all = new Uint8Array(bytes);
  new Uint32Array(bytes)[0] = all.length;
  new Uint16Array(bytes).set([type, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE], 2);
  new Uint32Array(bytes).set([linkIndex, ...about], 5);
  all.set(behind, ATTRIBUTES_AT);
  return all;
}

const queueRequest = (linkIndex: number): Uint8Array<ArrayBuffer> =>
  request(
    RTM_NEWQDISC,
    linkIndex,
    [CLSACT, CLSACT_PARENT, 0],
    [attribute(TCA_KIND, text('clsact'))],
  );

const filterRequest = (linkIndex: number): Uint8Array<ArrayBuffer> => {
  const program = joined(
    PROGRAM.map(([operation, then, otherwise, value]) =>
      joined([half(operation), Uint8Array.of(then, otherwise), words(value)]),
    ),
  );
  const options = joined([
    attribute(TCA_BPF_OPS_LEN, half(PROGRAM.length)),
    attribute(TCA_BPF_OPS, program),
    attribute(TCA_BPF_FLAGS, words(TCA_BPF_FLAG_ACT_DIRECT)),
  ]);
  return request(
    RTM_NEWTFILTER,
    linkIndex,
    [1, EGRESS, FIRST_OF_ALL_PROTOCOLS],
    [attribute(TCA_KIND, text('bpf')), attribute(TCA_OPTIONS, options)],
  );
};

/** See Kernel.dropMulticastReports. Asked for again it changes nothing. */
export function dropMulticastReports(addon: Addon, linkIndex: number): void {
  const what = `keeping IGMP and MLD from interface ${linkIndex}`;
  for (const [call, { buffer }] of [
    ['RTM_NEWQDISC', queueRequest(linkIndex)],
    ['RTM_NEWTFILTER', filterRequest(linkIndex)],
  ] as const) {
    const answer = attempt(what, () => addon.netlink(buffer));
    if (answer < 0) throw refusal(what, answer, call);
  }
}

/** See Kernel.openMembership. */
export function openMembership(
  addon: Addon,
  linkIndex: number,
  groups: readonly IpAddress[],
): Membership {
  const what = `joining ${groups.join(', ')} on interface ${linkIndex}`;
  const wanted = joined([words(linkIndex, 0, 0, 0), ...groups.map(addressBytes)]);
  const fd = attempt(what, () => addon.membership(wanted.buffer));
  if (fd < 0) throw refusal(what, fd, 'setsockopt(IPV6_ADD_MEMBERSHIP)');
  return { close: () => closeSync(fd) };
}
