// What a reload is answered and recorded with: what does not fit on this host, and who asked for it. What
// differs between settings is settings-changes.ts. Nothing is applied here.
import type { SettingsError, SettingsWarning } from '../config/errors.js';
import type { HostFinding } from '../host/findings.js';

export const STOPPING: SettingsError = {
  path: '',
  code: 'needs-restart',
  expected: 'an agent that goes on',
  found: 'one that is being stopped',
  remedy: 'nothing is lost: the next agent reads the file at its start',
};

/** The words of an event, with who ordered it: by the kernel's word, empty when nobody is known. */
export const ordered = (
  detail: string,
  by: string,
): { readonly detail: string; readonly orderedBy?: string } =>
  by === '' ? { detail } : { detail: `${detail} (ordered by ${by})`, orderedBy: by };

/** What does not fit on this host, and of it what is wrong there, as `check` judges: the rest may yet come. */
export function judged(findings: readonly HostFinding[]): {
  readonly all: readonly SettingsWarning[];
  readonly unfit: readonly SettingsWarning[];
} {
  const told = (some: readonly HostFinding[]): SettingsWarning[] =>
    some.map(({ path, message }) => ({ path, message }));
  return { all: told(findings), unfit: told(findings.filter(({ level }) => level === 'wrong')) };
}
