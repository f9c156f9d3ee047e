import assert from 'node:assert/strict';
import { describe, test } from '../support/test.js';
import * as fc from 'fast-check';
import type { Link } from '../../src/model/link.js';
import { linkPairsStatus } from '../../src/monitors/link-pairs.js';

const link = (name: string, up = true, carrier = true): Link => ({
  index: 1,
  name,
  up,
  carrier,
  mtu: 1500,
  macAddress: '02:00:00:00:00:01',
});

const PAIRS = [
  ['eth1', 'eth2'],
  ['eth3', 'eth4'],
] as const;
const ALL = ['eth1', 'eth2', 'eth3', 'eth4'];

describe('link pairs', () => {
  const links = ALL.map((name) => link(name));

  test('all pairs active', () => {
    assert.deepEqual(linkPairsStatus({ pairs: PAIRS, minimumActive: 2 }, links), {
      name: 'links',
      weight: 'hard',
      fault: 'links-below-minimum',
      state: 'ok',
      detail: '2 of 2 pairs active, minimum 2',
      reading: { of: 'linkPairs', value: 2, limit: 2 },
    });
  });

  test('one end without carrier makes its pair inactive', () => {
    const found = [link('eth1'), link('eth2', true, false), link('eth3'), link('eth4')];
    const status = linkPairsStatus({ pairs: PAIRS, minimumActive: 2 }, found);
    assert.equal(status.state, 'failed');
    assert.equal(status.detail, '1 of 2 pairs active, minimum 2; eth2 has no carrier');
    assert.equal(linkPairsStatus({ pairs: PAIRS, minimumActive: 1 }, found).state, 'ok');
  });

  test('down and missing are told apart', () => {
    const found = [link('eth1', false, false), link('eth3'), link('eth4')];
    assert.equal(
      linkPairsStatus({ pairs: PAIRS, minimumActive: 2 }, found).detail,
      '1 of 2 pairs active, minimum 2; eth1 is down; eth2 does not exist',
    );
  });

  test('while inhibited pairs are counted but not judged', () => {
    const status = linkPairsStatus({ pairs: PAIRS, minimumActive: 1 }, [], true);
    assert.equal(status.state, 'ok');
    assert.match(status.detail, /^0 of 2 pairs active, minimum 1; not judged while bypassed/);
  });

  test('failed exactly when fewer pairs have both ends up with carrier than the minimum', () => {
    const state = fc.record({ up: fc.boolean(), carrier: fc.boolean() });
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...ALL), state),
        fc.integer({ min: 0, max: 3 }),
        (found, minimumActive) => {
          const there = Object.entries(found).map(([name, { up, carrier }]) =>
            link(name, up, carrier),
          );
          const good = (name: string): boolean =>
            there.some((each) => each.name === name && each.up && each.carrier);
          const active = PAIRS.filter(([a, b]) => good(a) && good(b)).length;
          const status = linkPairsStatus({ pairs: PAIRS, minimumActive }, there);
          assert.equal(status.state === 'failed', active < minimumActive);
        },
      ),
    );
  });
});
