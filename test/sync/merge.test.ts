// A shared document put into a settings file: what changes, and what must not.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { parseSettings } from '../../src/config/load.js';
import { mergeShared } from '../../src/sync/merge.js';
import { ownOf, sharedOf, sorted, type SharedDocument } from '../../src/sync/shared.js';
import { describe, it } from '../support/test.js';

const MINE = `# the appliance at the window
name: dallas-1   # as on its label
ha:
  primary: true
  keyFile: /etc/understudy/ha.key
  port: 7112     # opened in the firewall
  peers:
    - { name: dallas-2, addresses: [10.98.0.2] }
virtualRouters:
  # for the clients
  - name: lan
    interface: eth0
    vrid: 51
    addresses: [10.99.0.100/24]
    priority: 140    # mine
  - { name: wan, interface: eth1, vrid: 52, addresses: [192.0.2.1/24], unicastPeers: [192.0.2.9] }
`;

const theirs = (text: string): SharedDocument => sharedOf(parse(text));
const host = { hostName: () => 'box-1', fileExists: () => true };

function merged(text: string, wanted: SharedDocument): string {
  const result = mergeShared(text, wanted);
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual([...sharedOf(parse(result.text))], [...wanted]);
  assert.deepEqual([...result.unknown], []);
  return result.text;
}

const changed = (
  entries: Record<string, unknown>,
  without: readonly string[] = [],
): SharedDocument =>
  sorted(
    [...theirs(MINE), ...(Object.entries(entries) as [string, string][])].filter(
      ([name]) => !without.includes(name),
    ),
  );

describe('a merge', () => {
  it('of what is there already changes no byte', () => {
    assert.equal(merged(MINE, theirs(MINE)), MINE);
  });

  it('of plain settings leaves every other byte, and every comment, alone', () => {
    const text = merged(MINE, changed({ 'ha.port': 7113, 'ha.mode': 'active-active' }));
    const expected = MINE.replace('port: 7112 ', 'port: 7113 ').replace(
      '    - { name: dallas-2, addresses: [10.98.0.2] }\n',
      '    - { name: dallas-2, addresses: [10.98.0.2] }\n  mode: active-active\n',
    );
    assert.equal(text, expected);
  });

  it('of a setting that the other has at its default writes the default, and keeps the comment', () => {
    const mine = MINE.replace('port: 7112 ', 'port: 7999 ');
    assert.equal(merged(mine, theirs(MINE)), MINE);
  });

  it('of plain settings of an item, too', () => {
    const wanted = changed({
      'virtualRouters[lan].vrid': 61,
      'virtualRouters[wan].addresses': ['192.0.2.1/24', 'fe80::1/64'],
      'virtualRouters[lan].interface': 'eth7',
    });
    const expected = MINE.replace('vrid: 51', 'vrid: 61')
      .replace('[192.0.2.1/24]', '[192.0.2.1/24, "fe80::1/64"]')
      .replace('eth0', 'eth7');
    assert.equal(merged(MINE, wanted), expected);
  });

  it('of items of lists keeps comments, and what is own in each', () => {
    const text = merged(
      MINE,
      changed({
        'virtualRouters[lan].vrid': 61,
        'virtualRouters[lan].addresses': ['10.99.0.7/24'],
      }),
    );
    for (const comment of [
      '# the appliance at the window',
      '# as on its label',
      '# opened in the firewall',
      '# for the clients',
      '# mine',
    ]) {
      assert.ok(text.includes(comment), comment);
    }
    assert.deepEqual([...ownOf(parse(text))], [...ownOf(parse(MINE))]);
  });

  it('adds items, takes items away with what is own in them, and keeps the others', () => {
    const other = theirs(
      `virtualRouters:
  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24] }
  - { name: dmz, interface: eth2, vrid: 53, addresses: [172.16.0.1/24] }
checks:
  - { name: w, type: http, url: 'http://h/', expectHeader: { name: Age, value: '1' } }
`,
    );
    const text = merged(MINE, other);
    const own = ownOf(parse(text));
    assert.equal(own.get('virtualRouters[lan].priority'), 140);
    assert.equal(own.has('virtualRouters[wan].unicastPeers'), false);
    // And back again.
    const back = merged(text, theirs(MINE));
    assert.equal(ownOf(parse(back)).get('name'), 'dallas-1');
    assert.ok(back.includes('# mine'));
  });

  it('of a virtual router under another name keeps its own settings: the VRID tells which it is', () => {
    const renamed = sorted(
      [...theirs(MINE)].map(
        ([name, value]) => [name.replace('[wan]', '[outside]'), value] as const,
      ),
    );
    const text = merged(MINE, renamed);
    assert.deepEqual(ownOf(parse(text)).get('virtualRouters[outside].unicastPeers'), ['192.0.2.9']);
  });

  it('takes a part away that is no longer set, and a section of a check that is empty then', () => {
    const mine = `virtualRouters: [{ name: l, interface: e, vrid: 1, addresses: [10.0.0.1/8], preempt: true }]
checks:
  - { name: w, type: http, url: 'http://h/', expectHeader: { name: Age } }
`;
    const wanted = sorted(
      [...theirs(mine)].filter(
        ([name]) => !name.endsWith('preempt') && !name.includes('expectHeader'),
      ),
    );
    const text = merged(mine, wanted);
    assert.ok(!text.includes('expectHeader'));
    assert.ok(parseSettings(text, 'f', host).ok);
  });

  it('fills a section whose key stands alone', () => {
    const mine = `${MINE}linkMonitoring:\n`;
    merged(mine, changed({ 'linkMonitoring.pairs': [['eth1', 'eth2']] }));
  });

  it('keeps the line ends of the file', () => {
    const text = merged(MINE.replaceAll('\n', '\r\n'), changed({ 'virtualRouters[lan].vrid': 61 }));
    assert.equal(text.replaceAll('\r\n', '').includes('\n'), false);
  });

  it('hands settings of a later release back, and writes the others', () => {
    const result = mergeShared(
      MINE,
      changed({ 'ha.port': 7113, 'later.thing': [1], 'ha.primary': false }),
    );
    assert.ok(result.ok);
    assert.deepEqual(
      [...result.unknown],
      [
        ['ha.primary', false],
        ['later.thing', [1]],
      ],
    );
    assert.equal(parse(result.text).ha.primary, true);
    assert.equal(parse(result.text).ha.port, 7113);
  });

  it('is refused where an alias would change other settings too', () => {
    const mine = `x: &x { name: l, interface: e, vrid: 1, addresses: [10.0.0.1/8] }
virtualRouters: [*x]
`;
    const wanted = sorted(
      [...theirs(mine)].map(([name, value]) => [name, name.endsWith('vrid') ? 2 : value] as const),
    );
    const result = mergeShared(mine, wanted);
    assert.equal(result.ok ? '' : result.errors[0]?.code, 'not-editable');
  });

  it('of a file that is no settings file tells its errors', () => {
    for (const text of ['a: [', 'a: 1\na: 2', '']) {
      const result = mergeShared(text, theirs(MINE));
      assert.ok(!result.ok && result.errors.length > 0, text);
    }
  });
});

