// The checks of `witness` that a schema cannot make: that its endpoints are some, that its lease outlasts the addresses of
// a host that hangs, and that there is a group to decide for. Files are not looked at, and no witness is asked.
import type { Finding } from './errors.js';
import { fault } from './faults.js';
import { quote } from './found.js';
import { textsAt, type PlacedText, type Settled } from './placed.js';
import { checkPath, repeated, standsAlready } from './plain-checks.js';
import { TTL_SECONDS } from './schema-ha.js';
import type { SettingsFile } from './schema.js';

/** The kernel counts whole seconds, and takes an address away up to 0.6 s late. */
const KERNEL_LATE_SECONDS = 0.6;
/** From the sending of one good renewal until the next is sent, a sixth of the ttl; and as long for its answer. */
const UNRENEWED = 2 / 6;
/** Two clocks run 1 % apart, at most. */
const REMAINING = 0.99;
/** etcd grants no less; and what the schema allows at most. */
const [LEAST, LONGEST] = TTL_SECONDS;

/**
 * The least time to live of the lease, in whole seconds, so that the addresses of a host that hangs are gone before
 * the lease can be another's: at any time what is left of it outlasts what the kernel was told.
 */
export const leastTtlSeconds = (leaseSeconds: number): number =>
  Math.max(LEAST, Math.ceil((leaseSeconds + KERNEL_LATE_SECONDS) / (REMAINING - UNRENEWED)));

/** As often a peer is asked within a ttl: its answer is as good as the lease, and one may be lost. */
const CHECKS_IN_TTL = 6;
/** For the addresses to be gone, after the last of those answers. */
const LEAVING_SECONDS = 1;
/** No Active_Down_Interval is longer, in advertisement intervals: until it is over nobody asks for the lease. */
const INTERVALS_IN_TTL = 4;

/** What else the ttl must outlast: checks of the peers, and the advertisements of each virtual router. */
export interface Paces {
  readonly peerCheckIntervalMs: number;
  readonly advertisementIntervalsMs: readonly number[];
}

export const pacesOf = ({
  ha,
  virtualRouters,
}: Pick<SettingsFile, 'ha' | 'virtualRouters'>): Paces => ({
  peerCheckIntervalMs: ha.peerCheckIntervalMs,
  advertisementIntervalsMs: virtualRouters.map(
    ({ advertisementIntervalMs }) => advertisementIntervalMs,
  ),
});

/** The least time to live of the lease by how often the appliances speak, in whole seconds. */
const leastByPaces = ({ peerCheckIntervalMs, advertisementIntervalsMs }: Paces): number =>
  Math.ceil(
    Math.max(
      (CHECKS_IN_TTL * peerCheckIntervalMs) / 1_000 + LEAVING_SECONDS,
      ...advertisementIntervalsMs.map((interval) => (INTERVALS_IN_TTL * interval) / 1_000),
    ),
  );

/** The ttl of settings that name none: the least that is sound, in whole seconds. */
export const usualTtlSeconds = (leaseSeconds: number, paces: Paces): number =>
  Math.max(leastTtlSeconds(leaseSeconds), leastByPaces(paces));

const FILES = ['caFile', 'certificateFile', 'privateKeyFile', 'passwordFile'] as const;
const TOGETHER = [
  ['certificateFile', 'privateKeyFile'],
  ['user', 'passwordFile'],
] as const;

export function checkWitness({ witness, vip, ha, virtualRouters }: Settled): Finding[] {
  if (witness === undefined) return [];
  const endpoints = textsAt(witness.endpoints, ['witness', 'endpoints']);
  return [
    ...endpoints.flatMap(checkEndpoint),
    ...repeated(endpoints, ({ text }) => text.replace(/\/$/, '')).map(([{ at, text }, first]) =>
      fault('endpointTwice', at, standsAlready(text, first.at)),
    ),
    ...checkKey(witness.key),
    ...FILES.flatMap((key) => checkPath(witness[key], ['witness', key])),
    ...checkTogether(witness),
    ...checkTtl(witness.ttlSeconds, vip?.leaseSeconds),
    ...checkPaces(witness.ttlSeconds, ha?.peerCheckIntervalMs, virtualRouters),
    ...checkGroup(ha),
  ];
}

function checkEndpoint({ at, text }: PlacedText): Finding[] {
  if (text === '') return [];
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.hostname !== '' &&
    `${url.username}${url.password}${url.search}${url.hash}` === '' &&
    url.pathname === '/';
  // A URL without a port has that of the web, where no etcd listens.
  if (isPlain && /:\d+\/?$/.test(text)) return [];
  return [fault('endpoint', at, quote(text))];
}

function checkKey(key: string | undefined): Finding[] {
  if (!key || /^[A-Za-z0-9/._-]+$/.test(key)) return [];
  return [fault('witnessKey', ['witness', 'key'], quote(key))];
}

const checkTogether = (witness: NonNullable<Settled['witness']>): Finding[] =>
  TOGETHER.flatMap(([one, two]): Finding[] => {
    if ((witness[one] === undefined) === (witness[two] === undefined)) return [];
    const [missing, other] = witness[one] === undefined ? [one, two] : [two, one];
    return [fault('halfWitness', ['witness'], `no witness.${missing}`, { missing, other })];
  });

function checkTtl(ttlSeconds: number | undefined, lease: number | undefined): Finding[] {
  if (lease === undefined) return [];
  if (lease === 0) return [fault('endlessLease', ['vip', 'leaseSeconds'], '0 (for ever)')];
  const least = leastTtlSeconds(lease);
  if (ttlSeconds === undefined || ttlSeconds >= least) return [];
  return [fault('shortTtl', ['witness', 'ttlSeconds'], String(ttlSeconds), { least, lease })];
}

/** Without a ttl of its own the group has one that is long enough, if there is any. */
function checkPaces(
  ttlSeconds: number | undefined,
  peerCheckIntervalMs: number | undefined,
  routers: Settled['virtualRouters'],
): Finding[] {
  const advertisementIntervalsMs = (routers ?? []).flatMap(
    ({ advertisementIntervalMs }) => advertisementIntervalMs ?? [],
  );
  if (peerCheckIntervalMs === undefined) return [];
  const least = leastByPaces({ peerCheckIntervalMs, advertisementIntervalsMs });
  if ((ttlSeconds ?? LONGEST) >= least) return [];
  const found = ttlSeconds === undefined ? `no more than ${LONGEST}` : String(ttlSeconds);
  return [fault('hastyTtl', ['witness', 'ttlSeconds'], found, { least })];
}

function checkGroup(ha: Settled['ha']): Finding[] {
  const parted =
    ha?.mode === 'active-active' ? [fault('partedWitness', ['ha', 'mode'], 'active-active')] : [];
  if (ha?.peers === undefined || ha.peers.length > 0) return parted;
  return [...parted, fault('lonelyWitness', ['witness'], 'no ha.peers')];
}
