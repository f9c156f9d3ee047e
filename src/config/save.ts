// Changes a setting in the settings file: edit, check the whole result through the real load path,
// write at once or not at all. No form of the text: see edit.ts.
import { isDeepStrictEqual } from 'node:util';
import type { AtomicWriteOptions } from '../files/atomic-write.js';
import { readDocument } from './document.js';
import { writeDraft, type Draft } from './draft.js';
import { editSetting } from './edit.js';
import type { SettingsError, SettingsWarning } from './errors.js';
import { refusal } from './faults.js';
import { digestOfText, parseSettings, readSettingsText } from './load.js';
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

type Refused = Extract<SetOutcome, { ok: false }>;
type Done = Extract<SetOutcome, { ok: true }>;

/** What `changeSetting` would do, and the text that it would write; null when the file says so already. */
export type SetDraft = (Done & { readonly draft: Draft | null }) | Refused;

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
  const drafted = draftSetting(path, setting, value);
  if (!drafted.ok) return drafted;
  const { draft, ...outcome } = drafted;
  const written = draft === null ? null : await writeDraft(path, draft, options);
  return written === null || written.ok ? outcome : written;
}

/** The same, without the writing. */
export function draftSetting(path: string, setting: string, value: string): SetDraft {
  const refuse = (...errors: SettingsError[]): Refused => ({ ok: false, file: path, errors });
  const change = readChange(setting, value);
  if (!change.ok) return refuse(change.error);
  const read = readSettingsText(path);
  if (!read.ok) return refuse(...read.errors);
  const edited = editedText(read.text, change.setting, change.value);
  if (!edited.ok) return refuse(...edited.errors);
  const loaded = parseSettings(edited.text, path);
  if (!loaded.ok) return refuse(...loaded.errors);
  const unit = unitOf(change.setting);
  const changed = edited.text !== read.text;
  const text = `${read.mark}${edited.text}`;
  return {
    ok: true,
    setting: change.setting.name,
    value: change.value,
    ...(unit === undefined ? {} : { unit }),
    previous: valueBefore(read.text, path, change.setting.name),
    changed,
    file: path,
    warnings: loaded.warnings,
    draft: changed ? { base: digestOfText(read.text), text, loaded } : null,
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

function valueBefore(text: string, path: string, name: string): SettingValue | null {
  const result = parseSettings(text, path);
  if (!result.ok) return null;
  return findSetting(viewSettings(result.listed, path), name)?.value ?? null;
}
