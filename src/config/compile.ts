// The one file that compiles the schema of the settings. What is done with what it says: form.ts. In the bundle
// a file stands for this one that ajv has written when the bundle was made (scripts/bundle), without a compiler.
import { Ajv, type ErrorObject } from 'ajv';
import { SETTINGS_SCHEMA } from './schema.js';
import { EXPLAINING } from './setting-schema.js';

export type Complaint = Pick<ErrorObject, 'instancePath' | 'keyword' | 'params'>;

/**
 * Not held against the schema of schemas, and compiled as it comes: at each start that took longer than
 * all else. A test holds every schema of ours against it.
 */
export const AJV_OPTIONS = {
  strict: true,
  meta: false,
  validateSchema: false,
  code: { optimize: false },
  allErrors: true,
  useDefaults: true,
} as const;

let compiled: ReturnType<Ajv['compile']> | null = null;

/** Fills the schema's defaults into `value`. @returns everything that the schema refuses in it. */
export function complaintsOf(value: unknown): readonly Complaint[] {
  if (compiled === null) {
    const ajv = new Ajv(AJV_OPTIONS);
    ajv.addVocabulary([...EXPLAINING]);
    compiled = ajv.compile(SETTINGS_SCHEMA);
  }
  return compiled(value) ? [] : (compiled.errors ?? []);
}
