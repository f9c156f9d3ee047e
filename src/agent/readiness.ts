// Whether a failover would succeed now, and if not, why. It reads what the status says anyway, and what an order to hand
// over would find. Pure; nothing is ordered.
import { causeText, remedyOf } from '../core/successors.js';
import type { InstanceSnapshot } from '../core/interface.js';
import { TRANSITION_REASONS } from '../model/reasons.js';
import type {
  HaMode,
  Hindrance,
  PeerStatus,
  Readiness,
  VirtualRouterStatus,
} from '../model/status.js';

export interface ReadinessInput extends Pick<InstanceSnapshot, 'own' | 'prospects'> {
  readonly mode: HaMode;
  readonly virtualRouters: readonly VirtualRouterStatus[];
  readonly peers: readonly PeerStatus[];
  /** The virtual routers that are being handed over. */
  readonly leaving: readonly string[];
  /** What keeps scripts from being run: that of the addresses, or what runs it. */
  readonly script: readonly string[];
}

/** One answer for what is Active here, one for what is not. None where there is nobody to move the role to or from. */
export function readinessOf(input: ReadinessInput): Readiness[] {
  const { mode, peers, virtualRouters } = input;
  if (mode === 'off' || peers.length === 0) return [];
  const active = virtualRouters.filter(({ state }) => state === 'Active');
  const others = virtualRouters.filter(({ state }) => state !== 'Active');
  return [
    ...(active.length === 0 ? [] : [away(input)]),
    ...(others.length === 0 ? [] : [here(input, others)]),
  ];
}

const answer = (
  direction: Readiness['direction'],
  to: readonly string[],
  hindrances: readonly Hindrance[],
): Readiness => ({ direction, ready: hindrances.length === 0, to, hindrances });

function away(input: ReadinessInput): Readiness {
  const { prospects, leaving } = input;
  const without = prospects.filter(({ successors }) => successors.length === 0);
  const all = new Set(prospects.flatMap(({ successors }) => successors));
  const to = [...all].filter((name) => prospects.every((one) => one.successors.includes(name)));
  if (leaving.length > 0) {
    const reason = `${leaving.join(', ')}: a handover is under way`;
    return answer('away', to, [{ reason, remedy: 'wait until it is over' }]);
  }
  return answer('away', to, [
    ...distinct(without.flatMap(({ objections }) => objections)).map(({ text, remedy }) => ({
      reason: text,
      remedy,
    })),
    ...scriptHindrances(input),
  ]);
}

/** One peer has the same against it for every virtual router. */
const distinct = <Said extends { readonly text: string }>(all: readonly Said[]): Said[] =>
  all.filter(({ text }, index) => all.findIndex((one) => one.text === text) === index);

function here(input: ReadinessInput, routers: readonly VirtualRouterStatus[]): Readiness {
  return answer(
    'here',
    [],
    [
      ...standingHindrances(input, routers),
      ...(input.own.fit ? routers.flatMap(outHindrances) : []),
      ...silenceHindrances(input.peers),
      ...differenceHindrances(input.peers),
      ...routers.flatMap(addressHindrances),
      ...scriptHindrances(input),
    ],
  );
}

/** One that has been out since it was configured keeps the others in the election, and takes no role. */
const outHindrances = ({ name, state, reason }: VirtualRouterStatus): Hindrance[] =>
  state === 'Initialize'
    ? [
        {
          reason: `${name} is out of the election: ${TRANSITION_REASONS[reason]}`,
          remedy: 'mend that here',
        },
      ]
    : [];

/** As the peers are told: what they would refuse to hand the role over for. */
function standingHindrances(
  { own }: ReadinessInput,
  routers: readonly VirtualRouterStatus[],
): Hindrance[] {
  const { fit, sound, cause } = own;
  if (!fit) {
    const reason = `this appliance is out of the election: ${causeText(own)}`;
    const command = remedyOf(own);
    return [{ reason, remedy: command === null ? 'mend that here' : `run "${command}"` }];
  }
  const yielding = routers.filter(({ adjustments }) =>
    adjustments.some(({ name }) => name === 'address-lost'),
  );
  const hindrances = yielding.map(({ name }) => ({
    reason: `${name} is at priority 1 for 60 s: its virtual addresses could not be added or kept here`,
    remedy: 'see understudy events for why, mend that, and wait until the 60 s are over',
  }));
  if (yielding.length > 0 || sound || cause?.doubtful === true) return hindrances;
  const failing = cause?.detail ?? '';
  return [
    {
      reason: failing === '' ? 'a monitor fails here' : `failing here: ${failing}`,
      remedy: 'mend what it watches; see the monitors below',
    },
  ];
}

/** Nobody could hand it over: a peer that hears nothing of us asks nobody. */
function silenceHindrances(peers: readonly PeerStatus[]): Hindrance[] {
  if (peers.some(({ state }) => state === 'healthy')) return [];
  return peers.map(({ name, state }) => ({
    reason: `${name} ${state === 'unknown' ? 'has not answered yet' : 'is silent on every path'}`,
    remedy: `see that ${name} runs, that the HA port reaches it and that both have the same key`,
  }));
}

/** Of the settings that may differ, those with which an order is refused. */
const DECISIVE: ReadonlySet<string> = new Set(['other VRIDs', 'other virtual addresses']);

const differenceHindrances = (peers: readonly PeerStatus[]): Hindrance[] =>
  peers
    .filter(({ state }) => state === 'healthy')
    .flatMap(({ name, differences = [] }) =>
      differences
        .filter((difference) => DECISIVE.has(difference))
        .map((difference) => ({
          reason: `${name} has ${difference}`,
          remedy: 'make the settings of both agree',
        })),
    );

/** The owner's (priority 255) are where they belong. */
function addressHindrances(router: VirtualRouterStatus): Hindrance[] {
  const foreign = router.addresses.filter((one) => one.foreign === true);
  if (router.configuredPriority === 255) return [];
  return foreign.map(({ address }) => ({
    reason: `${router.name}: ${address} is not free: somebody else has put it on ${router.interface}`,
    remedy: `ip address del ${address} dev ${router.interface}`,
  }));
}

const scriptHindrances = ({ script }: ReadinessInput): Hindrance[] =>
  script.map((reason) => ({ reason, remedy: 'mend that: no address is added or removed without' }));
