// VRRPV3-MIB (RFC 6527): what `status` says, as its objects. Read only. No packets; what happened between two looks, and
// what follows from it, is notices.ts.
import {
  addressBytes,
  parseAddress,
  parseAddressWithPrefix,
  type Family,
} from '../model/address.js';
import type { DiscardReason, Remark } from '../model/advertisement.js';
import type { TransitionReason } from '../model/reasons.js';
import type { InterfaceStatus, Status, VirtualRouterStatus } from '../model/status.js';
import { virtualMacAddress } from '../model/virtual-mac.js';
import type { Oid, Value, VarBind } from './agentx.js';

/** vrrpv3MIB, { mib-2 207 }. */
export const VRRPV3_MIB: Oid = [1, 3, 6, 1, 2, 1, 207];

const OPERATIONS: Oid = [...VRRPV3_MIB, 1, 1, 1, 1];
const ASSOCIATED: Oid = [...VRRPV3_MIB, 1, 1, 2, 1];
const SCALARS: Oid = [...VRRPV3_MIB, 1, 2];
const STATISTICS: Oid = [...VRRPV3_MIB, 1, 2, 5, 1];

/** Of vrrpv3OperationsEntry; 1 and 2 are in the index and not accessible. */
const OPERATION = {
  masterIpAddr: 3,
  primaryIpAddr: 4,
  virtualMacAddr: 5,
  status: 6,
  priority: 7,
  addrCount: 8,
  advInterval: 9,
  preemptMode: 10,
  acceptMode: 11,
  upTime: 12,
  rowStatus: 13,
} as const;

/** Of vrrpv3AssociatedIpAddrEntry; 1 is in the index and not accessible. */
const ASSOCIATED_ROW_STATUS = 2;

const SCALAR = {
  checksumErrors: 1,
  versionErrors: 2,
  vrIdErrors: 3,
  discontinuityTime: 4,
} as const;

/** Of vrrpv3StatisticsEntry. */
const STATISTIC = {
  masterTransitions: 1,
  newMasterReason: 2,
  rcvdAdvertisements: 3,
  advIntervalErrors: 4,
  ipTtlErrors: 5,
  protoErrReason: 6,
  rcvdPriZeroPackets: 7,
  sentPriZeroPackets: 8,
  rcvdInvalidTypePackets: 9,
  addressListErrors: 10,
  packetLengthErrors: 11,
  rowDiscontinuityTime: 12,
  refreshRate: 13,
} as const;

/** Everything that there may be an instance of. */
export const COLUMNS: readonly Oid[] = [
  ...Object.values(OPERATION).map((column) => [...OPERATIONS, column]),
  [...ASSOCIATED, ASSOCIATED_ROW_STATUS],
  ...Object.values(SCALAR).map((scalar) => [...SCALARS, scalar]),
  ...Object.values(STATISTIC).map((column) => [...STATISTICS, column]),
];

/** vrrpv3OperationsStatus. */
const STATES = { Initialize: 1, Backup: 2, Active: 3 } as const;
/** InetAddressType (RFC 4001): an IPv6 row has a link-local address first, as the MIB has it. */
const ADDRESS_TYPES = { ipv4: 1, ipv6: 2 } as const;
const NEVER_ACTIVE = 0;
const ACTIVE_REASON = { priority: 1, preempted: 2, noResponse: 3 } as const;
/** RowStatus: what there is, is in use. */
const ROW_ACTIVE: Value = { type: 'integer', value: 1 };
/** The agent is asked once a second: to ask more often brings nothing new. */
const REFRESH_MS = 1_000;

const NO_RESPONSE: ReadonlySet<TransitionReason> = new Set([
  'no-response',
  'peer-dead',
  'witness-granted',
] as const);
const PREEMPTED: ReadonlySet<TransitionReason> = new Set(['priority', 'better-placed'] as const);

/** vrrpv3StatisticsNewMasterReason of what brought the role here. */
export function activeReasonOf(reason: TransitionReason | null): number {
  if (reason === null) return NEVER_ACTIVE;
  if (NO_RESPONSE.has(reason)) return ACTIVE_REASON.noResponse;
  return PREEMPTED.has(reason) ? ACTIVE_REASON.preempted : ACTIVE_REASON.priority;
}

