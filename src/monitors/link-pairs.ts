// The link pairs of an appliance that traffic passes through, judged together. No events, no clock:
// whoever learns of a link calls this again.
import type { Link } from '../model/link.js';
import type { HardMonitorStatus } from '../model/monitor.js';
import { MONITOR_NAMES, type LinkPairsSettings } from './settings.js';

/**
 * The status of all pairs among these links. It is about no interface in particular, so that a
 * failure keeps every virtual router out of the election.
 * @param links what the kernel has, in any order; an interface that is not among them is missing.
 * @param inhibited bypassed or settling: pairs are counted but not judged.
 */
export function linkPairsStatus(
  settings: LinkPairsSettings,
  links: Iterable<Link>,
  inhibited = false,
): HardMonitorStatus {
  const { pairs, minimumActive } = settings;
  const byName = new Map(Array.from(links, (link) => [link.name, link]));
  const active = pairs.filter((pair) => pair.every((name) => trouble(byName.get(name)) === null));
  const below = active.length < minimumActive;
  const count = `${active.length} of ${pairs.length} pairs active, minimum ${minimumActive}`;
  return {
    name: MONITOR_NAMES.links,
    weight: 'hard',
    fault: 'links-below-minimum',
    reading: { of: 'linkPairs', value: active.length, limit: minimumActive },
    state: below && !inhibited ? 'failed' : 'ok',
    detail: [
      count,
      ...(inhibited ? ['not judged while bypassed or settling'] : []),
      ...troubles(pairs, byName),
    ].join('; '),
  };
}

/** Each interface at fault, once, however many pairs it is in. */
function troubles(
  pairs: LinkPairsSettings['pairs'],
  byName: ReadonlyMap<string, Link>,
): readonly string[] {
  return [...new Set(pairs.flat())].flatMap((name) => {
    const found = trouble(byName.get(name));
    return found === null ? [] : [`${name} ${found}`];
  });
}

function trouble(link: Link | undefined): string | null {
  if (link === undefined) return 'does not exist';
  if (!link.up) return 'is down';
  return link.carrier ? null : 'has no carrier';
}
