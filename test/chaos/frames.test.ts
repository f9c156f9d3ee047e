// Who announced an address last, and who advertised at the end, of sightings made up here.
import assert from 'node:assert/strict';
import type { Sighting, What } from '../../scripts/lab/sightings.js';
import { describe, it } from '../support/test.js';
import { advertisers, lastAnnouncer } from './frames.js';

const seen = (at: number, from: string, what: What): Sighting => ({ at, from, what });

const advertises = (at: number, from: string, priority: number): Sighting =>
  seen(at, from, { kind: 'advertisement', family: 4, vrid: 51, priority });

const announces = (at: number, from: string): Sighting =>
  seen(at, from, { kind: 'announcement', address: '10.99.0.100' });

const ALL = [
  advertises(1_000, 'a', 200),
  announces(1_010, 'a'),
  advertises(2_000, 'b', 100),
  announces(2_010, 'b'),
  advertises(2_020, 'a', 0),
  announces(2_030, '02:00:00:63:00:77'),
];

describe('what the switch saw', () => {
  it('says which appliance was the last to announce an address', () => {
    assert.equal(lastAnnouncer(ALL, '10.99.0.100', ['a', 'b']), 'b');
    assert.equal(lastAnnouncer(ALL, '10.99.0.101', ['a', 'b']), null);
  });

  it('says who advertised as Active since then; priority 0 is a farewell', () => {
    assert.deepEqual([...advertisers(ALL, 0)], [['IPv4 51', ['a', 'b']]]);
    assert.deepEqual([...advertisers(ALL, 1_500)], [['IPv4 51', ['b']]]);
  });
});