/** vrrpv3StatisticsProtoErrReason of what a packet was discarded for. */
export const PROTOCOL_ERRORS = { hopLimit: 1, version: 2, checksum: 3, vrid: 4 } as const;
export type ProtocolError = keyof typeof PROTOCOL_ERRORS;
const NO_ERROR = 0;

/** Clocks: wall time in milliseconds, and when that of the SNMP daemon began (its sysUpTime is 0 then). */
export interface Clocks {
  readonly now: number;
  readonly daemonSince: number;
}

/** What is known beside the status: why each virtual router became Active the last time, by name. */
export type LastReasons = ReadonlyMap<string, TransitionReason>;

/** A virtual router as a row: with the number of its interface, which is part of every index. */
export interface Row {
  readonly router: VirtualRouterStatus;
  readonly link: InterfaceStatus | undefined;
  readonly index: Oid;
}

/** One whose interface is not there has no ifIndex, and so no row. */
export function rowsOf({ virtualRouters, interfaces }: Status): Row[] {
  const links = new Map(interfaces.map((link) => [link.name, link]));
  return virtualRouters.flatMap((router) => {
    const link = links.get(router.interface);
    if (link?.index === undefined) return [];
    const index = [link.index, router.vrid, ADDRESS_TYPES[router.family]];
    return [{ router, link, index }];
  });
}

/** All objects, in no order. */
export function objectsOf(status: Status, reasons: LastReasons, clocks: Clocks): VarBind[] {
  const rows = rowsOf(status);
  const since = timeStamp(status.startedAt, clocks);
  return [
    ...scalarsOf(status, since),
    ...rows.flatMap((row) => operationsOf(row, clocks)),
    ...rows.flatMap(associatedOf),
    ...rows.flatMap((row) => statisticsOf(row, reasons, since)),
  ];
}

const counter64 = (value: number): Value => ({ type: 'counter64', value: BigInt(value) });
const integer = (value: number): Value => ({ type: 'integer', value });
const truth = (value: boolean): Value => integer(value ? 1 : 2);

function scalarsOf(status: Status, since: Value): VarBind[] {
  const scalar = (number: number, value: Value): VarBind => ({
    oid: [...SCALARS, number, 0],
    value,
  });
  const all = (reason: DiscardReason): Value => {
    const ofRouters = status.virtualRouters.map(({ counters }) => counters.errors[reason] ?? 0);
    const ofLinks = status.interfaces.map(({ discarded }) => discarded[reason] ?? 0);
    return counter64([...ofRouters, ...ofLinks].reduce((sum, one) => sum + one, 0));
  };
  return [
    scalar(SCALAR.checksumErrors, all('checksum')),
    scalar(SCALAR.versionErrors, all('version')),
    scalar(SCALAR.vrIdErrors, all('vrid')),
    scalar(SCALAR.discontinuityTime, since),
  ];
}

function operationsOf({ router, index }: Row, clocks: Clocks): VarBind[] {
  const { family, vrid, effectivePriority, addresses, advertisementIntervalMs } = router;
  const values: Readonly<Record<keyof typeof OPERATION, Value | null>> = {
    masterIpAddr: inetAddress(router.activeAddress, family),
    primaryIpAddr: inetAddress(router.primaryAddress ?? null, family),
    virtualMacAddr: {
      type: 'octets',
      value: Buffer.from(virtualMacAddress(family, vrid).replaceAll(':', ''), 'hex'),
    },
    status: integer(STATES[router.state]),
    priority: { type: 'gauge32', value: effectivePriority },
    addrCount: integer(addresses.length),
    advInterval: integer(Math.round(advertisementIntervalMs / 10)),
    preemptMode: router.preempt === undefined ? null : truth(router.preempt),
    acceptMode: router.acceptMode === undefined ? null : truth(router.acceptMode),
    upTime: { type: 'timeTicks', value: ticksSince(router.takesPartSince, clocks) },
    rowStatus: ROW_ACTIVE,
  };
  return columnsOf(OPERATIONS, OPERATION, values, index);
}

/** InetAddress as it stands in an index: its length, and its bytes (RFC 4001). */
function associatedOf({ router: { addresses }, index }: Row): VarBind[] {
  return addresses.flatMap(({ address: text }) => {
    const virtual = parseAddressWithPrefix(text);
    if (virtual === null) return [];
    const bytes = addressBytes(virtual.address);
    const oid = [...ASSOCIATED, ASSOCIATED_ROW_STATUS, ...index, bytes.length, ...bytes];
    return [{ oid, value: ROW_ACTIVE }];
  });
}

