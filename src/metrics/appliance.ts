// What is told of the appliance as a whole: itself, its interfaces and monitors, flaps, bypass. A status in,
// families out; no text.
import { DISCARD_REASONS } from '../model/advertisement.js';
import {
  HEALTH_KINDS,
  type LatenessStatus,
  type MonitorLine,
  type Status,
} from '../model/status.js';
import { one, stateSet, timestamp, type Family, type Sample } from './exposition.js';
import { counted } from './routers.js';

type Of = (status: Status) => readonly Sample[];
type Row = readonly [name: string, type: Family['type'], help: string, of: Of];

/** Every family of the appliance, whether it has samples or not. */
export const applianceFamilies = (status: Status): Family[] =>
  [...AGENT, ...HEALTH, ...CONDUCT, ...WITNESS, ...BYPASS, ...INTERFACES, ...MONITORS].map(
    ([name, type, help, of]) => ({
      name: `understudy_${name}`,
      type,
      help,
      samples: () => of(status),
    }),
  );

const AGENT: readonly Row[] = [
  [
    'build_info',
    'gauge',
    'Always 1: the version of the agent',
    ({ version }) => one(1, { version }),
  ],
  [
    'appliance_info',
    'gauge',
    'Always 1: the name of the appliance',
    ({ name }) => one(1, { name }),
  ],
  [
    'status_timestamp_seconds',
    'gauge',
    'When all this was so, by the wall clock: what is old in a file shows by it',
    ({ time }) => timestamp(time),
  ],
  [
    'start_timestamp_seconds',
    'gauge',
    'When the agent started, by the wall clock',
    ({ startedAt }) => timestamp(startedAt),
  ],
  [
    'mode',
    'gauge',
    'Whether this HA mode is set',
    ({ mode }) => stateSet(['off', 'active-passive', 'active-active'], mode, {}, 'mode'),
  ],
  ['primary', 'gauge', 'Whether this appliance is the primary', ({ primary }) => one(primary)],
  [
    'realtime_scheduling',
    'gauge',
    'Whether the agent runs under SCHED_FIFO',
    ({ realtime }) => one(realtime && realtime.scheduling === 'fifo'),
  ],
  [
    'realtime_missing',
    'gauge',
    'What the setting realtime asks for and the kernel has refused',
    ({ realtime }) => one(realtime?.missing.length),
  ],
  [
    'advertisement_lateness_seconds',
    'histogram',
    'How late advertisements were sent: from when one was due to the end of its sending',
    ({ lateness }) => (lateness === undefined ? [] : latenessSamples(lateness)),
  ],
];

const latenessSamples = ({ atMost, count, sumMs }: LatenessStatus): Sample[] => [
  ...atMost.map((bucket) => ({
    suffix: '_bucket',
    labels: { le: bucket.ms / 1_000 },
    value: bucket.count,
  })),
  { suffix: '_bucket', labels: { le: '+Inf' }, value: count },
  { suffix: '_sum', labels: {}, value: sumMs / 1_000 },
  { suffix: '_count', labels: {}, value: count },
];

const HEALTH: readonly Row[] = [
  [
    'health_state',
    'gauge',
    'Whether the appliance is in this state of health',
    ({ health }) => stateSet(['healthy', 'degraded', 'fault'], health.state, {}, 'state'),
  ],
  [
    'health_reasons',
    'gauge',
    'Reasons of health by what they are about; understudy status has their words',
    ({ health: { kinds } }) =>
      kinds === undefined ? [] : HEALTH_KINDS.flatMap((kind) => one(kinds[kind] ?? 0, { kind })),
  ],
];

const CONDUCT: readonly Row[] = [
  [
    'maintenance',
    'gauge',
    'Whether an operator keeps the appliance out of the election',
    ({ maintenance }) => one(maintenance),
  ],
  [
    'stands_back',
    'gauge',
    'Whether it was sent away by a failover, and takes the role only when asked or needed',
    ({ standsBack }) => one(standsBack !== undefined),
  ],
  [
    'handover_in_progress',
    'gauge',
    'Whether the role is being handed over',
    ({ handover }) => one(handover !== null && handover !== undefined),
  ],
  ['flaps', 'gauge', 'Flaps within the flap window', ({ flaps }) => one(flaps.count)],
  [
    'flaps_limit',
    'gauge',
    'Flaps within the flap window beyond which the appliance suspends itself; 0 for no limit',
    ({ flaps }) => one(flaps.limit),
  ],
  ['flap_window_seconds', 'gauge', 'The flap window', ({ flaps }) => one(flaps.windowSeconds)],
  [
    'flaps_latched',
    'gauge',
    'Whether it is suspended until an operator clears the flaps',
    ({ flaps }) => one(flaps.latched === true),
  ],
];

const RELAY = ['inline', 'bypass', 'disconnect', 'unknown'] as const;

