// Compiles the form of a JSON value with ajv. In the bundle a file stands for this one that ajv has written when
// the bundle was made (scripts/bundle), and no compiler is there. No schema is here.
import { Ajv, type ValidateFunction } from 'ajv';

/**
 * Not held against the schema of schemas at every start, which takes longer than all else: a test does
 * that for every schema of ours.
 */
export const AJV_OPTIONS = {
  strict: true,
  strictTypes: false,
  allowUnionTypes: true,
  meta: false,
  validateSchema: false,
} as const;

let ajv: Ajv | null = null;

/** @param _name names the form in the bundle, where it is compiled already. */
export function compileForm<Value>(_name: string, schema: object): ValidateFunction<Value> {
  ajv ??= new Ajv(AJV_OPTIONS);
  return ajv.compile<Value>(schema);
}