function statisticsOf({ router, link, index }: Row, reasons: LastReasons, since: Value): VarBind[] {
  const { counters, name } = router;
  const counted = (...kinds: readonly (DiscardReason | Remark)[]): Value =>
    counter64(kinds.reduce((sum, kind) => sum + (counters.errors[kind] ?? 0), 0));
  const values: Readonly<Record<keyof typeof STATISTIC, Value>> = {
    masterTransitions: { type: 'counter32', value: timesActiveOf(router) },
    newMasterReason: integer(activeReasonOf(reasons.get(name) ?? null)),
    rcvdAdvertisements: counter64(counters.advertisementsReceived),
    advIntervalErrors: counted('interval', 'intervalMismatch'),
    ipTtlErrors: counted('hopLimit'),
    protoErrReason: integer(lastErrorOf(router, link)),
    rcvdPriZeroPackets: counter64(counters.priorityZeroReceived),
    sentPriZeroPackets: counter64(counters.priorityZeroSent),
    rcvdInvalidTypePackets: counted('type'),
    addressListErrors: counted('addressList', 'addressMismatch'),
    packetLengthErrors: counted('length'),
    rowDiscontinuityTime: since,
    refreshRate: { type: 'gauge32', value: REFRESH_MS },
  };
  return columnsOf(STATISTICS, STATISTIC, values, index);
}

/** How often the role came here since the agent started. */
export const timesActiveOf = ({ counters }: VirtualRouterStatus): number =>
  (counters.transitionsBy ?? [])
    .filter(({ to }) => to === 'Active')
    .reduce((sum, { count }) => sum + count, 0);

/** Of the errors that the MIB knows, the last one: of the virtual router's, and of its interface's that name none. */
function lastErrorOf({ counters }: VirtualRouterStatus, link: InterfaceStatus | undefined): number {
  let latest = '';
  let found = NO_ERROR;
  for (const times of [counters.lastErrors, link?.lastDiscarded]) {
    for (const [reason, number] of Object.entries(PROTOCOL_ERRORS)) {
      const at = times?.[reason as ProtocolError] ?? '';
      if (at > latest) [latest, found] = [at, number];
    }
  }
  return found;
}

/** The two objects that vrrpv3NewMaster has, and the one of vrrpv3ProtoError, of a row. */
export const activeAddressOf = ({ router, index }: Row): VarBind => ({
  oid: [...OPERATIONS, OPERATION.masterIpAddr, ...index],
  value: inetAddress(router.activeAddress, router.family),
});
export const reasonOf = ({ index }: Row, reason: TransitionReason | null): VarBind => ({
  oid: [...STATISTICS, STATISTIC.newMasterReason, ...index],
  value: integer(activeReasonOf(reason)),
});
export const protocolErrorOf = ({ index }: Row, error: ProtocolError): VarBind => ({
  oid: [...STATISTICS, STATISTIC.protoErrReason, ...index],
  value: integer(PROTOCOL_ERRORS[error]),
});

function columnsOf<Name extends string>(
  entry: Oid,
  numbers: Readonly<Record<Name, number>>,
  values: Readonly<Record<Name, Value | null>>,
  index: Oid,
): VarBind[] {
  return (Object.keys(numbers) as Name[]).flatMap((name) => {
    const value = values[name];
    return value === null ? [] : [{ oid: [...entry, numbers[name], ...index], value }];
  });
}

/** All zeros where none is known. */
function inetAddress(text: string | null, family: Family): Value {
  const address = text === null ? null : parseAddress(text);
  const none = new Uint8Array(family === 'ipv4' ? 4 : 16);
  return { type: 'octets', value: address === null ? none : addressBytes(address) };
}

/** Hundredths of a second since then; 0 when there is no then. */
function ticksSince(since: string | undefined, { now }: Clocks): number {
  return since === undefined ? 0 : Math.max(0, Math.floor((now - Date.parse(since)) / 10));
}

/** The daemon's sysUpTime at that time; 0 for what was before it. */
function timeStamp(at: string, { daemonSince }: Clocks): Value {
  return { type: 'timeTicks', value: Math.max(0, Math.floor((Date.parse(at) - daemonSince) / 10)) };
}
