// Several settings changed at once in the settings file, or only looked at: what would differ, and what `plan` would
// print otherwise. On one version of the file, which the caller has seen; never on another one. No agent is told.
import { isDeepStrictEqual } from 'node:util';
import { releaseScript, takeoverScript } from '../model/netlink-script.js';
import type { AtomicWriteOptions } from '../files/atomic-write.js';
import { readDocument } from './document.js';
import { editAt } from './edit-at.js';
import { valueAt, type SettingsError, type SettingsPath, type SettingsWarning } from './errors.js';
import { refusal } from './faults.js';
import { parseSettings, readSettingsText, type LoadResult } from './load.js';
import { onPage, parsePath } from './on-page.js';
import type { PlainValue } from './plain-value.js';
import { replaceSettings } from './save.js';
import { viewSettings, type SettingsView } from './setting-names.js';
import type { Settings, SettingValue } from './settings.js';

export interface ChangeRequest {
  /** The digest of the file that the changes were made for, as SettingsView has it. */
  readonly base: string;
  readonly changes: readonly {
    /** As in an error: `ha.mode`, `virtualRouters[0].vrid`. */
    readonly path: string;
    readonly value: PlainValue;
  }[];
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

/**
 * Changes settings in the file at `path`, as one: all of them or none. Comments, order and every other byte stay.
 * @returns what differs, or every error of the whole result as `check` has it; never throws for what a file contains.
 */
export async function changeSettings(
  path: string,
  request: ChangeRequest,
  options: AtomicWriteOptions = {},
): Promise<ChangeOutcome> {
  const refuse = (errors: readonly SettingsError[]): ChangeOutcome => ({
    ok: false,
    file: path,
    errors,
  });
  const read = readSettingsText(path);
  if (!read.ok) return refuse(read.errors);
  const before = parseSettings(read.text, path);
  if (!before.ok) return refuse(before.errors);
  if (before.digest !== request.base) {
    const now = viewSettings(before.listed, path, before.digest);
    return {
      ok: false,
      file: path,
      errors: [refusal('changedMeanwhile', 'another version', { path })],
      now,
    };
  }
  const edited = editedText(read.text, request);
  if (!edited.ok) return refuse(edited.errors);
  const after = parseSettings(edited.text, path);
  if (!after.ok) return refuse(after.errors);
  if (request.apply && edited.text !== read.text) {
    const failure = await replaceSettings(path, `${read.mark}${edited.text}`, options);
    if (failure !== null) return refuse([failure]);
  }
  return {
    ok: true,
    applied: request.apply,
    file: path,
    changes: differences(viewOf(before, path), viewOf(after, path)),
    plan: planDifferences(before.settings, after.settings),
    warnings: after.warnings,
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

function editedText(text: string, { changes }: ChangeRequest): Edited {
  const placed = changes.map(({ path, value }) => ({ path, at: parsePath(path), value }));
  const strange = placed.filter(({ at }) => at === null || !onPage(at));
  if (strange.length > 0) {
    const refused = ({ path }: { path: string }): SettingsError =>
      refusal('notOnPage', JSON.stringify(path.slice(0, 200)), {}, { path: path.slice(0, 200) });
    return { ok: false, errors: strange.map(refused) };
  }
  let now = text;
  for (const { path, at, value } of placed) {
    const next = at === null ? null : oneEdited(now, at, value);
    if (next === null) {
      const found = 'a form, such as an anchor or alias, in which other settings would change too';
      return { ok: false, errors: [refusal('notEditable', found, { setting: path }, { path })] };
    }
    now = next;
  }
  return { ok: true, text: now };
}

/** The text with one setting changed and nothing else, by reading it again; null when that cannot be. */
function oneEdited(text: string, at: SettingsPath, value: PlainValue): string | null {
  const before = readDocument(text);
  if (!before.ok || before.document.errors.length > 0) return null;
  if (isDeepStrictEqual(valueAt(before.document.value, at), value)) return text;
  const edited = editAt(before.document.document, text, at, value);
  const after = edited === null ? null : readDocument(edited);
  if (edited === null || after === null || !after.ok) return null;
  const wanted = withValue(before.document.value, at, value);
  return isDeepStrictEqual(after.document.value, wanted) ? edited : null;
}

/** A copy of the document with `value` at `at`. */
function withValue(document: unknown, [key, ...rest]: SettingsPath, value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(document)) {
    return document.map((item: unknown, index) =>
      index === key ? withValue(item, rest, value) : item,
    );
  }
  const before = typeof document === 'object' ? ((document ?? {}) as Record<string, unknown>) : {};
  return { ...before, [key]: withValue(before[key], rest, value) };
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
      { takeover: takeoverScript(router, vip.leaseSeconds), release: releaseScript(router) },
    ]),
  );

const lineDifferences = (before: readonly string[], after: readonly string[]): string[] => [
  ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
  ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
];
