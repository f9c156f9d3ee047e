// Changes a setting in the settings file: edit, check the whole result through the real load path,
// write at once or not at all. No form of the text: see edit.ts.
import { isDeepStrictEqual } from 'node:util';
import { atomicWriteFile, type AtomicWriteOptions } from '../files/atomic-write.js';
import { readDocument } from './document.js';
import { editSetting } from './edit.js';
import type { SettingsError, SettingsWarning } from './errors.js';
import { refusal } from './faults.js';
import { parseSettings, readSettingsText } from './load.js';
import {
  findSetting,
  readChange,
  unitOf,
  viewSettings,
  type SettableSetting,
  type SettingValue,
} from './setting-names.js';

export type SetOutcome =
  | {
      readonly ok: true;
      readonly setting: string;
      readonly value: SettingValue;
      /** What was in force before, a default included; null when the file was not valid before. */
      readonly previous: SettingValue | null;
      /** False when the file said so already; it was not written then. */
      readonly changed: boolean;
      /** Of value and previous: `ms`, `s`, `bit/s`; absent when they have none. */
      readonly unit?: string;
      readonly file: string;
      readonly warnings: readonly SettingsWarning[];
    }
  | { readonly ok: false; readonly file: string; readonly errors: readonly SettingsError[] };

/**
 * Sets `setting` (a name of `understudy set`) to `value` (as typed) in the file at `path`. Comments,
 * order and every other byte stay. The file is only replaced when all of the result is valid.
 * @returns what was done, or every error; never throws for what the file contains or where it is.
 */
export async function changeSetting(
  path: string,
  setting: string,
  value: string,
  options: AtomicWriteOptions = {},
): Promise<SetOutcome> {
  const refuse = (...errors: SettingsError[]): SetOutcome => ({ ok: false, file: path, errors });
  const change = readChange(setting, value);
  if (!change.ok) return refuse(change.error);
  const read = readSettingsText(path);
  if (!read.ok) return refuse(...read.errors);
  const edited = editedText(read.text, change.setting, change.value);
  if (!edited.ok) return refuse(...edited.errors);
  const result = parseSettings(edited.text, path);
  if (!result.ok) return refuse(...result.errors);
  const changed = edited.text !== read.text;
  if (changed) {
    const failure = await replaceSettings(path, `${read.mark}${edited.text}`, options);
    if (failure !== null) return refuse(failure);
  }
  const unit = unitOf(change.setting);
  return {
    ok: true,
    setting: change.setting.name,
    value: change.value,
    ...(unit === undefined ? {} : { unit }),
    previous: valueBefore(read.text, path, change.setting.name),
    changed,
    file: path,
    warnings: result.warnings,
  };
}

type Edited =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly errors: readonly SettingsError[] };

function editedText(text: string, setting: SettableSetting, value: SettingValue): Edited {
  const before = readDocument(text);
  if (!before.ok) return before;
  if (before.document.errors.length > 0) return { ok: false, errors: before.document.errors };
  const wanted = withValue(before.document.value, setting.path, value);
  if (isDeepStrictEqual(wanted, before.document.value)) return { ok: true, text };
  const edited = editSetting(before.document.document, text, setting.path, value);
  // The proof of the splice: read again, nothing but this setting has another value.
  const after = edited === null ? null : readDocument(edited);
  if (edited === null || !after?.ok || !isDeepStrictEqual(after.document.value, wanted)) {
    // A file that is wrong in itself is told its own errors first.
    const standing = parseSettings(text, '');
    return standing.ok ? { ok: false, errors: [notEditable(setting)] } : standing;
  }
  return { ok: true, text: edited };
}

/** The value of the document with one setting changed, or something unequal to any document. */
function withValue(
  document: unknown,
  [section, key]: readonly [string, string],
  value: SettingValue,
): unknown {
  if (typeof document !== 'object' || document === null) return undefined;
  const before = (document as Record<string, unknown>)[section] ?? {};
  if (typeof before !== 'object') return undefined;
  return { ...document, [section]: { ...before, [key]: value } };
}

function notEditable({ path }: SettableSetting): SettingsError {
  const setting = path.join('.');
  const found = 'a form, such as an anchor or alias, in which other settings would change too';
  return refusal('notEditable', found, { setting }, { path: setting });
}

/** Writes the whole file at once. @returns the error when it cannot be; the file is as it was then. */
export async function replaceSettings(
  path: string,
  text: string,
  options: AtomicWriteOptions,
): Promise<SettingsError | null> {
  try {
    await atomicWriteFile(path, text, options);
    return null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const remedy =
      code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
        ? 'run as root, or give this user the right to write the file and its folder'
        : 'see to the file system, then try again';
    const found = `it cannot be written (${code}); the file is as it was`;
    return refusal('notWritten', found, { path, remedy });
  }
}

function valueBefore(text: string, path: string, name: string): SettingValue | null {
  const result = parseSettings(text, path);
  if (!result.ok) return null;
  return findSetting(viewSettings(result.listed, path), name)?.value ?? null;
}
