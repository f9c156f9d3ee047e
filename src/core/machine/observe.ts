// What an accepted advertisement tells besides the election: counters, remarks, the checksum dialect.
// It changes no timer and no state of the machine.
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
  // Priority 0 is no sign of an Active: whoever leaves says it, and whoever asks for one.
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

/** Nearly every packet is as expected: nothing is made anew to say so. */
const NOTHING: readonly never[] = [];

/** Checks 12 to 14 of RFC 9568 §7.1: they never discard (errata 8298). */
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

/** Whether there is nothing to remark, seen without making anything. */
const isAsConfigured = (own: RouterConfiguration, heard: Advertisement): boolean =>
  own.priority !== 255 &&
  heard.maxAdvertiseInterval === own.advertisementInterval &&
  heard.addresses.length === own.addresses.length &&
  own.addresses.every(({ address }, index) => heard.addresses[index] === address);

/**
 * `checksum: auto` starts with RFC 9568 and goes over to RFC 5798 for good when it hears it: routers
 * that send the old form reject the new one, and those that send the new one accept both. To follow
 * the last speaker would make it waver between two of them. Only an Active is a speaker: a farewell says
 * nothing of who is there, and one in an emergency comes in both dialects, since nobody knows any more
 * which one was spoken.
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
