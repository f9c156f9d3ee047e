// The report inside a peer message: TLVs to value and back. No header, no key, no opinion on what
// the report means.
import {
  addressBytes,
  addressFromBytes,
  addressLength,
  familyOf,
  type Family,
  type IpAddress,
} from '../model/address.js';
import { assert } from '../model/assert.js';
import type { PeerCause, PeerReport, PeerRouter } from '../model/peer-report.js';
import type { AnnouncedVersion } from '../model/settings-version.js';
import type { WitnessWord } from '../model/witness.js';
import { decodeVersion, encodeVersion } from './settings-version.js';

/** The longest name, in bytes of UTF-8. */
const NAME_MAXIMUM = 64;
const PRIMARY_ADDRESSES_MAXIMUM = 8;
/** More virtual routers than settings allow; a bound for the receiver. */
const ROUTERS_MAXIMUM = 1024;
/** More keys than anybody has; a bound for the receiver. */
const KEYS_MAXIMUM = 8;

const TLV_HEADER = 3;
/** Type numbers. A new meaning gets a new number; these never change theirs. */
const TYPE = {
  name: 1,
  instance: 2,
  primaryAddresses: 3,
  routers: 4,
  keys: 5,
  cause: 6,
  version: 7,
  witness: 8,
} as const;
type TlvName = keyof typeof TYPE;
/** Those of the first release; the others may be missing. */
const REQUIRED = ['name', 'instance', 'primaryAddresses', 'routers'] as const;
const NAME_OF: ReadonlyMap<number, TlvName> = new Map(
  Object.entries(TYPE).map(([name, type]) => [type, name as TlvName]),
);

const MODES = ['off', 'active-passive', 'active-active'] as const;
const GATEWAYS = ['unknown', 'reachable', 'unreachable'] as const;
/** In the order of their numbers, which start at 1. */
const WITNESS_WORDS: readonly WitnessWord[] = ['seen', 'away'];
const STATES = ['Initialize', 'Backup', 'Active'] as const;
const FAMILIES: readonly (readonly [number, Family])[] = [
  [4, 'ipv4'],
  [6, 'ipv6'],
];

/** Of the first release; the later digests come after it. */
const INSTANCE_LENGTH = 18;
const LATER_DIGESTS = 2;
/** The cause never takes the room of 255 virtual routers, whatever the names. */
const CAUSE_MAXIMUM = 70;
const CAUSE_REASON_MAXIMUM = 32;
const RUN_LENGTH = 3;
const DIGEST_LENGTH = 4;
const RUN_MAXIMUM = 127;

/** A report, and what is said beside it of the keys and of the shared settings. */
export interface DecodedReport {
  readonly report: PeerReport;
  /** Digests of the keys that the sender accepts; null: not told. */
  readonly keys: readonly number[] | null;
  /** Of the shared settings; absent when it is not told. */
  readonly version?: AnnouncedVersion;
}

/**
 * The TLVs of a report, in at most `room` bytes: virtual routers that do not fit are left out, and so is the version
 * when it would cost one of them its place.
 * @throws AssertionFailure when a field is out of range.
 */
export function encodeReport(
  report: PeerReport,
  keys: readonly number[],
  room: number,
  version: AnnouncedVersion | null = null,
): { bytes: Uint8Array; truncated: boolean } {
  const fixed = [
    tlv(TYPE.name, encodeName(report.name)),
    tlv(TYPE.instance, encodeInstance(report)),
    tlv(TYPE.primaryAddresses, encodeAddresses(report.primaryAddresses)),
  ];
  const later = [
    ...(keys.length === 0 ? [] : [tlv(TYPE.keys, encodeKeys(keys))]),
    ...(report.cause === undefined ? [] : [tlv(TYPE.cause, encodeCause(report.cause))]),
    ...(report.witness === undefined ? [] : [tlv(TYPE.witness, encodeWitness(report.witness))]),
  ];
  const used = [...fixed, ...later].reduce((sum, part) => sum + part.length, 0);
  const left = room - TLV_HEADER - used;
  const runs = runsOf(report.routers.slice(0, ROUTERS_MAXIMUM));
  const sent = runs.slice(0, Math.floor(left / RUN_LENGTH));
  const truncated = sent.length < runs.length || report.routers.length > ROUTERS_MAXIMUM;
  const routers = Uint8Array.from(sent.flatMap(({ count, fields }) => encodeRun(count, fields)));
  const told = version === null ? [] : [tlv(TYPE.version, encodeVersion(version))];
  const fits = (told[0]?.length ?? 0) <= left - routers.length;
  const parts = [...fixed, tlv(TYPE.routers, routers), ...later, ...(fits ? told : [])];
  return { bytes: concatenate(parts), truncated };
}

