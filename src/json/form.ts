// The form of a JSON value, by a schema that is compiled when it is first asked. No schema is here.
import type { ErrorObject, ValidateFunction } from 'ajv';
import { compileForm } from './compile-form.js';

/** Says whether a value has the form; `errors` then says why the last one had not. */
export interface Form<Value> {
  (value: unknown): value is Value;
  readonly errors?: readonly ErrorObject[] | null | undefined;
  readonly schema: object;
  /** Of this form alone. */
  readonly title: string;
}

/** An agent is seldom asked for anything but its status, so nothing is compiled before it is needed. */
export function form<Value>(title: string, schema: object): Form<Value> {
  let compiled: ValidateFunction<Value> | null = null;
  const check = (candidate: unknown): candidate is Value => {
    compiled ??= compileForm<Value>(title, schema);
    return compiled(candidate);
  };
  return Object.defineProperty(Object.assign(check, { schema, title }), 'errors', {
    get: () => compiled?.errors,
  });
}

/** In words, what is wrong with the last value that was asked about. */
export const faultsOf = ({ errors }: Form<unknown>): string =>
  (errors ?? []).map((one) => `data${one.instancePath} ${one.message ?? ''}`).join(', ');
