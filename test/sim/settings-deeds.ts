// What operators change in the settings of appliances: by themselves, and what all share. No drawing, and no other deeds.
import type { Appliance } from './appliance.js';
import { asDrawn, configurationOf, type Live, type Setting } from './settings.js';
import type { World } from './world.js';

/** Within so many microseconds those who follow have what was changed elsewhere. */
const FOLLOWED_WITHIN = 2_000_000;

/** A change of what all share, at one appliance; those who follow it apply it one after the other. */
export function share(
  world: World,
  setting: Setting,
  appliance: Appliance,
  version: Live['version'],
  follow: boolean,
): string | null {
  const done = reconfigure(setting, appliance, { version });
  if (done === null || !follow) return done;
  for (const other of world.appliances) {
    if (other === appliance || !world.connected(appliance, other, 'ha')) continue;
    world.later(FOLLOWED_WITHIN, () => {
      // Whom they follow may have been changed back meanwhile.
      if (other.alive && appliance.version === version) reconfigure(setting, other, { version });
    });
  }
  return 'settings followed';
}

/** `set mode`, `set primary` and what is shared; a settings file is written also when no agent runs. */
export function reconfigure(
  setting: Setting,
  appliance: Appliance,
  change: Partial<Live>,
): string | null {
  const { mode, primary } = appliance.configuration;
  const { version } = appliance;
  const wanted: Live = { mode, primary, version, ...change };
  if (wanted.mode === mode && wanted.primary === primary && wanted.version === version) return null;
  const configuration = configurationOf(setting, appliance.index, wanted);
  const isMore = configuration.virtualRouters.some(({ name }) => !appliance.carries(name));
  appliance.configuration = configuration;
  // A virtual router that comes back has heard nobody.
  for (const name of appliance.heardOld)
    if (!appliance.carries(name)) appliance.heardOld.delete(name);
  appliance.version = wanted.version;
  appliance.receive(() => {
    appliance.give({ kind: 'configure', configuration });
    // What the kernel says of a virtual router that is new.
    if (isMore) for (const event of appliance.facts()) appliance.give(event);
  });
  const [[name, value] = []] = Object.entries(change);
  return `set ${name} ${value}`;
}

/** Everything is set as it was drawn. */
export function restore(setting: Setting, appliance: Appliance): void {
  reconfigure(setting, appliance, asDrawn(setting, appliance.index));
}