/** Never throws. @returns what is wrong, as text, when something is. */
export function decodeReport(bytes: Uint8Array): DecodedReport | string {
  const parts = splitTlvs(bytes);
  if (typeof parts === 'string') return parts;
  const { name: nameBytes, instance: instanceBytes, primaryAddresses, routers } = parts;
  if (!nameBytes || !instanceBytes || !primaryAddresses || !routers) {
    const missing = REQUIRED.filter((name) => !Object.hasOwn(parts, name));
    return `without ${missing.join(', ')}`;
  }
  const name = decodeName(nameBytes);
  if (name === null) return `a name of ${nameBytes.length} bytes that is not UTF-8 of 1..64`;
  const instance = decodeInstance(instanceBytes);
  if (typeof instance === 'string') return instance;
  const addresses = decodeAddresses(primaryAddresses);
  if (typeof addresses === 'string') return addresses;
  const routerList = decodeRouters(routers);
  if (typeof routerList === 'string') return routerList;
  const cause = parts.cause === undefined ? null : decodeCause(parts.cause);
  const witness = WITNESS_WORDS[(parts.witness?.[0] ?? 0) - 1];
  const report = {
    name,
    ...instance,
    ...(cause === null ? {} : { cause }),
    ...(witness === undefined ? {} : { witness }),
    primaryAddresses: addresses,
    routers: routerList,
  };
  const version = parts.version === undefined ? null : decodeVersion(parts.version);
  return {
    report,
    keys: parts.keys === undefined ? null : decodeKeys(parts.keys),
    ...(version === null ? {} : { version }),
  };
}

/** The keys that a report names, whatever else may be wrong with it; null when it names none. */
export function keysIn(bytes: Uint8Array): readonly number[] | null {
  const parts = splitTlvs(bytes);
  return typeof parts === 'string' || parts.keys === undefined ? null : decodeKeys(parts.keys);
}

//  TLV 1, name: 1..64 bytes of UTF-8.

function encodeName(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  assert(
    bytes.length >= 1 && bytes.length <= NAME_MAXIMUM,
    `the name "${name}" has ${bytes.length} bytes, 1..${NAME_MAXIMUM} can be sent`,
  );
  return bytes;
}

function decodeName(bytes: Uint8Array, most: number = NAME_MAXIMUM): string | null {
  if (bytes.length < 1 || bytes.length > most) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |     Mode      |W|B|Gwy|L|S|F|P|   Virtual Routers Digest ...  |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                               |      Addresses Digest ...     |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                               |      Intervals Digest ...     |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                               |     Thresholds Digest ...     |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                               |      Primaries Digest ...     |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                               |        Rules Digest ...       |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                               |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  TLV 2, instance. Mode: 0 off, 1 active-passive, 2 active-active. Gateway: 0 unknown, 1 reachable,
//  2 unreachable. W: gateway wish; B: stands back; L: bandwidth low; S: sound; F: fit; P: primary. The
//  bytes after the last digest are for later minors: ignored. Minor 0 ends with the thresholds; a digest that is not
//  there, and nothing after it, is unknown, and so is one of zero.

function encodeInstance(report: PeerReport): Uint8Array {
  const bytes = new Uint8Array(INSTANCE_LENGTH + 4 * LATER_DIGESTS);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, MODES.indexOf(report.mode));
  view.setUint8(
    1,
    bit(report.primary, 0) |
      bit(report.fit, 1) |
      bit(report.sound, 2) |
      bit(report.bandwidthLow, 3) |
      bit(report.standsBack === true, 6) |
      bit(report.gatewayWish === true, 7) |
      (GATEWAYS.indexOf(report.gateway) << 4),
  );
  const { virtualRouters, addresses, intervals, thresholds, primaries, rules } = report.digests;
  const digests = [virtualRouters, addresses, intervals, thresholds, primaries ?? 0, rules ?? 0];
  for (const [index, digest] of digests.entries()) {
    assert(within(digest, 0, 0xffff_ffff), `digest ${digest} is not an unsigned 32-bit number`);
    view.setUint32(2 + index * 4, digest);
  }
  return bytes;
}

