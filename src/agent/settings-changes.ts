// What differs between the settings in force and new ones, and what of it a running agent cannot follow. Nothing is
// applied here.
import type { SettingsError } from '../config/errors.js';
import type { ListedSetting } from '../config/listed.js';
import { viewSettings } from '../config/setting-names.js';
import type { Settings } from '../config/settings.js';

/** What differs between two settings, one line each: `primary: true → false`. */
export function settingsChanges(
  before: readonly ListedSetting[],
  after: readonly ListedSetting[],
  file: string,
): string[] {
  const old = new Map(viewSettings(before, file).settings.map((one) => [one.setting, one.value]));
  const now = new Map(viewSettings(after, file).settings.map((one) => [one.setting, one.value]));
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names]
    .filter((name) => old.get(name) !== now.get(name))
    .map((name) => `${name}: ${old.get(name) ?? '-'} → ${now.get(name) ?? '-'}`);
}

/** The directories hold the lock and the control socket of the running agent: they cannot move. */
export function movedDirectories(current: Settings, wanted: Settings): SettingsError[] {
  return (['runtimeDirectory', 'stateDirectory'] as const)
    .filter((key) => current[key] !== wanted[key])
    .map((key) => ({
      path: key,
      code: 'needs-restart' as const,
      expected: `${current[key]}, as the running agent uses it`,
      found: wanted[key],
      remedy: 'restart the agent to move this directory, or undo the change',
    }));
}
