// What an instance makes of what the witness says. When the role is taken or given up for it: decisions/witness.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { instant, microseconds } from '../../src/model/units.js';
import type { WitnessFact } from '../../src/model/witness.js';
import { activeBench, SECOND } from './pair-bench.js';

const FACTS: readonly WitnessFact[] = [
  { kind: 'ours', token: '1', until: instant(6 * SECOND), ttl: microseconds(6 * SECOND) },
  { kind: 'others', holder: 'there', token: '2', expiresIn: microseconds(SECOND) },
  { kind: 'free' },
  { kind: 'away', why: 'no answer within 1500 ms' },
];

describe('what the witness says', () => {
  it('leads to nothing where the settings name none', () => {
    const bench = activeBench();
    for (const fact of FACTS) assert.deepEqual(bench.take({ kind: 'witness', fact }, 1_000), []);
    assert.deepEqual(bench.take({ kind: 'suspended', by: microseconds(SECOND) }, 1_000), []);
  });
});