function decodeInstance(
  bytes: Uint8Array,
): Omit<PeerReport, 'name' | 'primaryAddresses' | 'routers'> | string {
  if (bytes.length < INSTANCE_LENGTH) return `an instance of ${bytes.length} bytes`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const mode = MODES[view.getUint8(0)];
  const flags = view.getUint8(1);
  const gateway = GATEWAYS[(flags >> 4) & 3];
  if (mode === undefined) return `mode ${view.getUint8(0)}`;
  if (gateway === undefined) return 'gateway 3';
  return {
    mode,
    primary: hasBit(flags, 0),
    fit: hasBit(flags, 1),
    sound: hasBit(flags, 2),
    gateway,
    bandwidthLow: hasBit(flags, 3),
    ...(hasBit(flags, 6) ? { standsBack: true } : {}),
    ...(hasBit(flags, 7) ? { gatewayWish: true } : {}),
    digests: {
      virtualRouters: view.getUint32(2),
      addresses: view.getUint32(6),
      intervals: view.getUint32(10),
      thresholds: view.getUint32(14),
      primaries: laterDigest(view, 18),
      rules: laterDigest(view, 22),
    },
  };
}

const laterDigest = (view: DataView, at: number): number | null =>
  view.byteLength < at + 4 ? null : view.getUint32(at) || null;

//  TLV 3, primary addresses: 0..8 times one byte, 4 or 6, and the 4 or 16 bytes of the address.

function encodeAddresses(addresses: readonly IpAddress[]): Uint8Array {
  assert(
    addresses.length <= PRIMARY_ADDRESSES_MAXIMUM,
    `${addresses.length} primary addresses, ${PRIMARY_ADDRESSES_MAXIMUM} can be sent`,
  );
  return concatenate(
    addresses.flatMap((address) => [
      Uint8Array.of(familyOf(address) === 'ipv4' ? 4 : 6),
      addressBytes(address),
    ]),
  );
}

function decodeAddresses(bytes: Uint8Array): IpAddress[] | string {
  const addresses: IpAddress[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const family = FAMILIES.find(([version]) => version === bytes[offset])?.[1];
    if (family === undefined) return `address family ${bytes[offset]}`;
    if (offset + 1 + addressLength(family) > bytes.length) return 'a primary address cut short';
    if (addresses.length === PRIMARY_ADDRESSES_MAXIMUM) return 'too many primary addresses';
    addresses.push(addressFromBytes(bytes, offset + 1, family));
    offset += 1 + addressLength(family);
  }
  return addresses;
}

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |  Reserved |D|F| Reason Length |  Reason ...   |  Detail ...
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  TLV 6, cause, since minor 2, at most 70 bytes: D: doubtful; F: forced; the name of a reason, 1..32
//  bytes, then who or what, to the end: UTF-8 both. It moves nobody by itself: one that cannot be read
//  is no cause.

/** What is too long is cut off. */
function encodeCause({ reason, detail, forced, doubtful }: PeerCause): Uint8Array {
  const name = cutText(reason, CAUSE_REASON_MAXIMUM);
  const flags = Uint8Array.of(bit(forced, 0) | bit(doubtful, 1), name.length);
  return concatenate([flags, name, cutText(detail, CAUSE_MAXIMUM - flags.length - name.length)]);
}

function decodeCause(bytes: Uint8Array): PeerCause | null {
  const [flags = 0, length = 0] = bytes;
  if (2 + length > bytes.length) return null;
  const reason = decodeName(bytes.subarray(2, 2 + length));
  const rest = bytes.subarray(2 + length);
  const detail = rest.length === 0 ? '' : decodeName(rest, CAUSE_MAXIMUM);
  if (reason === null || detail === null) return null;
  return { reason, detail, forced: hasBit(flags, 0), doubtful: hasBit(flags, 1) };
}

/** UTF-8 of at most `most` bytes: whole characters. */
function cutText(text: string, most: number): Uint8Array {
  const bytes = new Uint8Array(most);
  return bytes.subarray(0, new TextEncoder().encodeInto(text, bytes).written);
}

//  TLV 8, witness, since minor 4: one byte, 1 the sender sees the witness, 2 it does not. Another value is none, and the
//  bytes after the first are for later minors.

const encodeWitness = (word: WitnessWord): Uint8Array =>
  Uint8Array.of(WITNESS_WORDS.indexOf(word) + 1);

//   0                   1                   2
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |    Count    |Sta|A|U|R|  Evid.|   Priority    |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  TLV 4, virtual routers, as runs of equal ones: Count 1..127; Sta: 0 Initialize, 1 Backup,
//  2 Active; A: addresses present; U: wants unicast; R: releasing; Evidence 0..15; Priority 0..255.

