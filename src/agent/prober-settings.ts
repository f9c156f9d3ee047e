// The part of the settings that the prober works by. No defaults: the settings are complete.
import type { Settings } from '../config/settings.js';
import { virtualAddresses } from '../model/own-source.js';
import type { CheckSettings, ProberSettings } from '../monitors/settings.js';

export function proberSettings(
  settings: Pick<Settings, 'monitors' | 'virtualRouters'>,
): ProberSettings {
  const { gateway, bandwidth, checks } = settings.monitors;
  return {
    gateway: gateway === null ? null : gatewaySettings(gateway),
    bandwidth,
    checks: checks.map(({ kind, ...common }): CheckSettings => ({ ...common, ...kind })),
    virtualAddresses: [...virtualAddresses(settings)],
  };
}

const gatewaySettings = ({
  interval,
  ...gateway
}: NonNullable<Settings['monitors']['gateway']>): ProberSettings['gateway'] => ({
  ...gateway,
  intervalMs: interval,
});
