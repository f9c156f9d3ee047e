// Why a virtual router changed its state: a closed set whose text stands once. `status`, the log
// and events.jsonl all use these names. No logic.

export const TRANSITION_REASONS = {
  startup: 'the agent started',
  owner: 'priority 255: this router owns the addresses',
  'no-response': 'no advertisement within Active_Down_Interval',
  priority: 'the Active heard has a lower priority',
  'priority-zero': 'the Active gave up the role with priority 0',
  preempted: 'an advertisement of higher priority, or of equal priority and higher address',
  'group-moved': 'another virtual router of this instance lost the role, and all move together',
  shutdown: 'the agent was told to stop',
  'mode-off': 'HA mode is off',
  'interface-missing': 'the interface does not exist',
  'interface-down': 'the interface is administratively down',
  'no-carrier': 'the interface has no carrier',
  'no-primary-address': 'the interface has no usable address to send from',
  'socket-failed': 'the advertisement socket could not be opened',
  'address-lost': 'the virtual addresses were removed by somebody else, again and again',
  'address-failed': 'the virtual addresses could not be added',
  'group-fault': 'another virtual router of this instance is in fault, and all move together',
  'settings-changed': 'the settings of this virtual router changed',
  'fault-cleared': 'the fault is gone',
  'mode-on': 'HA mode is active-passive again',
} as const;

export type TransitionReason = keyof typeof TRANSITION_REASONS;

/** The reasons that keep a virtual router out of the election until they are gone. */
export type FaultReason = Extract<
  TransitionReason,
  | 'interface-missing'
  | 'interface-down'
  | 'no-carrier'
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
  'address-yielded':
    'virtual addresses cannot be kept: priority 1 for 60 s, so that a peer takes over',
  'priority-changed': 'the effective priority changed',
} as const;
export type Report = keyof typeof REPORTS;

/** The states of RFC 9568 §6.3. */
export type VirtualRouterState = 'Initialize' | 'Backup' | 'Active';