interface Run {
  readonly count: number;
  /** The run's 24 bits without its count. */
  readonly fields: number;
}

function runsOf(routers: readonly PeerRouter[]): Run[] {
  const runs: { count: number; fields: number }[] = [];
  for (const router of routers) {
    const fields = fieldsOf(router);
    const last = runs.at(-1);
    if (last !== undefined && last.fields === fields && last.count < RUN_MAXIMUM) last.count += 1;
    else runs.push({ count: 1, fields });
  }
  return runs;
}

function fieldsOf(router: PeerRouter): number {
  const { effectivePriority, evidence } = router;
  assert(within(effectivePriority, 0, 255), `priority ${effectivePriority} is not in 0..255`);
  assert(within(evidence, 0, 15), `evidence ${evidence} is not in 0..15`);
  return (
    (STATES.indexOf(router.state) << 15) |
    bit(router.addressesPresent, 14) |
    bit(router.wantsUnicast, 13) |
    bit(router.releasing, 12) |
    (evidence << 8) |
    effectivePriority
  );
}

const encodeRun = (count: number, fields: number): number[] => [
  (count << 1) | (fields >> 16),
  (fields >> 8) & 0xff,
  fields & 0xff,
];

function decodeRouters(bytes: Uint8Array): PeerRouter[] | string {
  if (bytes.length % RUN_LENGTH !== 0) return `virtual routers of ${bytes.length} bytes`;
  const routers: PeerRouter[] = [];
  for (let offset = 0; offset < bytes.length; offset += RUN_LENGTH) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(offset, offset + RUN_LENGTH);
    const count = first >> 1;
    const fields = ((first & 1) << 16) | (second << 8) | third;
    const state = STATES[fields >> 15];
    if (state === undefined) return 'virtual router state 3';
    if (count === 0) return 'a run of no virtual routers';
    if (routers.length + count > ROUTERS_MAXIMUM) return 'too many virtual routers';
    const router: PeerRouter = {
      state,
      effectivePriority: fields & 0xff,
      addressesPresent: hasBit(fields, 14),
      wantsUnicast: hasBit(fields, 13),
      releasing: hasBit(fields, 12),
      evidence: (fields >> 8) & 0xf,
    };
    for (let index = 0; index < count; index += 1) routers.push(router);
  }
  return routers;
}

//  TLV 5, keys: 1..8 digests of 32 bits. Bytes after the last whole or the eighth one are for later minors.

function encodeKeys(keys: readonly number[]): Uint8Array {
  assert(keys.length <= KEYS_MAXIMUM, `${keys.length} keys, ${KEYS_MAXIMUM} can be named`);
  const bytes = new Uint8Array(keys.length * DIGEST_LENGTH);
  const view = new DataView(bytes.buffer);
  for (const [index, key] of keys.entries()) view.setUint32(index * DIGEST_LENGTH, key);
  return bytes;
}

function decodeKeys(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = Math.min(KEYS_MAXIMUM, Math.floor(bytes.length / DIGEST_LENGTH));
  return Array.from({ length: count }, (_, index) => view.getUint32(index * DIGEST_LENGTH));
}

function tlv(type: number, value: Uint8Array): Uint8Array {
  return concatenate([Uint8Array.of(type, value.length >> 8, value.length & 0xff), value]);
}

/** The values of the known types by name; unknown types are skipped. */
function splitTlvs(bytes: Uint8Array): Partial<Record<TlvName, Uint8Array>> | string {
  const parts: Partial<Record<TlvName, Uint8Array>> = {};
  let offset = 0;
  while (offset < bytes.length) {
    if (offset + TLV_HEADER > bytes.length) return 'a TLV header cut short';
    const [type = 0, high = 0, low = 0] = bytes.subarray(offset, offset + TLV_HEADER);
    const start = offset + TLV_HEADER;
    const end = start + ((high << 8) | low);
    if (end > bytes.length) return `TLV ${type} reaches ${end - bytes.length} bytes beyond the end`;
    const name = NAME_OF.get(type);
    if (name !== undefined) {
      if (parts[name] !== undefined) return `TLV ${type} twice`;
      parts[name] = bytes.subarray(start, end);
    }
    offset = end;
  }
  return parts;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

const bit = (value: boolean, position: number): number => (value ? 1 << position : 0);

const hasBit = (value: number, position: number): boolean => ((value >> position) & 1) === 1;

const within = (value: number, low: number, high: number): boolean =>
  Number.isInteger(value) && value >= low && value <= high;
