// What an accepted advertisement tells us beside its part in the election: counters, remarks, the checksum dialect. No
// timer and no state of the machine is changed.
import type { IpAddress } from '../../model/address.js';
import {
  REMARKS,
  type Advertisement,
  type ChecksumDialect,
  type Remark,
} from '../../model/advertisement.js';
import type { Report } from '../../model/reasons.js';
import type { Instant } from '../../model/units.js';
import { sameAddresses, type Router, type RouterConfiguration } from './router.js';

interface Heard {
  readonly advertisement: Advertisement;
  readonly source: IpAddress;
  readonly dialect: ChecksumDialect;
}

interface Observation {
  readonly report: Report | Remark;
  readonly detail: string;
}

/** Counts the advertisement and learns its dialect; returns what is worth a report. */
export function observe(router: Router, heard: Heard, now: Instant): readonly Observation[] {
  const { advertisement, source } = heard;
  // Priority 0 is no sign of an Active: it is sent by a router that leaves, and by one that asks whether there is one.
  if (advertisement.priority === 0) router.counters.priorityZeroReceived += 1;
  else router.heardAt = now;
  if (router.state.kind === 'Backup') router.state.deferred = false;
  router.counters.advertisementsReceived += 1;
  const remarks = remarksOn(router, advertisement);
  for (const remark of remarks) {
    router.counters.remarks[remark] = (router.counters.remarks[remark] ?? 0) + 1;
  }
  const learned = learnDialect(router, heard);
  if (remarks.length === 0) return learned;
  const details = remarks.map((report) => ({ report, detail: `${source}: ${REMARKS[report]}` }));
  return [...learned, ...details];
}

/** Nearly every packet is as expected, so the empty answer is made once. */
const NOTHING: readonly never[] = [];

/** Checks 12 to 14 of RFC 9568 §7.1. They never discard a packet (errata 8298). */
function remarksOn(router: Router, advertisement: Advertisement): readonly Remark[] {
  const { configuration } = router;
  if (isAsConfigured(configuration, advertisement)) return NOTHING;
  const remarks: Remark[] = [];
  if (configuration.priority === 255 && advertisement.priority === 255) {
    remarks.push('ownerConflict');
  }
  if (advertisement.maxAdvertiseInterval !== configuration.advertisementInterval) {
    remarks.push('intervalMismatch');
  }
  const own = configuration.addresses.map(({ address }) => address);
  if (!sameAddresses(own, advertisement.addresses)) remarks.push('addressMismatch');
  return remarks;
}

/** Whether there is nothing to remark. Allocates nothing. */
export const isAsConfigured = (own: RouterConfiguration, heard: Advertisement): boolean =>
  own.priority !== 255 &&
  heard.maxAdvertiseInterval === own.advertisementInterval &&
  heard.addresses.length === own.addresses.length &&
  own.addresses.every(({ address }, index) => heard.addresses[index] === address);

/**
 * `checksum: auto` starts with RFC 9568 and changes to RFC 5798 for good when it hears that: routers that send the old
 * form reject the new one, and those that send the new one accept both. If it followed whoever spoke last, two routers
 * could make it go back and forth. Only an Active counts: a farewell does not tell who is there, and one that is sent
 * in an emergency comes in both dialects, since nobody knows by then which one was spoken.
 */
function learnDialect(
  router: Router,
  { advertisement, source, dialect }: Heard,
): readonly Observation[] {
  if (router.configuration.family === 'ipv6' || advertisement.priority === 0) return NOTHING;
  router.received = dialect;
  const { checksum } = router.configuration;
  if (checksum !== 'auto' || router.sending === dialect || dialect === 'rfc9568') return NOTHING;
  router.sending = dialect;
  return [{ report: 'checksum-dialect', detail: `${source} uses ${dialect}` }];
}