const WITNESS: readonly Row[] = [
  [
    'witness_state',
    'gauge',
    'Whether the witness is seen or away; without a sample where the settings name none',
    ({ witness }) =>
      witness === undefined ? [] : stateSet(['seen', 'away'], witness.state, {}, 'state'),
  ],
  [
    'witness_lease',
    'gauge',
    'Whose the lease of the witness is, as far as it is known',
    ({ witness }) =>
      witness === undefined
        ? []
        : stateSet(['ours', 'others', 'free', 'unknown'], witness.lease, {}, 'holder'),
  ],
  [
    'witness_lease_remaining_seconds',
    'gauge',
    'For how long our lease of the witness may still be counted on if it is not renewed; 0 while it is not ours',
    ({ witness }) => (witness === undefined ? [] : one((witness.remainingMs ?? 0) / 1_000)),
  ],
];

const BYPASS: readonly Row[] = [
  [
    'bypass_wanted',
    'gauge',
    'Whether the relay of the hardware bypass should be in this state',
    ({ bypass }) => stateSet(['inline', 'bypass'], bypass.desired, {}, 'state'),
  ],
  [
    'bypass_actual',
    'gauge',
    'Whether the relay of the hardware bypass is in this state, as read back; the worst of its segments',
    ({ bypass }) => stateSet(RELAY, bypass.actual, {}, 'state'),
  ],
  [
    'bypass_segment_actual',
    'gauge',
    'Whether a segment of the hardware bypass is in this state, as read back',
    ({ bypass: { segments = [] } }) =>
      segments.flatMap(({ name, actual }) => stateSet(RELAY, actual, { segment: name }, 'state')),
  ],
  [
    'bypass_latched',
    'gauge',
    'Whether it stays bypassed until an operator releases it',
    ({ bypass }) => one(bypass.latched),
  ],
];

const INTERFACES: readonly Row[] = [
  [
    'interface_up',
    'gauge',
    'Whether an interface of virtual routers exists and is administratively up',
    ({ interfaces }) => interfaces.flatMap(({ name, up }) => one(up, { interface: name })),
  ],
  [
    'interface_carrier',
    'gauge',
    'Whether an interface of virtual routers has a carrier',
    ({ interfaces }) =>
      interfaces.flatMap(({ name, carrier }) => one(carrier, { interface: name })),
  ],
  [
    'interface_packets_discarded_total',
    'counter',
    'Packets that belonged to no virtual router of ours and were discarded, by reason',
    ({ interfaces }) =>
      interfaces.flatMap(({ name, discarded }) =>
        counted(DISCARD_REASONS, discarded, 'reason').map(({ labels, value }) => ({
          labels: { interface: name, ...labels },
          value,
        })),
      ),
  ],
  [
    'interface_packet_last_discarded_timestamp_seconds',
    'gauge',
    'When the last packet that belonged to no virtual router of ours was discarded for this reason, by the wall clock',
    ({ interfaces }) =>
      interfaces.flatMap(({ name, lastDiscarded = {} }) =>
        Object.entries(lastDiscarded).flatMap(([reason, at]) =>
          timestamp(at, { interface: name, reason }),
        ),
      ),
  ],
];

const MONITORS: readonly Row[] = [
  [
    'monitor_state',
    'gauge',
    'Whether a monitor is in this state',
    ({ monitors }) =>
      monitors.flatMap(({ name, state }) =>
        stateSet(['ok', 'failed', 'unknown'], state, { monitor: name }, 'state'),
      ),
  ],
  [
    'monitor_info',
    'gauge',
    'Always 1: what a failure of the monitor does: hard, soft, or the number that lowers the priority',
    ({ monitors }) =>
      monitors.flatMap(({ name, weight }) =>
        weight === undefined ? [] : one(1, { monitor: name, weight }),
      ),
  ],
  ...reading(
    'failures',
    'monitor_failures',
    'Failures of a monitor in a row, while it has not failed',
    'monitor_failure_threshold',
    'Failures in a row that make the monitor fail',
  ),
  ...reading(
    'successes',
    'monitor_successes',
    'Successes of a monitor in a row, while it has failed',
    'monitor_recovery_threshold',
    'Successes in a row that make the monitor well again',
  ),
  ...reading(
    'linkPairs',
    'monitor_link_pairs_active',
    'Link pairs that are active',
    'monitor_link_pairs_minimum',
    'The fewest link pairs that may be active',
  ),
  ...reading(
    'bitsPerSecond',
    'monitor_received_bytes_per_second',
    'What the bandwidth monitor has measured',
    'monitor_received_minimum_bytes_per_second',
    'The least that the bandwidth monitor is content with',
    8,
  ),
];

/** @param per how many of the monitor's own unit are one of the metric's. */
function reading(
  of: NonNullable<MonitorLine['reading']>['of'],
  ...[valueName, valueHelp, limitName, limitHelp, per = 1]: [
    valueName: string,
    valueHelp: string,
    limitName: string,
    limitHelp: string,
    per?: number,
  ]
): Row[] {
  const samples =
    (part: 'value' | 'limit'): Of =>
    ({ monitors }) =>
      monitors.flatMap(({ name, reading: read }) =>
        read?.of === of ? one(read[part] / per, { monitor: name }) : [],
      );
  return [
    [valueName, 'gauge', valueHelp, samples('value')],
    [limitName, 'gauge', limitHelp, samples('limit')],
  ];
}
