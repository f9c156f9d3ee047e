// What is told of each virtual router. A status in, families out; no text.
import { DISCARD_REASONS, REMARKS } from '../model/advertisement.js';
import type { Status, VirtualRouterStatus } from '../model/status.js';
import { one, stateSet, timestamp, type Family, type Sample } from './exposition.js';

/** RFC 9568 §6.3. */
export const STATES = ['Initialize', 'Backup', 'Active'] as const;

type Of = (router: VirtualRouterStatus) => readonly Sample[];

/** Every family of a virtual router, whether it has samples or not. */
export function routerFamilies({ virtualRouters }: Status): Family[] {
  const row = (name: string, type: Family['type'], help: string, of: Of): Family => ({
    name: `understudy_${name}`,
    type,
    help,
    samples: () =>
      virtualRouters.flatMap((router) =>
        of(router).map(({ labels, value }) => ({
          labels: { virtual_router: router.name, ...labels },
          value,
        })),
      ),
  });
  return [
    ...ROLE.map((args) => row(...args)),
    ...LAST_MOVE.map((args) => row(...args)),
    ...PRIORITY.map((args) => row(...args)),
    ...ADDRESSES.map((args) => row(...args)),
    ...ADVERTISEMENTS.map((args) => row(...args)),
  ];
}

type Row = readonly [name: string, type: Family['type'], help: string, of: Of];

const ROLE: readonly Row[] = [
  [
    'virtual_router_info',
    'gauge',
    'Always 1: interface, VRID and address family of the virtual router',
    ({ interface: link, vrid, family }) => one(1, { interface: link, vrid, family }),
  ],
  [
    'virtual_router_state',
    'gauge',
    'Whether the virtual router is in this state (RFC 9568 section 6.3)',
    ({ state }) => stateSet(STATES, state, {}, 'state'),
  ],
  [
    'virtual_router_state_since_timestamp_seconds',
    'gauge',
    'When the virtual router came into its state, by the wall clock',
    ({ since }) => timestamp(since),
  ],
  [
    'virtual_router_transitions_total',
    'counter',
    'Transitions from one state to another',
    ({ counters }) => one(counters.transitions),
  ],
  [
    'virtual_router_transitions_by_reason_total',
    'counter',
    'Transitions by what they went from and to, and why; a kind has a series once it has happened',
    ({ counters: { transitionsBy = [] } }) =>
      transitionsBy.flatMap(({ from, to, reason, count }) => one(count, { from, to, reason })),
  ],
  [
    'virtual_router_became_active_total',
    'counter',
    'How often the role was taken',
    ({ counters: { transitionsBy } }) =>
      one(transitionsBy && sum(transitionsBy.filter(({ to }) => to === 'Active'))),
  ],
  [
    'virtual_router_left_active_total',
    'counter',
    'How often the role was given up or lost',
    ({ counters: { transitionsBy } }) =>
      one(transitionsBy && sum(transitionsBy.filter(({ from }) => from === 'Active'))),
  ],
];

const LAST_MOVE: readonly Row[] = [
  [
    'last_move_timestamp_seconds',
    'gauge',
    'When the role came here or went, by the wall clock: when that was noticed',
    ({ lastMove }) => timestamp(lastMove?.noticedAt),
  ],
  [
    'last_move_info',
    'gauge',
    'Always 1: whether the role was taken or given by the last move, and why',
    ({ lastMove }) =>
      lastMove === undefined ? [] : one(1, { way: lastMove.way, reason: lastMove.reason }),
  ],
  [
    'last_move_duration_seconds',
    'gauge',
    'From noticing the last move to when the addresses stood; without a sample where that is not known',
    ({ lastMove }) => one(lastMove && seconds(lastMove.noticedAt, lastMove.stoodAt)),
  ],
  [
    'last_move_nobody_held_seconds',
    'gauge',
    'For how long nobody had the addresses at the last move, at most and by our own clock',
    ({ lastMove }) =>
      typeof lastMove?.nobodyHeldAtMostMs === 'number'
        ? one(lastMove.nobodyHeldAtMostMs / 1_000)
        : [],
  ],
];

const seconds = (from: string, to: string | null): number | null =>
  to === null ? null : Math.max(0, Date.parse(to) - Date.parse(from)) / 1_000;

const sum = (counted: readonly { readonly count: number }[]): number =>
  counted.reduce((total, { count }) => total + count, 0);

const PRIORITY: readonly Row[] = [
  [
    'priority_configured',
    'gauge',
    'Base priority',
    ({ configuredPriority }) => one(configuredPriority),
  ],
  [
    'priority_effective',
    'gauge',
    'Priority in force, adjustments included',
    ({ effectivePriority }) => one(effectivePriority),
  ],
  [
    'priority_adjustment',
    'gauge',
    'What a monitor or a fault adds to the base priority; negative where it lowers it',
    ({ adjustments }) =>
      [...totals(adjustments)].flatMap(([cause, amount]) => one(amount, { cause })),
  ],
];

