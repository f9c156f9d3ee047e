// Several settings changed at once: which of them the page may change, that every other byte stays, and that a file which
// has changed meanwhile is left alone.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChangeOutcome, ChangeRequest } from '../../src/config/change.js';
import { loadSettings } from '../../src/config/load.js';
import { onPage, parsePath } from '../../src/config/on-page.js';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { everySetting } from './settings-page.js';
import { changeSettings } from './change-settings.js';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-change-'));
  file = join(folder, 'understudy.yaml');
  writeFileSync(file, FILE);
});
afterEach(() => rmSync(folder, { recursive: true }));

const FILE = `# The settings of dallas-1
name: dallas-1   # its name
ha:
  peerCheckIntervalMs:  100   # odd spacing stays
  primary: true
virtualRouters:   # all of them
  - name: lan
    interface: eth0
    vrid: 51
    addresses:
      - 10.99.0.100/24   # the one
  - { name: lan6, interface: eth0, vrid: 51, addresses: [ fe80::64/64 ] }
checks:
  - name: upcheck
    type: script
    command: [/usr/local/bin/upcheck]
# the end
`;

const base = (): string => {
  const loaded = loadSettings(file);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.digest;
};

const change = (
  changes: Readonly<Record<string, ChangeRequest['changes'][number]['value']>>,
  more: Partial<ChangeRequest> = {},
): Promise<ChangeOutcome> =>
  changeSettings(file, {
    base: base(),
    apply: true,
    changes: Object.entries(changes).map(([path, value]) => ({ path, value })),
    ...more,
  });

const codesOf = (outcome: ChangeOutcome): string[] =>
  outcome.ok ? [] : outcome.errors.map(({ code, path }) => `${code} ${path}`);

