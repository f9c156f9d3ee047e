// Every JSON schema of the program, held against the schema of schemas: the program itself does not, at
// any of its starts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { Ajv } from 'ajv';
import * as hookCall from '../../src/hooks/hook-call.js';
import { SETTINGS_SCHEMA } from '../../src/config/schema.js';
import { EXPLAINING } from '../../src/config/setting-schema.js';
import * as control from '../../src/control/schemas.js';

const forms = Object.entries({ ...control, ...hookCall }).flatMap(([name, value]) =>
  typeof value === 'function' && 'schema' in value ? [{ name, schema: value.schema }] : [],
);

describe('the JSON schemas', () => {
  const ajv = new Ajv({ strict: true, strictTypes: false, allowUnionTypes: true });
  ajv.addVocabulary([...EXPLAINING]);

  it('are all found', () => {
    assert.ok(forms.length >= 9, forms.map(({ name }) => name).join(' '));
  });

  for (const { name, schema } of [{ name: 'the settings', schema: SETTINGS_SCHEMA }, ...forms]) {
    it(`${name} is a valid schema`, () => {
      assert.equal(ajv.validateSchema(schema), true, JSON.stringify(ajv.errors));
      ajv.compile(schema);
    });
  }

  it('a schema with a fault is found out', () => {
    assert.equal(new Ajv({ logger: false }).validateSchema({ type: 'objekt' }), false);
  });
});
