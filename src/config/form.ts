// The form of the settings: each complaint of the schema becomes an error a person can act on, and what it was
// about is left out. What remains has the types of the schema. No meaning across settings: see validate.ts.
import { complaintsOf, type Complaint } from './compile.js';
import { formatPath, isSuggestion, valueAt, type Finding, type SettingsPath } from './errors.js';
import { describeFound } from './found.js';
import { expectation, remedyFor } from './remedy.js';
import { schemaAt, type SettingSchema, type SettingsFile } from './schema.js';
import { unknownSetting } from './unknown-setting.js';

/** What is left of a value without what the schema refused: any part may be missing, list items keep their places. */
export type Remainder<T> = T extends readonly (infer Item)[]
  ? readonly (Item extends object ? Remainder<Item> : Item | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Remainder<T[Key]> }
    : T;

export interface Form {
  /** One per setting, in no particular order. */
  readonly findings: readonly Finding[];
  /** All of it when there are no findings. */
  readonly remainder: Remainder<SettingsFile>;
}

/** Complaints that are made into errors. */
const MOST_COMPLAINTS = 1_000;

/** Complaints about values of another type than the schema's. Others are of the type, and meaning can be checked. */
const OF_TYPE: ReadonlySet<string> = new Set(['type', 'enum']);

/** Checks `value` against the schema, fills the schema's defaults into it and takes out what has another type. */
export function checkForm(value: unknown): Form {
  const complaints = complaintsOf(value);
  const findings = new Map<string, Finding>();
  // More are told by nobody; each is looked up in what else there is.
  for (const complaint of complaints.slice(0, MOST_COMPLAINTS)) {
    const finding = findingOf(complaint, value);
    const path = formatPath(finding.at);
    if (!findings.has(path)) findings.set(path, finding);
  }
  let remainder = value;
  for (const { keyword, instancePath } of complaints) {
    if (OF_TYPE.has(keyword)) remainder = without(remainder, pathOf(instancePath));
  }
  const told = withoutThoseMeant([...findings.values()]);
  return { findings: told, remainder: remainder as Remainder<SettingsFile> };
}

/** A name that is mistyped leaves missing what was meant: that is one error, not two. */
function withoutThoseMeant(findings: readonly Finding[]): readonly Finding[] {
  const meant = new Set(
    findings
      .filter(({ remedy }) => isSuggestion(remedy))
      .map(({ at, remedy }) => `${formatPath(at.slice(0, -1))} ${remedy}`),
  );
  return findings.filter(
    ({ at, code }) =>
      code !== 'missing-setting' ||
      !meant.has(`${formatPath(at.slice(0, -1))} did you mean ${String(at.at(-1))}?`),
  );
}

function findingOf({ instancePath, keyword, params }: Complaint, value: unknown): Finding {
  const at = pathOf(instancePath);
  const found = valueAt(value, at);
  const parameters: Record<string, unknown> = params;
  if (keyword === 'additionalProperties') {
    const key = String(parameters['additionalProperty']);
    return unknownSetting(at, key, valueAt(found, [key]));
  }
  if (keyword === 'required') {
    return missing([...at, String(parameters['missingProperty'])], found);
  }
  const schema = schemaAt(at);
  if (schema === undefined) throw new Error(`no schema at ${instancePath}`);
  return keyword === 'const' ? notAvailable(at, found) : faulty(at, schema, found, keyword);
}

/** JSON pointer to path; list positions become numbers where the schema has a list. */
function pathOf(pointer: string): SettingsPath {
  const path: (string | number)[] = [];
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(schemaAt(path)?.type === 'array' ? Number(key) : key);
  }
  return path;
}

type Container = Record<string | number, unknown>;

/** `value` without what stands at `path`; in a list an empty one of the same kind takes its place. */
function without(value: unknown, path: SettingsPath): unknown {
  const key = path.at(-1);
  if (key === undefined) return {};
  const container = valueAt(value, path.slice(0, -1)) as Container | undefined;
  if (container === undefined) return value;
  if (Array.isArray(container)) container[key] = EMPTY[schemaAt(path)?.type ?? '']?.();
  else delete container[key];
  return value;
}

const EMPTY: Readonly<Record<string, () => unknown>> = { object: () => ({}), array: () => [] };

function notAvailable(at: SettingsPath, value: unknown): Finding {
  const setting = formatPath(at);
  return {
    at,
    code: 'not-available',
    expected: `no ${setting}: ${String(value)}: it is not available in this release`,
    found: describeFound(value),
    remedy: `remove ${setting}, or give it another value`,
  };
}

function missing(at: SettingsPath, container: unknown): Finding {
  const schema = schemaAt(at);
  const isEmpty = Object.keys(container ?? {}).length === 0;
  return {
    at,
    code: 'missing-setting',
    expected: schema === undefined ? 'a value' : expectation(schema),
    found: isEmpty ? 'nothing at all' : 'nothing',
    remedy: `add ${formatPath(at)}: ${schema?.description ?? ''}`.trim(),
  };
}

function faulty(at: SettingsPath, schema: SettingSchema, value: unknown, keyword: string): Finding {
  return {
    at,
    code: keyword === 'type' ? 'wrong-type' : 'out-of-range',
    expected: expectation(schema),
    found: describeFound(value),
    remedy: remedyFor(at, schema, value),
  };
}
