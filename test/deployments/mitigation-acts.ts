// What the experiments with the mitigation pair's settings have in common: what is done, and how its outcome
// is put into words. No expectations.
import type { Status } from '../../src/model/status.js';
import { relays } from './mitigation-plan.js';
import type { Experiment } from './one-setting.js';
import type { Site } from './site.js';

/** Longer than Active_Down_Interval: whoever has not taken over by then is not going to. */
export const VRRP_MS = 4_500;
/** Longer than bandwidthMonitoring.seconds and a reading. */
export const BANDWIDTH_MS = 6_000;

export const ONE = 'mitigation-1';
export const TWO = 'mitigation-2';

export const holder = (site: Site): string => site.holders();

/** Who holds the addresses, and why. */
export function holderAndReason(site: Site, a: Status | null, b: Status | null): string {
  const name = site.holders();
  const status = name === TWO ? b : a;
  return `${name}: ${status?.virtualRouters[0]?.reason ?? 'nobody to ask'}`;
}

export const nothing = (): Promise<void> => Promise.resolve();

/** One that is mended by what `act` gave back. */
export function withHealing(
  act: (site: Site) => Promise<() => Promise<unknown>>,
): Pick<Experiment, 'act' | 'mend'> {
  let heal: () => Promise<unknown> = nothing;
  return {
    act: async (site) => {
      heal = await act(site);
    },
    mend: () => heal(),
  };
}

export const pulled = (device: string): Pick<Experiment, 'act' | 'mend'> => ({
  act: (site) => site.lab.unplug('a', device),
  mend: (site) => site.lab.plug('a', device),
});

/** What the relays of node 1 say. */
export const relay = (site: Site): string => `relays: ${relays(site, 'a')}`;
