// What differs, in three columns.
import assert from 'node:assert/strict';
import { differences, valueText } from '../../src/sync/difference.js';
import { sorted, type SharedValue } from '../../src/sync/shared.js';
import { describe, it } from '../support/test.js';

const document = (entries: Record<string, SharedValue>) => sorted(Object.entries(entries));

describe('differences', () => {
  const base = document({ 'ha.port': 1, 'ha.preempt': false, 'vip.leaseSeconds': 5 });

  it('say who changed what since the last version that both had', () => {
    const mine = document({ 'ha.port': 2, 'ha.preempt': false, 'vip.leaseSeconds': 6 });
    const theirs = document({ 'ha.port': 1, 'vip.leaseSeconds': 7, 'ha.maximumFlaps': 4 });
    assert.deepEqual(differences(mine, theirs, base), [
      { setting: 'maximum-flaps', base: 3, mine: 3, theirs: 4, changed: 'there' },
      { setting: 'ha-port', base: 1, mine: 2, theirs: 1, changed: 'here' },
      { setting: 'preempt', base: false, mine: false, theirs: true, changed: 'there' },
      { setting: 'vip.leaseSeconds', base: 5, mine: 6, theirs: 7, changed: 'both' },
    ]);
  });

  it('without such a version nobody is known to have changed anything', () => {
    assert.deepEqual(
      differences(base, document({ 'ha.preempt': false, 'vip.leaseSeconds': 5 }), null),
      [{ setting: 'ha-port', mine: 1, theirs: 7112, changed: 'unknown' }],
    );
  });

  it('are none between equal ones, lists and mappings too', () => {
    const entries = {
      'checks[w].requestHeaders': { a: 'b' },
      'linkMonitoring.pairs': [['a', 'b']],
    };
    assert.deepEqual(differences(document(entries), document(structuredClone(entries)), base), []);
  });
});

describe('values for people', () => {
  it('are those of get; of mappings the keys alone', () => {
    assert.equal(valueText(undefined), '-');
    assert.equal(valueText(false), 'false');
    assert.equal(valueText([['eth1', 'eth2'], 'x']), 'eth1+eth2 x');
    assert.equal(valueText({ Authorization: 'secret', Host: 'h' }), 'Authorization Host');
  });
});
