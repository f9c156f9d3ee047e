// The settings of the contract that this release refuses. The one list: a setting is lifted by
// deleting its line here (and describing it in schema.ts). No checks: see structure.ts.

export interface LaterSetting {
  /** Path in the file; `[]` stands for any position in a list. */
  readonly path: string;
  /** When given, only this value is refused; the setting itself is in the schema. */
  readonly value?: string | boolean;
  /** The names under which `understudy set` and `get` know it. */
  readonly names?: readonly string[];
}

export const LATER_SETTINGS: readonly LaterSetting[] = [
  { path: 'ha.mode', value: 'active-active' },
  { path: 'ha.port', names: ['ha-port'] },
  { path: 'ha.keyFile', names: ['key-file'] },
  { path: 'ha.peers', names: ['peers'] },
  { path: 'ha.peerCheckIntervalMs', names: ['peer-check-interval'] },
  { path: 'ha.peerFailureThreshold', names: ['peer-failure-threshold'] },
  { path: 'ha.peerRecoveryThreshold', names: ['peer-recovery-threshold'] },
  { path: 'ha.maximumFlaps', names: ['maximum-flaps'] },
  { path: 'ha.flapWindowSeconds', names: ['flap-window'] },
  { path: 'ha.preemptDelaySeconds', names: ['preempt-delay'] },
  {
    path: 'bandwidthMonitoring',
    names: ['bandwidth-monitoring', 'minimum-bandwidth', 'bandwidth-interval'],
  },
  {
    path: 'linkMonitoring',
    names: ['link-monitoring', 'link-monitoring-interval', 'minimum-active-links'],
  },
  { path: 'gatewayMonitoring', names: ['gateway-monitoring', 'gateway-monitoring-interval'] },
  { path: 'checks', names: ['checks'] },
  { path: 'bypass', names: ['bypass'] },
  { path: 'hooks', names: ['hooks'] },
  { path: 'virtualRouters[].acceptMode', value: false },
  { path: 'virtualRouters[].virtualMac', value: true },
];

/** The later setting that `path` (list positions written `[]`) names as a whole, if any. */
export const laterSetting = (path: string): LaterSetting | undefined =>
  LATER_SETTINGS.find((later) => later.path === path && later.value === undefined);

/** Whether the setting is available, but not with this value. */
export const isLaterValue = (path: string, value: unknown): boolean =>
  LATER_SETTINGS.some((later) => later.path === path && later.value === value);

/** The later setting that `understudy set` would call `name`, if any. */
export const laterSettingNamed = (name: string): LaterSetting | undefined =>
  LATER_SETTINGS.find(
    (later) =>
      later.value === undefined && (later.path === name || (later.names ?? []).includes(name)),
  );