/** Two adjustments of one name would be the same series twice. */
function totals(adjustments: VirtualRouterStatus['adjustments']): ReadonlyMap<string, number> {
  const amounts = new Map<string, number>();
  for (const { name, amount } of adjustments) amounts.set(name, (amounts.get(name) ?? 0) + amount);
  return amounts;
}

const ADDRESSES: readonly Row[] = [
  [
    'address_wanted',
    'gauge',
    'Whether the virtual address should stand on this appliance: it should while the router is Active',
    ({ addresses, state }) =>
      addresses.flatMap(({ address }) => one(state === 'Active', { address })),
  ],
  [
    'address_present',
    'gauge',
    'Whether the kernel of this appliance has the virtual address',
    ({ addresses }) => addresses.flatMap(({ address, present }) => one(present, { address })),
  ],
  [
    'address_foreign',
    'gauge',
    'Whether somebody else has put the virtual address there, so that it stays whatever the role',
    ({ addresses }) =>
      addresses.flatMap(({ address, foreign }) => one(foreign === true, { address })),
  ],
];

const ADVERTISEMENTS: readonly Row[] = [
  [
    'advertisements_sent_total',
    'counter',
    'Advertisements sent, those of priority 0 included',
    ({ counters }) => one(counters.advertisementsSent),
  ],
  [
    'advertisements_received_total',
    'counter',
    'Advertisements received and accepted, those of priority 0 included',
    ({ counters }) => one(counters.advertisementsReceived),
  ],
  [
    'advertisements_priority_zero_sent_total',
    'counter',
    'Advertisements of priority 0 sent: farewells and questions',
    ({ counters }) => one(counters.priorityZeroSent),
  ],
  [
    'advertisements_priority_zero_received_total',
    'counter',
    'Advertisements of priority 0 received',
    ({ counters }) => one(counters.priorityZeroReceived),
  ],
  [
    'announcements_sent_total',
    'counter',
    'Frames that announced an address: gratuitous ARP, unsolicited neighbor advertisements',
    ({ counters }) => one(counters.announcementsSent),
  ],
  [
    'packets_discarded_total',
    'counter',
    'Packets with our VRID that were discarded, by reason (RFC 9568 section 7.1)',
    ({ counters: { errors } }) => counted(DISCARD_REASONS, errors, 'reason'),
  ],
  [
    'packet_last_discarded_timestamp_seconds',
    'gauge',
    'When the last packet of our VRID was discarded for this reason, by the wall clock',
    ({ counters: { lastErrors = {} } }) =>
      Object.entries(lastErrors).flatMap(([reason, at]) =>
        Object.hasOwn(DISCARD_REASONS, reason) ? timestamp(at, { reason }) : [],
      ),
  ],
  [
    'advertisements_remarkable_total',
    'counter',
    'Advertisements that were accepted although they differ from ours, by what differs',
    ({ counters: { errors } }) => counted(REMARKS, errors, 'remark'),
  ],
  [
    'send_failures_total',
    'counter',
    'Packets that the kernel refused to send',
    ({ counters: { errors } }) => one(errors.send ?? 0),
  ],
  [
    'advertisement_interval_seconds',
    'gauge',
    'Advertisement_Interval of the settings',
    ({ advertisementIntervalMs }) => one(advertisementIntervalMs / 1_000),
  ],
  [
    'active_advertisement_interval_seconds',
    'gauge',
    'Active_Adver_Interval: the interval of the Active, as learned from it',
    ({ activeAdvertisementIntervalMs }) => one(activeAdvertisementIntervalMs / 1_000),
  ],
  [
    'last_advertisement_age_seconds',
    'gauge',
    'Age of the last accepted advertisement; without a sample while there was none',
    ({ lastAdvertisementAgeMs: age }) => one(age === null ? null : age / 1_000),
  ],
  [
    'stranger_active',
    'gauge',
    'Whether the Active that is heard is none of the peers',
    ({ strangerActive }) => one(strangerActive === true),
  ],
  [
    'router_not_heard',
    'gauge',
    'Of each router that is loud on our VRID and not heard, the loudest eight at most: who, and why',
    ({ discarding = [] }) =>
      discarding.flatMap(({ source, reason }) => one(true, { source, reason })),
  ],
  [
    'rival_active',
    'gauge',
    'Whether a lesser router advertises beside this one, which is Active',
    ({ rivalAddress }) => one(rivalAddress !== undefined),
  ],
  [
    'active_unheard',
    'gauge',
    'Whether the peer is Active and its advertisements do not arrive, by why',
    ({ unheard }) => stateSet(['adverts-lost', 'lan-split'], unheard, {}, 'cause'),
  ],
];

/** Every reason there is has a series from the start: a counter that appears with its first count hides it. */
export const counted = (
  closedSet: Readonly<Record<string, string>>,
  counters: Readonly<Record<string, number | undefined>>,
  label: string,
): Sample[] =>
  Object.keys(closedSet).flatMap((name) => one(counters[name] ?? 0, { [label]: name }));
