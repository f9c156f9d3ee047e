// Several settings changed at once in the settings file, or only looked at: what would differ, and what `plan` would
// print otherwise. On one version of the file, which the caller has seen; never on another one. No agent is told.
import { isDeepStrictEqual } from 'node:util';
import { releaseOf, takeoverOf } from '../model/netlink-script.js';
import { readDocument } from './document.js';
import type { Draft } from './draft.js';
import type { SettingsError, SettingsWarning } from './errors.js';
import { refusal } from './faults.js';
import { sortedChanges, type Step } from './change-steps.js';
import { parseSettings, readSettingsText, type LoadResult } from './load.js';
import type { PlainValue } from './plain-value.js';
import { viewSettings, type SettingsView } from './setting-names.js';
import type { Settings, SettingValue } from './settings.js';

export interface ChangeRequest {
  /** The digest of the file that the changes were made for, as SettingsView has it. */
  readonly base: string;
  readonly changes: readonly {
    /** As in an error: `ha.mode`, `virtualRouters[0].vrid`. Behind the last item of a list a new one begins. */
    readonly path: string;
    readonly value: PlainValue;
  }[];
  /** Items of the lists of the page that go, as in an error: `virtualRouters[1]`. Counted before anything is changed. */
  readonly remove?: readonly string[];
  /** False: only say what would be done. */
  readonly apply: boolean;
}

/** A setting that differs; null where there is none. */
export interface SettingDifference {
  readonly setting: string;
  readonly path?: string;
  readonly from: SettingValue | null;
  readonly to: SettingValue | null;
  readonly unit?: string;
}

/** Lines of the netlink scripts that differ, `-` and `+` before each. */
export interface PlanDifference {
  readonly virtualRouter: string;
  readonly takeover: readonly string[];
  readonly release: readonly string[];
}

export type ChangeOutcome =
  | {
      readonly ok: true;
      readonly applied: boolean;
      readonly file: string;
      readonly changes: readonly SettingDifference[];
      readonly plan: readonly PlanDifference[];
      readonly warnings: readonly SettingsWarning[];
    }
  | {
      readonly ok: false;
      readonly file: string;
      readonly errors: readonly SettingsError[];
      /** The file is another one by now: this is what it says. */
      readonly now?: SettingsView;
    };

type Refused = Extract<ChangeOutcome, { ok: false }>;
type Done = Extract<ChangeOutcome, { ok: true }>;

/** What would be done, and the text that would be written; null when the file says so already. */
export type ChangeDraft = (Done & { readonly draft: Draft | null }) | Refused;

/**
 * What changes of settings in the file at `path` come to, as one: all of them or none. Comments, order and every other
 * byte stay. Nothing is written: see draft.ts.
 * @returns what differs, or every error of the whole result as `check` has it; never throws for what a file contains.
 */
export function draftChange(path: string, request: ChangeRequest): ChangeDraft {
  const refuse = (errors: readonly SettingsError[]): Refused => ({ ok: false, file: path, errors });
  const read = readSettingsText(path);
  if (!read.ok) return refuse(read.errors);
  const before = parseSettings(read.text, path);
  if (!before.ok) return refuse(before.errors);
  if (before.digest !== request.base) {
    const now = viewSettings(before.listed, path, before.digest);
    return { ...refuse([refusal('changedMeanwhile', 'another version', { path })]), now };
  }
  const edited = editedText(read.text, request);
  if (!edited.ok) return refuse(edited.errors);
  const after = parseSettings(edited.text, path);
  if (!after.ok) return refuse(after.errors);
  const text = `${read.mark}${edited.text}`;
  return {
    ok: true,
    applied: request.apply,
    file: path,
    changes: differences(viewOf(before, path), viewOf(after, path)),
    plan: planDifferences(before.settings, after.settings),
    warnings: after.warnings,
    draft: edited.text === read.text ? null : { base: before.digest, text, loaded: after },
  };
}

const viewOf = ({ listed }: Extract<LoadResult, { ok: true }>, path: string): SettingsView =>
  viewSettings(listed, path);

/** The settings that differ, in the order of the page; those that are gone last. */
export function differences(before: SettingsView, after: SettingsView): SettingDifference[] {
  const old = new Map(before.settings.map((one) => [one.setting, one]));
  const names = new Set(after.settings.map(({ setting }) => setting));
  const changed = after.settings.flatMap(({ setting, value, path, unit }) => {
    const from = old.get(setting)?.value ?? null;
    return from === value ? [] : [{ setting, ...given({ path, unit }), from, to: value }];
  });
  const gone = before.settings
    .filter(({ setting }) => !names.has(setting))
    .map(({ setting, value, path, unit }) => ({
      setting,
      ...given({ path, unit }),
      from: value,
      to: null,
    }));
  return [...changed, ...gone];
}

/** Without what is undefined. */
const given = (words: {
  readonly path: string | undefined;
  readonly unit: string | undefined;
}): { readonly path?: string; readonly unit?: string } => ({
  ...(words.path === undefined ? {} : { path: words.path }),
  ...(words.unit === undefined ? {} : { unit: words.unit }),
});

type Edited =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly errors: readonly SettingsError[] };

function editedText(text: string, request: ChangeRequest): Edited {
  const read = readDocument(text);
  if (!read.ok) return read;
  const sorted = sortedChanges(request, read.document.value);
  if (!sorted.ok) return sorted;
  let now = text;
  for (const { path, wanted, ways } of sorted.steps) {
    const next = proven(now, ways, wanted);
    if (next === null) {
      const found = 'a form, such as an anchor or alias, in which other settings would change too';
      return { ok: false, errors: [refusal('notEditable', found, { setting: path }, { path })] };
    }
    now = next;
  }
  return { ok: true, text: now };
}

/** The text after the first of `ways` that is well, by reading it again: it says what is `wanted`, and all else as before. */
function proven(text: string, ways: Step['ways'], wanted: Step['wanted']): string | null {
  const before = readDocument(text);
  if (!before.ok || before.document.errors.length > 0) return null;
  const { value, document } = before.document;
  if (isDeepStrictEqual(wanted(value), value)) return text;
  for (const edit of ways) {
    const edited = edit(document, text);
    const after = edited === null ? null : readDocument(edited);
    if (after?.ok === true && isDeepStrictEqual(after.document.value, wanted(value))) return edited;
  }
  return null;
}

function planDifferences(before: Settings, after: Settings): PlanDifference[] {
  const old = scripts(before);
  const now = scripts(after);
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const takeover = lineDifferences(old.get(name)?.takeover ?? [], now.get(name)?.takeover ?? []);
    const release = lineDifferences(old.get(name)?.release ?? [], now.get(name)?.release ?? []);
    return takeover.length + release.length === 0
      ? []
      : [{ virtualRouter: name, takeover, release }];
  });
}

interface Scripts {
  readonly takeover: readonly string[];
  readonly release: readonly string[];
}

const scripts = ({ virtualRouters, vip }: Settings): ReadonlyMap<string, Scripts> =>
  new Map(
    virtualRouters.map((router) => [
      router.name,
      { takeover: takeoverOf(router, vip.leaseSeconds), release: releaseOf(router) },
    ]),
  );

const lineDifferences = (before: readonly string[], after: readonly string[]): string[] => [
  ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
  ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
];
