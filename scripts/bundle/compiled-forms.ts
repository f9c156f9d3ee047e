// The forms of settings, requests and answers as code that ajv writes, so that no compiler is needed where they
// are asked for. No form is described here.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv, type AnySchema } from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import * as hookCall from '../../src/hooks/hook-call.js';
import { AJV_OPTIONS as SETTINGS_OPTIONS } from '../../src/config/compile.js';
import { SETTINGS_SCHEMA } from '../../src/config/schema.js';
import { EXPLAINING } from '../../src/config/setting-schema.js';
import { AJV_OPTIONS } from '../../src/json/compile-form.js';
import type { Form } from '../../src/json/form.js';
import * as schemas from '../../src/control/schemas.js';

const isForm = (value: unknown): value is Form<unknown> =>
  typeof value === 'function' && 'schema' in value && 'title' in value;

/** @throws Error when two forms have the same title, or one of the sources is not among them. */
function forms(): Map<string, AnySchema> {
  const found = new Map<string, AnySchema>();
  for (const value of [schemas, hookCall].flatMap((module) => Object.values(module) as unknown[])) {
    if (!isForm(value)) continue;
    if (found.has(value.title)) throw new Error(`two forms have the title ${value.title}`);
    found.set(value.title, value.schema);
  }
  const missing = titlesInSources().filter((title) => !found.has(title));
  if (missing.length > 0) {
    throw new Error(`exported forms expected, found ${missing.join(', ')}, which nothing exports`);
  }
  return found;
}

/** Of a form that is not exported the bundle would have no code, and would only find out when it needs it. */
function titlesInSources(): string[] {
  const folder = fileURLToPath(new URL('../../../src/', import.meta.url));
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'json/form.ts')
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .flatMap((text) => [...text.matchAll(/\bform<[^(]+>\(\s*'([a-z-]+)'/g)])
    .map(([, title = '']) => title);
}

/** A module like src/config/compile.ts. */
export function settingsFormCode(): string {
  const options = { ...SETTINGS_OPTIONS, code: { ...SETTINGS_OPTIONS.code, source: true } };
  const ajv = new Ajv(options);
  ajv.addVocabulary([...EXPLAINING]);
  const code = codeOf(ajv, ajv.compile(SETTINGS_SCHEMA));
  return `${code}\nconst hasForm = module.exports;
module.exports = { complaintsOf: (value) => (hasForm(value) ? [] : hasForm.errors) };
`;
}

/** A module like src/json/compile-form.ts. */
export function formsCode(): string {
  const ajv = new Ajv({ ...AJV_OPTIONS, code: { source: true } });
  const titles: Record<string, string> = {};
  for (const [title, schema] of forms()) {
    ajv.addSchema(schema, title);
    titles[title.replaceAll('-', '_')] = title;
  }
  const code = codeOf(ajv, titles);
  return `${code}\nconst forms = module.exports;
module.exports = { compileForm: (title) => forms[title.replaceAll('-', '_')] };\n`;
}

/** The package is CommonJS, and its types say otherwise than Node. */
const codeOf = standaloneCode as unknown as typeof standaloneCode.default;
