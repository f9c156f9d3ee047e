// What of a settings file is shared, by the schema's own flag, and its digest.
import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { parseSettings } from '../../src/config/load.js';
import {
  canonicalText,
  digestOf,
  ownOf,
  placeOf,
  sharedOf,
  sharedSchema,
  shownName,
  sorted,
} from '../../src/sync/shared.js';
import { describe, it } from '../support/test.js';

const of = (text: string) => sharedOf(parse(text));
const host = { hostName: () => 'box-1', fileExists: () => true };

const WHOLE = `
name: a
ha:
  mode: active-passive
  primary: true
  port: 7113
  keyFile: /k
  peers: [{ name: b, addresses: [10.98.0.2] }]
virtualRouters:
  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24], priority: 140 }
checks:
  - { name: w, type: http, url: 'http://h/', expectHeader: { name: Age }, intervalMs: 1000 }
`;

describe('what is shared', () => {
  it('is what the schema calls shared and is not at its default; items of lists by their names', () => {
    assert.deepEqual(Object.fromEntries(of(WHOLE)), {
      'checks[w].expectHeader.name': 'Age',
      'checks[w].type': 'http',
      'checks[w].url': 'http://h/',
      'ha.port': 7113,
      'virtualRouters[lan].addresses': ['10.99.0.100/24'],
      'virtualRouters[lan].interface': 'eth0',
      'virtualRouters[lan].vrid': 51,
    });
  });

  it('is not what is own, which is all the rest', () => {
    assert.deepEqual(Object.fromEntries(ownOf(parse(WHOLE))), {
      'ha.keyFile': '/k',
      'ha.peers': [{ name: 'b', addresses: ['10.98.0.2'] }],
      'ha.primary': true,
      name: 'a',
      'virtualRouters[lan].priority': 140,
    });
  });

  it('is every setting in force that is called shared and was written, and no other', () => {
    const result = parseSettings(WHOLE, 'f', host);
    assert.ok(result.ok);
    const expected = result.listed
      .filter((one) => one.scope === 'shared' && one.source === 'file')
      .filter((one) => JSON.stringify(one.value) !== JSON.stringify(one.default))
      .map(({ name }) =>
        name.replace('ha-port', 'ha.port').replace(/\[w\]\.expectHeader$/, '$&.name'),
      );
    assert.deepEqual([...of(WHOLE).keys()].toSorted(), expected.toSorted());
  });

  for (const text of ['', 'a', '[1]', 'virtualRouters: 3', 'virtualRouters: [3]', 'ha: 3', 'ha:']) {
    it(`is nothing of ${JSON.stringify(text)}`, () => {
      assert.deepEqual([...of(text)], []);
    });
  }
});

describe('its digest', () => {
  const digest = (text: string): string => digestOf(of(text));

  it('is the same in whatever order, with whatever comments and own settings', () => {
    const same = `
checks:
  - type: http  # comment
    url: "http://h/"
    name: w
    expectHeader: { name: Age }
virtualRouters: [{ vrid: 51, name: lan, addresses: ['10.99.0.100/24'], interface: eth0 }]
ha: { port: 7113, primary: false, peerCheckIntervalMs: 100 }
`;
    assert.equal(digest(same), digest(WHOLE));
    assert.match(digest(same), /^[\da-f]{16}$/);
  });

  it('is another one after any change of a value', () => {
    assert.notEqual(digest(WHOLE.replace('7113', '7114')), digest(WHOLE));
    assert.notEqual(digest(WHOLE.replace('[10.99.0.100/24]', '[10.99.0.101/24]')), digest(WHOLE));
  });

  it('does not depend on the order of keys in a mapping', () => {
    const one = sorted([['checks[w].requestHeaders', { b: '1', a: ['x'] }]]);
    const other = sorted([['checks[w].requestHeaders', { a: ['x'], b: '1' }]]);
    assert.equal(canonicalText(one), canonicalText(other));
  });
});

describe('names of a document', () => {
  it('lead to an item of a list or from the top; a dot may stand in the name of an item', () => {
    assert.deepEqual(placeOf('ha.port'), { item: null, keys: ['ha', 'port'] });
    assert.deepEqual(placeOf('checks[a.b].expectHeader.name'), {
      item: { list: 'checks', name: 'a.b' },
      keys: ['expectHeader', 'name'],
    });
  });

  it('are shown as `set` has them', () => {
    assert.equal(shownName('ha.peerCheckIntervalMs'), 'peer-check-interval');
    assert.equal(shownName('virtualRouters[lan].vrid'), 'virtualRouters[lan].vrid');
    assert.equal(shownName('later.setting'), 'later.setting');
  });

  for (const name of [
    'name',
    'ha.primary',
    'virtualRouters[lan].priority',
    'virtualRouters[lan].no',
    'virtualRouters',
    'ha',
    'ha.toString',
    'constructor',
    'ha.port.more',
  ]) {
    it(`${name} is none that is shared`, () => assert.equal(sharedSchema(name), undefined));
  }
});
