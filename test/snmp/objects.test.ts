// Get, GetNext and GetBulk over a set of objects (RFC 2741 §7.2.3).
import assert from 'node:assert/strict';
import type { Oid, VarBind } from '../../src/snmp/agentx.js';
import { Objects } from '../../src/snmp/objects.js';
import { describe, it } from '../support/test.js';

const object = (...oid: number[]): VarBind => ({
  oid,
  value: { type: 'integer', value: oid.at(-1) ?? 0 },
});
/** Not in their order. */
const objects = new Objects([object(1, 2, 2), object(1, 2, 1), object(1, 10, 1), object(1, 2, 10)]);
const COLUMNS = [
  [1, 2],
  [1, 10],
  [1, 11],
];

const from = (start: Oid, { included = false, end = null as Oid | null } = {}) => ({
  start,
  included,
  end,
});
const namesOf = (all: readonly VarBind[]): string[] =>
  all.map(
    ({ oid, value }) => `${oid.join('.')}${value.type === 'integer' ? '' : ` ${value.type}`}`,
  );

describe('a set of objects', () => {
  it('has what it has; of a column that is known an instance is missing, of any other the object', () => {
    const get = (...oid: number[]): string => namesOf([objects.get(from(oid), COLUMNS)])[0] ?? '';
    assert.equal(get(1, 2, 10), '1.2.10');
    assert.equal(get(1, 2, 3), '1.2.3 noSuchInstance');
    assert.equal(get(1, 11, 1), '1.11.1 noSuchInstance');
    assert.equal(get(1, 3, 1), '1.3.1 noSuchObject');
    assert.equal(get(1), '1 noSuchObject');
  });

  it('is walked in order, to its end', () => {
    const seen: string[] = [];
    let at = objects.next(from([1]));
    while (at.value.type !== 'endOfMibView') {
      seen.push(at.oid.join('.'));
      at = objects.next(from(at.oid));
    }
    assert.deepEqual(seen, ['1.2.1', '1.2.2', '1.2.10', '1.10.1']);
  });

  it('begins with the start itself when that counts, and ends before the end', () => {
    assert.deepEqual(namesOf([objects.next(from([1, 2, 2], { included: true }))]), ['1.2.2']);
    assert.deepEqual(namesOf([objects.next(from([1, 2, 2]))]), ['1.2.10']);
    const end = [1, 2, 10];
    assert.deepEqual(namesOf([objects.next(from([1, 2, 2], { end }))]), ['1.2.2 endOfMibView']);
  });

  it('is fetched in bulk: some once, the others in turn, until all are at their end', () => {
    const ranges = [from([1]), from([1, 2]), from([1, 10])];
    assert.deepEqual(namesOf(objects.bulk(ranges, 1, 2)), [
      '1.2.1',
      '1.2.1',
      '1.10.1',
      '1.2.2',
      '1.10.1 endOfMibView',
    ]);
    assert.deepEqual(namesOf(objects.bulk([from([1, 10])], 0, 50)), [
      '1.10.1',
      '1.10.1 endOfMibView',
    ]);
    assert.deepEqual(objects.bulk([], 0, 50), []);
  });
});
