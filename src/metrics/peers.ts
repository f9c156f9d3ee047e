// What is told of the peers and of the HA port. A status in, families out; no text.
import type { Status } from '../model/status.js';
import { one, stateSet, timestamp, type Family, type Sample } from './exposition.js';
import { STATES } from './routers.js';

type Row = readonly [
  name: string,
  type: Family['type'],
  help: string,
  of: (status: Status) => readonly Sample[],
];

/** Every family of the peers, whether it has samples or not. */
export const peerFamilies = (status: Status): Family[] =>
  [...PEERS, ...HA_PORT].map(([name, type, help, of]) => ({
    name: `understudy_${name}`,
    type,
    help,
    samples: () => of(status),
  }));

const SEEN = ['healthy', 'unhealthy', 'unknown'] as const;

const PEERS: readonly Row[] = [
  [
    'peer_state',
    'gauge',
    'Whether a peer is seen so: healthy when it answers on any path, unknown before it ever did',
    ({ peers }) =>
      peers.flatMap(({ name, state }) => stateSet(SEEN, state, { peer: name }, 'state')),
  ],
  [
    'peer_fitness',
    'gauge',
    'Whether a peer reports itself so; all are 0 while it is silent',
    ({ peers }) =>
      peers.flatMap(({ name, fitness }) =>
        stateSet(['sound', 'soft-fault', 'unfit'], fitness, { peer: name }, 'fitness'),
      ),
  ],
  [
    'peer_settings_agree',
    'gauge',
    'Whether the settings that must agree with those of a peer do',
    ({ peers }) =>
      peers.flatMap(({ name, differences = [] }) => one(differences.length === 0, { peer: name })),
  ],
  [
    'peer_settings_difference',
    'gauge',
    'Always 1: what differs between the settings of a peer and ours',
    ({ peers }) =>
      peers.flatMap(({ name, differences = [] }) =>
        [...new Set(differences)].flatMap((difference) => one(1, { peer: name, difference })),
      ),
  ],
  [
    'peer_virtual_router_state',
    'gauge',
    'Whether a peer reports a virtual router in this state',
    ({ peers }) =>
      peers.flatMap(({ name, virtualRouters = [] }) =>
        virtualRouters.flatMap((router) =>
          stateSet(STATES, router.state, { peer: name, virtual_router: router.name }, 'state'),
        ),
      ),
  ],
  [
    'peer_priority_effective',
    'gauge',
    'The priority that a peer reports for a virtual router',
    ({ peers }) =>
      peers.flatMap(({ name, virtualRouters = [] }) =>
        virtualRouters.flatMap((router) =>
          one(router.effectivePriority, { peer: name, virtual_router: router.name }),
        ),
      ),
  ],
  [
    'peer_path_state',
    'gauge',
    'Whether the path to an address of a peer is seen so',
    ({ peers }) =>
      peers.flatMap(({ name, paths }) =>
        paths.flatMap(({ address, state }) =>
          stateSet(SEEN, state, { peer: name, address }, 'state'),
        ),
      ),
  ],
  [
    'peer_path_round_trip_seconds',
    'gauge',
    'The last round trip on the path; without a sample while there was none',
    ({ peers }) =>
      peers.flatMap(({ name, paths }) =>
        paths.flatMap(({ address, rttMs }) =>
          one(rttMs === null ? null : rttMs / 1_000, { peer: name, address }),
        ),
      ),
  ],
];

const HA_PORT: readonly Row[] = [
  [
    'ha_port_open',
    'gauge',
    'Whether the HA port is open',
    ({ haPort }) => one(haPort !== undefined),
  ],
  [
    'ha_port_datagrams_discarded_total',
    'counter',
    'Datagrams at the HA port that were discarded, by reason',
    ({ haPort }) =>
      Object.entries(haPort?.discarded ?? {}).flatMap(([reason, count]) => one(count, { reason })),
  ],
  [
    'ha_port_datagram_last_discarded_timestamp_seconds',
    'gauge',
    'When the last datagram at the HA port was discarded for this reason, by the wall clock',
    ({ haPort }) =>
      Object.entries(haPort?.lastDiscarded ?? {}).flatMap(([reason, at]) =>
        timestamp(at, { reason }),
      ),
  ],
  [
    'ha_port_opened_timestamp_seconds',
    'gauge',
    'When the HA port was opened, by the wall clock: its counts begin there',
    ({ haPort }) => timestamp(haPort?.since),
  ],
];