describe('changeSettings', () => {
  it('changes what it is told at once, and no other byte', async () => {
    const outcome = await change({
      'ha.peerCheckIntervalMs': 200,
      'ha.port': 7113,
      'ha.mode': 'off',
      'virtualRouters[0].addresses': ['10.99.0.100/24', '10.99.0.101/24'],
      'virtualRouters[1].vrid': 52,
      'virtualRouters[1].priority': 150,
      'linkMonitoring.pairs': [['eth1', 'eth2']],
      'checks[0].weight': 20,
    });
    assert.ok(outcome.ok, JSON.stringify(outcome));
    assert.deepEqual(
      outcome.changes.map(({ setting, from, to }) => [setting, from, to]),
      [
        ['mode', 'active-passive', 'off'],
        ['ha-port', 7112, 7113],
        ['peer-check-interval', 100, 200],
        ['virtualRouters[lan].addresses', '10.99.0.100/24', '10.99.0.100/24 10.99.0.101/24'],
        ['virtualRouters[lan6].vrid', 51, 52],
        ['virtualRouters[lan6].priority', 200, 150],
        ['linkMonitoring.pairs', '', 'eth1+eth2'],
        ['checks[upcheck].weight', null, 20],
      ],
    );
    const text = FILE.replace('100   # odd', '200   # odd')
      .replace('  primary: true\n', '  primary: true\n  port: 7113\n  mode: off\n')
      .replace('# the one\n', '# the one\n      - "10.99.0.101/24"\n')
      .replace(
        'vrid: 51, addresses: [ fe80::64/64 ] ',
        'vrid: 52, addresses: [ fe80::64/64 ], priority: 150 ',
      )
      .replace('bin/upcheck]\n', 'bin/upcheck]\n    weight: 20\n');
    assert.equal(readFileSync(file, 'utf8'), `${text}linkMonitoring:\n  pairs: [[eth1, eth2]]\n`);
  });

  it('of a list in lines changes the lines of what differs, with their comments, and no other one', async () => {
    const lines = [
      ['10.99.0.100/24', '   # the one'],
      ['10.99.0.101/24', ' # the second'],
      ['10.99.0.102/24', '   # the third'],
      ['10.99.0.103/24', ' # the last'],
    ] as const;
    const textOf = (items: readonly (readonly [string, string])[]): string =>
      FILE.replace(
        '      - 10.99.0.100/24   # the one\n',
        items.map(([address, comment]) => `      - ${address}${comment}\n`).join(''),
      );
    const [one, two, three, four] = lines;
    const fresh = ['"10.99.0.9/24"', ''] as const;
    for (const [wanted, text] of [
      [
        [0, 1, 2],
        [one, two, three],
      ],
      [
        [1, 2, 3],
        [two, three, four],
      ],
      [
        [0, 3],
        [one, four],
      ],
      [
        [0, 1, 2, 3, 9],
        [one, two, three, four, fresh],
      ],
      [
        [1, 3, 9],
        [two, four, fresh],
      ],
      [
        [0, 9, 1, 2, 3],
        [one, fresh, two, three, four],
      ],
      // In the place of another one: its line.
      [
        [9, 1, 2, 3],
        [[fresh[0], one[1]], two, three, four],
      ],
    ] as const) {
      writeFileSync(file, textOf(lines));
      const addresses = wanted.map((last) =>
        last === 9 ? '10.99.0.9/24' : `10.99.0.10${last}/24`,
      );
      const outcome = await change({ 'virtualRouters[0].addresses': addresses });
      assert.ok(outcome.ok, JSON.stringify(outcome));
      assert.equal(readFileSync(file, 'utf8'), textOf(text), addresses.join());
    }
  });

  it('of pairs in lines, too; what cannot be done so goes into one line', async () => {
    const pairs =
      'linkMonitoring:\n  pairs:\n    - [eth1, eth2] # left\n    - [eth3, eth4] # right\n';
    writeFileSync(file, `${FILE}${pairs}`);
    const right = { 'linkMonitoring.pairs': [['eth3', 'eth5']] };
    assert.ok((await change(right)).ok);
    assert.equal(
      readFileSync(file, 'utf8'),
      `${FILE}linkMonitoring:\n  pairs:\n    - [eth3, eth5] # left\n`,
    );
    const first = {
      'linkMonitoring.pairs': [
        ['eth1', 'eth2'],
        ['eth3', 'eth5'],
      ],
    };
    assert.ok((await change(first)).ok);
    assert.equal(
      readFileSync(file, 'utf8'),
      `${FILE}linkMonitoring:\n  pairs: [[eth1, eth2], [eth3, eth5]] # left\n`,
    );
  });

  it('says what it would do, with the netlink scripts that differ, and does nothing', async () => {
    const outcome = await change(
      { 'virtualRouters[0].addresses': ['10.99.0.101/24'] },
      { apply: false },
    );
    assert.ok(outcome.ok && !outcome.applied);
    const [plan] = outcome.plan;
    assert.equal(plan?.virtualRouter, 'lan');
    assert.match(plan.takeover.join('\n'), /^- .*10\.99\.0\.100\/24.*\n\+ .*10\.99\.0\.101\/24/);
    assert.equal(readFileSync(file, 'utf8'), FILE);
  });

  it('changes nothing when one of them is refused, in the words of check', async () => {
    const wrong = await change({
      'ha.port': 7113,
      'ha.peerCheckIntervalMs': 5,
      'ha.peerFailureThreshold': 'three',
      'virtualRouters[0].addresses': ['10.99.0.100'],
    });
    assert.deepEqual(codesOf(wrong), [
      'out-of-range ha.peerCheckIntervalMs',
      'wrong-type ha.peerFailureThreshold',
      'missing-prefix virtualRouters[0].addresses[0]',
    ]);
    assert.equal(readFileSync(file, 'utf8'), FILE);
    writeFileSync(file, FILE.replace('100   # odd', '5   # odd'));
    const checked = loadSettings(file);
    assert.ok(!checked.ok && !wrong.ok);
    const [{ line: _, column: __, ...first } = { line: 0 }] = wrong.errors;
    const [{ line: ___, column: ____, ...said } = { line: 0 }] = checked.errors;
    assert.deepEqual(first, said);
  });

  it('leaves a file alone that has changed meanwhile, and says what is in it', async () => {
    const seen = base();
    writeFileSync(file, FILE.replace('100   # odd', '300   # odd'));
    const outcome = await change({ 'ha.port': 7113 }, { base: seen });
    assert.deepEqual(codesOf(outcome), ['changed-meanwhile ']);
    assert.ok(!outcome.ok && outcome.now !== undefined);
    const now = outcome.now.settings.find(({ setting }) => setting === 'peer-check-interval');
    assert.equal(now?.value, 300);
    assert.equal(outcome.now.digest, base());
    assert.match(readFileSync(file, 'utf8'), /300 {3}# odd/);
  });

  it('begins a section of an item that has none', async () => {
    const check = (more: string): string =>
      FILE.replace('# the end\n', `  - name: web\n    type: http\n    url: "http://a/"\n${more}`);
    writeFileSync(file, check(''));
    const outcome = await change({
      'checks[1].expectHeader.name': 'Server',
      'checks[1].expectHeader.value': 'x',
      'checks[1].expectStatus.maximum': 399,
    });
    assert.ok(outcome.ok, JSON.stringify(outcome));
    assert.equal(
      readFileSync(file, 'utf8'),
      check('    expectHeader: { name: Server, value: x }\n    expectStatus: { maximum: 399 }\n'),
    );
  });

  it('refuses what names a program, a file, a secret or another thing than a setting', async () => {
    for (const path of [
      'checks[0].command',
      'checks[0].name',
      'hooks.transition',
      'vip.script',
      'ha.keyFile',
      'ha.peers',
      'console.listen',
      'metrics.textfile',
      'runtimeDirectory',
      'name',
      'virtualRouters',
      'virtualRouters[0]',
      'virtualRouters[0].addresses[0]',
      'ha.peers[0]',
      'ha.peers[0].name',
      '__proto__.x',
      'ha.constructor',
      'ha.port; rm',
    ]) {
      assert.deepEqual(
        codesOf(await change({ [path]: '/bin/sh' })),
        [`not-settable ${path}`],
        path,
      );
    }
    assert.equal(readFileSync(file, 'utf8'), FILE);
  });

  it('refuses a place where other settings would change too', async () => {
    writeFileSync(
      file,
      FILE.replace('vrid: 51\n', 'vrid: &id 51\n').replace('vrid: 51,', 'vrid: *id,'),
    );
    for (const path of ['virtualRouters[0].vrid', 'virtualRouters[1].vrid']) {
      assert.deepEqual(codesOf(await change({ [path]: 52 })), [`not-editable ${path}`]);
    }
  });

  it('writes texts that YAML would take for something else so that they stay texts', async () => {
    const check = '  - { name: web, type: http, url: "http://a/" }\n';
    writeFileSync(file, FILE.replace('# the end\n', check));
    const strange = 'http://a/?q=1#x: {y}, [z] "w"';
    const outcome = await change({ 'checks[1].url': strange, 'checks[1].expectBody': 'true' });
    assert.ok(outcome.ok, JSON.stringify(outcome));
    const loaded = loadSettings(file);
    assert.ok(loaded.ok);
    const { kind } = loaded.settings.monitors.checks[1] ?? {};
    assert.deepEqual(kind?.type === 'http' && [kind.url, kind.expectBody], [strange, 'true']);
  });
});

describe('the settings of the page', () => {
  it('are all fields of the appliance, and nothing that names a program, a file or a secret', () => {
    for (const { path, schema } of everySetting()) {
      const at = parsePath(path.replaceAll('[]', '[0]'));
      assert.ok(at !== null, path);
      if (schema.page !== undefined) assert.ok(onPage(at), path);
      if (schema.names !== undefined && schema.names !== 'interface') assert.ok(!onPage(at), path);
    }
  });
});
