// The part of the settings that the prober works by. No defaults: the settings are complete.
import type { Settings } from '../config/settings.js';
import { virtualAddresses } from '../model/own-source.js';
import type { CheckSettings, ProberSettings } from '../monitors/settings.js';

export function proberSettings(
  settings: Pick<Settings, 'monitors' | 'virtualRouters' | 'witness' | 'name' | 'ha'>,
): ProberSettings {
  const { gateway, bandwidth, checks } = settings.monitors;
  return {
    gateway: gateway === null ? null : gatewaySettings(gateway),
    bandwidth,
    checks: checks.map(({ kind, ...common }): CheckSettings => ({ ...common, ...kind })),
    witness: witnessSettings(settings),
    virtualAddresses: [...virtualAddresses(settings)],
  };
}

function witnessSettings({
  witness,
  name,
  ha,
}: Pick<Settings, 'witness' | 'name' | 'ha'>): ProberSettings['witness'] {
  if (witness === null) return null;
  const { type: _, ...same } = witness;
  return { ...same, name, group: [name, ...ha.peers.map((peer) => peer.name)] };
}

const gatewaySettings = ({
  interval,
  ...gateway
}: NonNullable<Settings['monitors']['gateway']>): ProberSettings['gateway'] => ({
  ...gateway,
  intervalMs: interval,
});
