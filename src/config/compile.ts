// The one file that compiles the schema of the settings. What is done with what it says: form.ts.
import { Ajv, type ErrorObject } from 'ajv';
import { SETTINGS_SCHEMA } from './schema.js';
import { EXPLAINING } from './setting-schema.js';

export type Complaint = Pick<ErrorObject, 'instancePath' | 'keyword' | 'params'>;

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

let compiled: ReturnType<Ajv['compile']> | null = null;

/** Fills the schema's defaults into `value`. @returns everything that the schema refuses in it. */
export function complaintsOf(value: unknown): readonly Complaint[] {
  if (compiled === null) {
    const ajv = new Ajv({ ...UNCHECKED, allErrors: true, useDefaults: true });
    ajv.addVocabulary([...EXPLAINING]);
    compiled = ajv.compile(SETTINGS_SCHEMA);
  }
  return compiled(value) ? [] : (compiled.errors ?? []);
}
