// The settings that `understudy set` can change: their names, places, units and values. No reading of
// what a person types: see setting-names.ts.
import { schemaAt, type SettingUnit } from './schema.js';
import type { SettingsFile } from './settings-file.js';
import type { SettingValue } from './settings.js';

export interface SettableSetting {
  readonly name: string;
  readonly path: readonly [section: string, key: string];
}

/** In the order of the appliance's own settings page. */
export const SETTABLE: readonly SettableSetting[] = [
  { name: 'mode', path: ['ha', 'mode'] },
  { name: 'primary', path: ['ha', 'primary'] },
  { name: 'ha-port', path: ['ha', 'port'] },
  { name: 'peer-check-interval', path: ['ha', 'peerCheckIntervalMs'] },
  { name: 'peer-failure-threshold', path: ['ha', 'peerFailureThreshold'] },
  { name: 'peer-recovery-threshold', path: ['ha', 'peerRecoveryThreshold'] },
  { name: 'maximum-flaps', path: ['ha', 'maximumFlaps'] },
  { name: 'flap-window', path: ['ha', 'flapWindowSeconds'] },
  { name: 'preempt', path: ['ha', 'preempt'] },
  { name: 'preempt-delay', path: ['ha', 'preemptDelaySeconds'] },
  { name: 'bandwidth-monitoring', path: ['bandwidthMonitoring', 'enabled'] },
  { name: 'minimum-bandwidth', path: ['bandwidthMonitoring', 'minimumBps'] },
  { name: 'bandwidth-interval', path: ['bandwidthMonitoring', 'seconds'] },
  { name: 'link-monitoring-interval', path: ['linkMonitoring', 'intervalMs'] },
  { name: 'minimum-active-links', path: ['linkMonitoring', 'minimumActive'] },
  { name: 'gateway-monitoring-interval', path: ['gatewayMonitoring', 'intervalMs'] },
  { name: 'gateway-failure-threshold', path: ['gatewayMonitoring', 'failureThreshold'] },
  { name: 'gateway-recovery-threshold', path: ['gatewayMonitoring', 'recoveryThreshold'] },
];

const SYMBOLS: Readonly<Record<SettingUnit, string>> = {
  milliseconds: 'ms',
  seconds: 's',
  'bits per second': 'bit/s',
};

/** The unit of the setting as it is printed: `ms`; undefined when it has none. */
export function unitOf({ path }: SettableSetting): string | undefined {
  const unit = schemaAt(path)?.unit;
  return unit === undefined ? undefined : SYMBOLS[unit];
}

/** The value with its unit, as a person reads it: `100 ms`; `-` for none. */
export const withUnit = (value: SettingValue, unit: string | undefined): string => {
  if (value === '') return '-';
  return unit === undefined ? String(value) : `${value} ${unit}`;
};

/** What the file says of each settable setting, defaults included, by its name. */
export const settableValues = (file: SettingsFile): Record<string, SettingValue> =>
  Object.fromEntries(
    SETTABLE.map(({ name, path: [section, key] }) => {
      const values = file as unknown as Record<string, Record<string, SettingValue>>;
      return [name, values[section]?.[key] ?? ''];
    }),
  );
