// Checks the form of the settings with ajv and turns each complaint into an error a person can act
// on. No meaning across settings: see validate.ts.
import { Ajv, type ErrorObject } from 'ajv';
import { formatPath, type Finding, type SettingsPath } from './errors.js';
import { describeFound } from './found.js';
import { LATER_SETTINGS } from './later.js';
import { expectation, remedyFor } from './remedy.js';
import { schemaAt, SETTINGS_SCHEMA, type SettingSchema } from './schema.js';
import { unknownSetting } from './unknown-setting.js';

/**
 * Not held against the schema of schemas, and compiled as it comes: at each start that took longer than
 * all else. A test holds every schema of ours against it.
 */
const UNCHECKED = {
  strict: true,
  meta: false,
  validateSchema: false,
  code: { optimize: false },
} as const;

/** Complaints that are made into errors. */
const MOST_COMPLAINTS = 1_000;

type Validate = ReturnType<Ajv['compile']>;
let compiled: Validate | null = null;

function validator(): Validate {
  if (compiled === null) {
    const ajv = new Ajv({ ...UNCHECKED, allErrors: true, verbose: true, useDefaults: true });
    ajv.addVocabulary(['unit', 'page', 'names']);
    compiled = ajv.compile(SETTINGS_SCHEMA);
  }
  return compiled;
}

/**
 * Checks `value` against the schema and fills the schema's defaults into it.
 * @returns every fault of form, one per setting, in no particular order.
 */
export function checkStructure(value: unknown): Finding[] {
  const validate = validator();
  const findings = new Map<string, Finding>();
  if (!validate(value)) {
    // More are told by nobody; each is looked up in what else there is.
    for (const complaint of (validate.errors ?? []).slice(0, MOST_COMPLAINTS)) {
      const finding = findingOf(complaint);
      const path = formatPath(finding.at);
      if (!findings.has(path)) findings.set(path, finding);
    }
  }
  for (const finding of laterValues(value)) findings.set(formatPath(finding.at), finding);
  return [...findings.values()];
}

function findingOf(complaint: ErrorObject): Finding {
  const at = pathOf(complaint.instancePath);
  const parameters: Record<string, unknown> = complaint.params;
  if (complaint.keyword === 'additionalProperties') {
    const key = String(parameters['additionalProperty']);
    return unknownSetting(at, key, valueAt(complaint.data, key));
  }
  if (complaint.keyword === 'required') {
    return missing([...at, String(parameters['missingProperty'])], complaint.data);
  }
  const schema = schemaAt(at);
  if (schema === undefined) throw new Error(`no schema at ${complaint.instancePath}`);
  return faulty(at, schema, complaint.data, complaint.keyword);
}

const valueAt = (container: unknown, key: string): unknown =>
  typeof container === 'object' && container !== null && Object.hasOwn(container, key)
    ? (container as Record<string, unknown>)[key]
    : undefined;

/** JSON pointer to path; list positions become numbers where the schema has a list. */
function pathOf(pointer: string): SettingsPath {
  const path: (string | number)[] = [];
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(schemaAt(path)?.type === 'array' ? Number(key) : key);
  }
  return path;
}

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

/** Values that a later release will take. */
function laterValues(value: unknown): Finding[] {
  const findings: Finding[] = [];
  for (const later of LATER_SETTINGS) {
    for (const { at, found } of matches(value, later.path)) {
      if (found === later.value) findings.push(notAvailable(at, found));
    }
  }
  return findings;
}

interface Match {
  readonly at: SettingsPath;
  readonly found: unknown;
}

function matches(value: unknown, pattern: string): Match[] {
  let found: Match[] = [{ at: [], found: value }];
  for (const part of pattern.replaceAll('[]', '.[]').split('.')) {
    found = found.flatMap((match) =>
      part === '[]'
        ? itemsOf(match)
        : [{ at: [...match.at, part], found: valueAt(match.found, part) }],
    );
  }
  return found;
}

const itemsOf = (match: Match): Match[] =>
  Array.isArray(match.found)
    ? match.found.map((item: unknown, index) => ({ at: [...match.at, index], found: item }))
    : [];

function missing(at: SettingsPath, container: unknown): Finding {
  const schema = schemaAt(at);
  return {
    at,
    code: 'missing-setting',
    expected: schema === undefined ? 'a value' : expectation(schema, at),
    found:
      container !== null && typeof container === 'object' && Object.keys(container).length === 0
        ? 'nothing at all'
        : 'nothing',
    remedy: `add ${formatPath(at)}: ${schema?.description ?? ''}`.trim(),
  };
}

function faulty(at: SettingsPath, schema: SettingSchema, value: unknown, keyword: string): Finding {
  return {
    at,
    code: keyword === 'type' ? 'wrong-type' : 'out-of-range',
    expected: expectation(schema, at),
    found: describeFound(value),
    remedy: remedyFor(at, schema, value),
  };
}
