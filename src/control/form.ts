// The form of a JSON value, by a schema that ajv compiles when it is first asked. No schema is here.
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';

/** Says whether a value has the form; `errors` then says why the last one had not. */
export interface Form<Value> {
  (value: unknown): value is Value;
  readonly errors?: readonly ErrorObject[] | null | undefined;
  readonly schema: object;
}

/**
 * Not held against the schema of schemas at every start, which takes longer than all else: a test does
 * that for every schema of ours.
 */
const OPTIONS = {
  strict: true,
  strictTypes: false,
  allowUnionTypes: true,
  meta: false,
  validateSchema: false,
} as const;

let ajv: Ajv | null = null;

/** An agent is seldom asked for anything but its status, so nothing is compiled before it is needed. */
export function form<Value>(schema: object): Form<Value> {
  let compiled: ValidateFunction<Value> | null = null;
  const check = (candidate: unknown): candidate is Value => {
    ajv ??= new Ajv(OPTIONS);
    compiled ??= ajv.compile<Value>(schema);
    return compiled(candidate);
  };
  return Object.defineProperty(Object.assign(check, { schema }), 'errors', {
    get: () => compiled?.errors,
  });
}

/** In words, what is wrong with the last value that was asked about. */
export const faultsOf = ({ errors }: Form<unknown>): string =>
  (errors ?? []).map((one) => `data${one.instancePath} ${one.message ?? ''}`).join(', ');
