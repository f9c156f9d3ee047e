// Why a virtual router changed its state: a closed set whose text stands once. `status`, the log
// and events.jsonl all use these names. No logic.

export const TRANSITION_REASONS = {
  startup: 'the agent started',
  owner: 'priority 255: this router owns the addresses',
  'no-response': 'no advertisement within Active_Down_Interval',
  priority: 'the Active heard has a lower priority',
  'priority-zero': 'the Active gave up the role with priority 0',
  'peer-released': 'the peer gives up the role and said so over the HA port',
  'peer-dead': 'the peer is silent on every path',
  'witness-granted': 'no peer is heard on any path, and the witness has granted us its lease',
  'better-placed': 'the LAN is split, and this side of it is the better one',
  preempted: 'an advertisement of higher priority, or of equal priority and higher address',
  'group-moved': 'another virtual router of this instance lost the role, and all move together',
  stalled: 'this process was silent for longer than Active_Down_Interval, and another took over',
  'lease-lapsed': 'this process hung, and another took over: its addresses were removed meanwhile',
  'witness-lost': 'no peer answers on any path, and the lease of the witness was not renewed',
  'addresses-gone': 'its virtual addresses were gone, and another router was Active',
  'dual-active': 'the peer is Active too, and it outranks this router',
  'lan-split': 'the LAN is split, and the peer is on its better side',
  failover: 'an operator asked for a handover',
  maintenance: 'in maintenance, by an operator',
  'soft-fault': 'a monitor failed, and a peer is sound',
  suspended: 'the role was lost too often: suspended until an operator clears the flaps',
  bypassed: 'in hardware bypass, until an operator releases it',
  shutdown: 'the agent was told to stop',
  'mode-off': 'HA mode is off',
  'interface-missing': 'the interface does not exist',
  'interface-renamed': 'the interface has another name now, and none has this one',
  'interface-down': 'the interface is administratively down',
  'no-carrier': 'the interface has no carrier',
  'links-below-minimum': 'fewer link pairs are active than the minimum',
  'no-primary-address': 'the interface has no usable address to send from',
  'socket-failed': 'the advertisement socket could not be opened',
  'address-lost': 'the virtual addresses were removed by somebody else, again and again',
  'address-failed': 'the virtual addresses could not be added',
  'group-fault': 'another virtual router of this instance is in fault, and all move together',
  'settings-changed': 'the settings of this virtual router changed',
  'fault-cleared': 'the fault is gone',
  readmitted: 'an operator lets it take part again',
  'mode-on': 'HA mode is active-passive again',
} as const;

export type TransitionReason = keyof typeof TRANSITION_REASONS;

/** The reasons that keep a virtual router out of the election until they are gone. */
export type FaultReason = Extract<
  TransitionReason,
  | 'interface-missing'
  | 'interface-renamed'
  | 'interface-down'
  | 'no-carrier'
  | 'links-below-minimum'
  | 'no-primary-address'
  | 'socket-failed'
  | 'address-lost'
  | 'address-failed'
>;

/** What is worth an event besides a transition: a closed set, like the reasons. */
export const REPORTS = {
  waiting: 'the virtual router stays out of the election until this is mended',
  'checksum-dialect': 'a valid advertisement in the other checksum dialect was heard; we follow it',
  'address-restored': 'virtual addresses were removed by somebody else and are put back',
  'taken-over': 'the virtual addresses stand here; they were without a holder',
  'address-overdue': 'the virtual addresses do not stand: they are asked for once more',
  'address-yielded':
    'virtual addresses cannot be kept: priority 1 for 60 s, so that a peer takes over',
  'priority-changed': 'the effective priority changed',
  'peer-healthy': 'the peer answers',
  'peer-unhealthy': 'the peer answers on no path',
  'ha-path-lost': 'the peer is silent on every path, but its advertisements arrive: no move',
  'adverts-lost':
    'the peer is Active, but its advertisements do not arrive: it is asked for unicast',
  'adverts-back': 'advertisements arrive by multicast again',
  'lan-split':
    'the peer is Active, but this link does not reach it: the better side holds the role',
  'dual-active': 'both are Active; the lower priority yields',
  'settings-differ': 'settings that must agree with the peer do not',
  'path-lost': 'the peer answers no longer on this path, but on another one',
  'path-back': 'the peer answers on this path again',
  'witness-away': 'the witness does not answer',
  'witness-back': 'the witness answers again',
  'without-witness':
    'no peer is heard on any path, and both had lost the witness: the role is held without it',
  'settings-agree': 'the settings agree with the peer again',
  'stranger-active': 'a router that is no peer took the role',
  flap: 'the role was lost, and nobody asked for it',
  latched: 'too many flaps: out of the election until an operator clears them',
  stalled: 'this process was silent for longer than Active_Down_Interval: it listens first',
  failover: 'an operator asked for a handover',
  maintenance: 'maintenance was switched by an operator',
  refused: 'a command could not be carried out',
  'no-successor': 'the agent stops, and nobody is known to be fit and sound to take the role',
} as const;
export type Report = keyof typeof REPORTS;

/** The states of RFC 9568 §6.3. */
export type VirtualRouterState = 'Initialize' | 'Backup' | 'Active';
