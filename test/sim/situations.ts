// How scenarios may begin that chance alone seldom finds: a few deeds that follow from each other, and what the settings
// must be for them. What comes afterwards is drawn like any other story (unusual.ts). Drawing only.
import * as fc from 'fast-check';
import { quiet, type Deed, type Story } from './deeds.js';
import type { Setting } from './settings.js';

export interface Situation {
  readonly needs: Partial<Setting>;
  readonly story: Story;
}

/** Advertisements come once a second, so that orders can be lost and scripts fail; checks more often. */
const SLOW = { interval: 100, checkInterval: 300, mismatch: 'none', owner: false } as const;
const TWO = { ...SLOW, appliances: 2, paths: 'ha and lan', mode: 'active-passive' } as const;
const THREE = { ...TWO, appliances: 3 } as const;

const forget = (of: number, times: number): Deed => ({ kind: 'forget', of, times });
const script = (of: number): Deed => ({ kind: 'script', of, fails: true });
const takeAway = (of: number): Deed => ({ kind: 'take-away', of, virtualRouter: 'lan' });
const failover = (of: number, force = false): Deed => ({
  kind: 'operator',
  of,
  command: 'failover',
  force,
});
const gateway = (of: number, state: 'ok' | 'failed' | 'unknown'): Deed => ({
  kind: 'monitor',
  of,
  monitor: 'gateway',
  state,
});
const cut = (of: number, what: Extract<Deed, { kind: 'cut' }>['what']): Deed => ({
  kind: 'cut',
  from: of,
  to: of,
  what,
  oneWay: false,
});
const forge: Deed = { kind: 'forge', of: 0, virtualRouter: 'lan' };

const several = fc.integer({ min: 2, max: 3 });
/** Up to four intervals more. */
const more = fc.integer({ min: 0, max: 400 }).map((hundredths) => hundredths / 100);

const always = (needs: Partial<Setting>, ...story: Story): fc.Arbitrary<Situation> =>
  more.map((pause) => {
    const [last, least] = story.at(-1) ?? [{ kind: 'resume' }, 0];
    return { needs, story: [...story.slice(0, -1), [last, least + pause]] };
  });

/** Both fail to add the addresses, one after the other. */
const bothFail = always(TWO, [script(0), 0], [script(1), 0.5], [takeAway(0), 6]);

/** The role is ordered to one that cannot add them. */
const orderedInVain = fc
  .boolean()
  .chain((force) => always(TWO, [script(1), 0.5], [failover(0, force), 6]));

/** The successor of a dead one waits for addresses that never come, while others listen. */
const neverComes = fc
  .tuple(fc.constantFrom(TWO, THREE), several)
  .chain(([needs, times]) =>
    always(
      { ...needs, preempt: false, priorities: 'ranked' },
      [forget(1, times), 0],
      [{ kind: 'power-cut', of: 0 }, 2],
      [{ kind: 'start', of: 0 }, 13],
    ),
  );

/** A successor that was asked has the role, and is slow to have the addresses. */
const slow = always(TWO, [forget(1, 1), 0], [failover(0), 8]);

/** Somebody says farewell in the name of the Active, again and again. */
const forged = fc
  .array(quiet, { minLength: 1, maxLength: 5 })
  .chain((pauses) =>
    always({ ...TWO, maximumFlaps: 1 }, ...pauses.map((pause) => [forge, pause] as const)),
  );

/** One came at a farewell, and long after finds another Active behind a filter. */
const lateRival = always(
  { ...TWO, preempt: true },
  [{ kind: 'stop', of: 0 }, 2],
  [cut(0, 'everything'), 0],
  [{ kind: 'start', of: 0 }, 9],
  [{ kind: 'mend', of: 0 }, 0],
  [cut(0, 'multicast'), 3],
);

/** It is suspended while it still waits for a successor, and dies. */
const latched = always(
  {
    ...TWO,
    mode: 'active-active',
    routers: 'lan wan',
    preempt: false,
    maximumFlaps: 1,
    flapWindow: 15_000_000,
  },
  [{ kind: 'stop', of: 1 }, 5],
  [{ kind: 'restart', of: 0 }, 5],
  [{ kind: 'start', of: 1 }, 4],
  [forget(1, 3), 0],
  [script(0), 0],
  [takeAway(0), 1],
  [{ kind: 'crash', of: 0 }, 17],
  [{ kind: 'start', of: 0 }, 2],
);

/** An operator insists on one whose gateway does not answer. */
const insisted = always(
  { ...TWO, monitored: true },
  [gateway(1, 'failed'), 2],
  [failover(0, true), 6],
);

/** One that nobody knows takes a virtual router of a group. */
const stranger = fc
  .tuple(
    fc.constantFrom<Setting['routers']>('lan wan', 'lan lan6'),
    fc.constantFrom('lan', 'lan6', 'wan'),
    fc.integer({ min: 1, max: 8 }),
  )
  .chain(([routers, virtualRouter, intervals]) =>
    always({ ...TWO, routers }, [
      { kind: 'stranger', virtualRouter, priority: 254, intervals },
      intervals + 1,
    ]),
  );

/** The path on the LAN was filtered long before the Active dies. */
const oldSilence = more.chain((pause) =>
  always(TWO, [cut(0, 'LAN path'), 4 + pause], [{ kind: 'power-cut', of: 0 }, 3]),
);

/** It was sent away, and the one that came for it goes, too. */
const sentAway = fc
  .constantFrom('crash' as const, 'stop' as const, 'power-cut' as const)
  .chain((kind) =>
    always({ ...THREE, priorities: 'default' }, [failover(0), 4], [{ kind, of: 2 }, 4]),
  );

/** The Active stands on the side of a split without the gateway, and does not know. */
const worseSide = always(
  TWO,
  [gateway(1, 'ok'), 0.5],
  [gateway(0, 'unknown'), 1],
  [cut(0, 'lan'), 6],
);

/** Advertisements by unicast, where the HA port is of the other family. */
const otherFamily = always({ ...TWO, ipv6Path: true }, [cut(0, 'multicast'), 5]);

/** Its lease was revoked while it hung, and its successor is gone again. */
const lapsed = fc
  .constantFrom<Setting['paths']>('ha and lan', 'none')
  .chain((paths) =>
    always(
      { ...TWO, paths, leased: true },
      [{ kind: 'pause', of: 0 }, 6],
      [{ kind: 'power-cut', of: 1 }, 0.5],
      [{ kind: 'resume' }, 6],
    ),
  );

/**
 * A Backup stands still since before it missed the Active, and goes on when its timer has run out, but the last word of
 * the peer still counts.
 */
const tooLate = fc
  .tuple(more, more)
  .chain(([before, length]) =>
    always(
      { ...TWO, checkInterval: 1_000, priorities: 'ranked', late: 0, preempt: true },
      [{ kind: 'power-cut', of: 0 }, before / 8],
      [{ kind: 'pause', of: 1 }, 2.2 + length / 4],
      [{ kind: 'resume' }, 2],
    ),
  );

export const situation: fc.Arbitrary<Situation> = fc.oneof(
  bothFail,
  orderedInVain,
  neverComes,
  slow,
  latched,
  insisted,
  stranger,
  oldSilence,
  sentAway,
  worseSide,
  otherFamily,
  tooLate,
  // Not each of these comes to what it is about.
  { weight: 3, arbitrary: forged },
  { weight: 2, arbitrary: lateRival },
  { weight: 2, arbitrary: lapsed },
);
