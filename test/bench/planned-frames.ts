// What a capture says of planned work: which requests got no answer, who answered, and in which order the
// heir told whom. Arithmetic on frames and the kernels' notices; nothing is watched, nothing judged.
import type { HeldChange } from '../../scripts/lab/held-time.js';
import type { Sighting, What } from '../../scripts/lab/sightings.js';

/** A stretch of time on the lab's clock. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface Answers {
  /** Requests sent in the stretch that nobody answered. */
  readonly unanswered: number;
  /** Who answered, in order of time; each for as long as nobody else did. */
  readonly by: readonly string[];
  /** Longest time between two answers to requests of the stretch; 0 with fewer than two. */
  readonly longestGapMs: number;
}

type Echo = Extract<What, { readonly kind: 'echo' }>;

const echoes = (
  all: readonly Sighting[],
): { readonly at: number; readonly from: string; readonly what: Echo }[] =>
  all.flatMap(({ at, from, what }) => (what.kind === 'echo' ? [{ at, from, what }] : []));

/** The echo requests to one address that were sent in the stretch, and their answers, whenever they came. */
export function answersFrom(
  all: readonly Sighting[],
  address: string,
  { from, to }: Stretch,
): Answers {
  const mine = echoes(all).filter(({ what }) => what.address === address);
  const asked = new Set(
    mine.filter(({ at, what }) => what.asks && at >= from && at <= to).map(({ what }) => what.id),
  );
  const good = mine.filter(({ at, what }) => !what.asks && at >= from && asked.has(what.id));
  const by: string[] = [];
  let longestGapMs = 0;
  for (const [index, answer] of good.entries()) {
    if (by.at(-1) !== answer.from) by.push(answer.from);
    longestGapMs = Math.max(longestGapMs, answer.at - (good[index - 1]?.at ?? answer.at));
  }
  for (const { what } of good) asked.delete(what.id);
  return { unanswered: asked.size, by, longestGapMs };
}

/** A virtual router that moves, as the wire knows it. */
export interface Moved {
  readonly vrid: number;
  readonly addresses: readonly string[];
  /** Its place in a report of the HA port. */
  readonly place: number;
}

/**
 * The steps of a handover to `heir` in the order in which they were seen: `announce` (the last of its
 * addresses), `advertise`, `tell` (over the HA port, that it has the role and the addresses), `let go`
 * (the other one's kernel, the first of them). What was not seen is not there.
 */
export function orderOf(
  all: readonly Sighting[],
  changes: readonly HeldChange[],
  moved: Moved,
  heir: string,
  from: number,
): string {
  const first = (fits: (what: What) => boolean): number | undefined =>
    all.find((one) => one.at >= from && one.from === heir && fits(one.what))?.at;
  const announced = moved.addresses.map((address) =>
    first((what) => what.kind === 'announcement' && what.address === address),
  );
  const missing = announced.includes(undefined);
  const steps: readonly (readonly [string, number | undefined])[] = [
    ['announce', missing ? undefined : Math.max(...announced.map((at) => at ?? 0))],
    [
      'advertise',
      first(
        (what) => what.kind === 'advertisement' && what.vrid === moved.vrid && what.priority > 0,
      ),
    ],
    ['tell', first((what) => what.kind === 'report' && holds(what.routers[moved.place]))],
    [
      'let go',
      changes.find(
        ({ at, appliance, address, present }) =>
          at >= from && !present && appliance !== heir && moved.addresses.includes(address),
      )?.at,
    ],
  ];
  return steps
    .flatMap(([step, at]) => (at === undefined ? [] : [{ step, at }]))
    .sort((left, right) => left.at - right.at)
    .map(({ step }) => step)
    .join(', ');
}

const holds = (
  router: { readonly state: string; readonly addressesPresent: boolean } | undefined,
): boolean => router?.state === 'Active' && router.addressesPresent;
