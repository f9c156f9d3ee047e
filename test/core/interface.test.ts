// interface.ts promises types only. Loading it also shows it to the coverage report.
import assert from 'node:assert/strict';
import { it } from '../support/test.js';

it('the interface of core is types only: there is nothing of it at run time', async () => {
  const loaded = await import('../../src/core/interface.js');

  assert.deepEqual(Object.keys(loaded), []);
});