describe('for all pairs of files', () => {
  const name = fc.constantFrom('lan', 'wan', 'dmz', 'a.b');
  const router = fc.record(
    {
      name,
      interface: fc.constantFrom('eth0', 'eth1'),
      vrid: fc.integer({ min: 1, max: 4 }),
      addresses: fc.constantFrom(['10.0.0.1/8'], ['fe80::1/64', '2001:db8::1/64']),
      advertisementIntervalMs: fc.constantFrom(100, 1000),
      preempt: fc.boolean(),
      priority: fc.integer({ min: 1, max: 254 }),
    },
    { requiredKeys: ['name', 'interface', 'vrid', 'addresses'], noNullPrototype: true },
  );
  const file = fc.record(
    {
      name: fc.constantFrom('a', 'b'),
      ha: fc.record(
        { port: fc.constantFrom(7112, 7113), primary: fc.boolean(), preempt: fc.boolean() },
        { requiredKeys: [], noNullPrototype: true },
      ),
      linkMonitoring: fc.record(
        { pairs: fc.constantFrom([], [['x', 'y']]) },
        { requiredKeys: [], noNullPrototype: true },
      ),
      checks: fc.uniqueArray(
        fc.record(
          {
            name,
            type: fc.constant('tcp'),
            host: fc.constant('h'),
            port: fc.integer({ min: 1, max: 3 }),
          },
          { noNullPrototype: true },
        ),
        { selector: (one) => one.name, maxLength: 3 },
      ),
      virtualRouters: fc.uniqueArray(router, {
        selector: (one) => one.name,
        minLength: 1,
        maxLength: 3,
      }),
    },
    { requiredKeys: ['virtualRouters'], noNullPrototype: true },
  );

  it('what is shared is theirs afterwards, and what is own is as it was', () => {
    fc.assert(
      fc.property(file, file, fc.boolean(), (mine, other, flow) => {
        const text = stringify(mine, {
          collectionStyle: flow ? 'flow' : 'block',
          aliasDuplicateObjects: false,
        });
        const result = mergeShared(text, sharedOf(other));
        assert.ok(result.ok, JSON.stringify(result));
        assert.deepEqual([...sharedOf(parse(result.text))], [...sharedOf(other)]);
        const own = ownOf(parse(result.text));
        for (const [setting, value] of ownOf(mine)) {
          if (!setting.startsWith('virtualRouters')) assert.deepEqual(own.get(setting), value);
        }
      }),
      { numRuns: 300 },
    );
  });
});
