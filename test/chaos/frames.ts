// Who was the last to announce an address, and who advertised at the end: questions to what the switch saw.
import type { Sighting } from '../../scripts/lab/sightings.js';

/** Who of these routers was the last to say that it has the address; null when none did. */
export const lastAnnouncer = (
  all: readonly Sighting[],
  address: string,
  routers: readonly string[],
): string | null =>
  all.findLast(
    ({ from, what }) =>
      routers.includes(from) && what.kind === 'announcement' && what.address === address,
  )?.from ?? null;

/** Who has advertised as Active since `from`, by `IPv4 51`: more than one is one too many. */
export function advertisers(all: readonly Sighting[], from: number): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { at, from: sender, what } of all) {
    if (at < from || what.kind !== 'advertisement' || what.priority === 0) continue;
    const key = `IPv${what.family} ${what.vrid}`;
    const senders = found.get(key) ?? [];
    if (!senders.includes(sender)) found.set(key, [...senders, sender].sort());
  }
  return found;
}
