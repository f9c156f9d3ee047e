// Virtual routers and checks that a change adds and removes: that every other byte stays, whatever form the list has, and
// what is refused.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChangeOutcome, ChangeRequest } from '../../src/config/change.js';
import { loadSettings } from '../../src/config/load.js';
import type { PlainValue } from '../../src/config/plain-value.js';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { changeSettings } from './change-settings.js';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-rows-'));
  file = join(folder, 'understudy.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));

type Values = Readonly<Record<string, PlainValue>>;

const change = (
  text: string,
  values: Values,
  remove: readonly string[] = [],
): Promise<ChangeOutcome> => {
  writeFileSync(file, text);
  const loaded = loadSettings(file);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const changes: ChangeRequest['changes'] = Object.entries(values).map(([path, value]) => ({
    path,
    value,
  }));
  return changeSettings(file, { base: loaded.digest, apply: true, changes, remove });
};

const codesOf = (outcome: ChangeOutcome): string[] =>
  outcome.ok ? [] : outcome.errors.map(({ code, path }) => `${code} ${path}`);

const LAN = 'name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24]';
const GUEST = 'name: guest, interface: eth1, vrid: 52, addresses: [10.98.0.100/24]';

const guest = (at = 'virtualRouters[1]'): Values => ({
  [`${at}.name`]: 'guest',
  [`${at}.interface`]: 'eth1',
  [`${at}.vrid`]: 52,
  [`${at}.addresses`]: ['10.98.0.100/24'],
});

const WRITTEN = '{ name: guest, interface: eth1, vrid: 52, addresses: ["10.98.0.100/24"] }';

const BLOCK = `name: dallas-1
virtualRouters:   # all of them
  # the first
  - name: lan      # its name
    interface: eth0
    vrid: 51
    addresses:
      - 10.99.0.100/24   # the one
# what else must work
checks:
  - { name: up, type: tcp, host: 127.0.0.1, port: 80 }  # the web
ha: { port: 7113 }
# the end`;

describe('a new virtual router', () => {
  const forms: Readonly<Record<string, readonly [text: string, after: string]>> = {
    'a list, one item a line': [
      `virtualRouters:\n  - { ${LAN} }  # it\nha: { port: 7113 }\n`,
      `virtualRouters:\n  - { ${LAN} }  # it\n  - ${WRITTEN}\nha: { port: 7113 }\n`,
    ],
    'a list that is not indented': [
      `virtualRouters:\n- { ${LAN} }\n`,
      `virtualRouters:\n- { ${LAN} }\n- ${WRITTEN}\n`,
    ],
    'a list of mappings': [BLOCK, BLOCK.replace('# the one\n', `# the one\n  - ${WRITTEN}\n`)],
    'a list in brackets': [
      `virtualRouters: [{ ${LAN} }]  # it\n`,
      `virtualRouters: [{ ${LAN} }, ${WRITTEN}]  # it\n`,
    ],
    'Windows line ends': [
      `virtualRouters:\r\n  - { ${LAN} }\r\nha: { port: 7113 }\r\n`,
      `virtualRouters:\r\n  - { ${LAN} }\r\n  - ${WRITTEN}\r\nha: { port: 7113 }\r\n`,
    ],
    JSON: [
      '{"virtualRouters":[{"name":"lan","interface":"eth0","vrid":51,"addresses":["10.99.0.100/24"]}]}',
      '{"virtualRouters":[{"name":"lan","interface":"eth0","vrid":51,"addresses":["10.99.0.100/24"]}, {"name":"guest","interface":"eth1","vrid":52,"addresses":["10.98.0.100/24"]}]}',
    ],
  };
  for (const [form, [text, after]] of Object.entries(forms)) {
    it(`stands behind the others, and no other byte differs: ${form}`, async () => {
      const outcome = await change(text, guest());
      assert.ok(outcome.ok, JSON.stringify(outcome));
      assert.equal(readFileSync(file, 'utf8'), after);
      const named = outcome.changes.find(({ setting }) => setting === 'virtualRouters[guest].vrid');
      assert.deepEqual([named?.from, named?.to], [null, 52]);
      assert.deepEqual(
        outcome.plan.map(({ virtualRouter }) => virtualRouter),
        ['guest'],
      );
    });
  }

  it('and another one with it, and settings of those that stand, as one', async () => {
    const outcome = await change(BLOCK, {
      ...guest(),
      ...guest('virtualRouters[2]'),
      'virtualRouters[2].name': 'third',
      'virtualRouters[2].vrid': 53,
      'virtualRouters[2].addresses': ['10.97.0.100/24'],
      'virtualRouters[0].vrid': 50,
    });
    assert.ok(outcome.ok, JSON.stringify(outcome));
    const loaded = loadSettings(file);
    assert.ok(loaded.ok);
    assert.deepEqual(
      loaded.settings.virtualRouters.map(({ name, vrid }) => [name, vrid]),
      [
        ['lan', 50],
        ['guest', 52],
        ['third', 53],
      ],
    );
  });

  it('that is not whole is refused in the words of check, at its place', async () => {
    const outcome = await change(BLOCK, {
      'virtualRouters[1].name': 'guest',
      'virtualRouters[1].vrid': 500,
    });
    assert.deepEqual(codesOf(outcome).sort(), [
      'missing-setting virtualRouters[1].addresses',
      'missing-setting virtualRouters[1].interface',
      'out-of-range virtualRouters[1].vrid',
    ]);
    assert.equal(readFileSync(file, 'utf8'), BLOCK);
  });
});

describe('a new check', () => {
  const CHECK: Values = {
    'checks[0].name': 'web',
    'checks[0].type': 'http',
    'checks[0].url': 'http://127.0.0.1/',
    'checks[0].expectStatus.minimum': 200,
    'checks[0].expectStatus.maximum': 204,
  };
  const written =
    '{ name: web, type: http, url: "http://127.0.0.1/", expectStatus: { minimum: 200, maximum: 204 } }';
  const forms: Readonly<Record<string, readonly [text: string, after: string]>> = {
    'no section': [
      `virtualRouters: [{ ${LAN} }]\n`,
      `virtualRouters: [{ ${LAN} }]\nchecks:\n  - ${written}\n`,
    ],
    'an empty list': [
      `checks: []  # none\nvirtualRouters: [{ ${LAN} }]\n`,
      `checks: [${written}]  # none\nvirtualRouters: [{ ${LAN} }]\n`,
    ],
  };
  for (const [form, [text, after]] of Object.entries(forms)) {
    it(`finds its place: ${form}`, async () => {
      const outcome = await change(text, CHECK);
      assert.ok(outcome.ok, JSON.stringify(outcome));
      assert.equal(readFileSync(file, 'utf8'), after);
    });
  }

  it('runs no program', async () => {
    const script = { 'checks[1].name': 'x', 'checks[1].type': 'script' };
    const outcome = await change(BLOCK, { ...script, 'checks[1].command': ['/bin/sh'] });
    assert.deepEqual(codesOf(outcome), ['not-settable checks[1].command']);
    const bare = await change(BLOCK, script);
    assert.deepEqual(codesOf(bare), ['missing-setting checks[1].command']);
    assert.equal(readFileSync(file, 'utf8'), BLOCK);
  });
});

describe('an item that goes', () => {
  const two = `virtualRouters:
  # the first
  - { ${LAN} }   # eth0
  # the second
  - name: guest
    interface: eth1
    vrid: 52
    addresses:
      - 10.98.0.100/24   # the one
# the end
`;
  const forms: Readonly<Record<string, readonly [text: string, which: string, after: string]>> = {
    'the first of a list': [two, 'virtualRouters[0]', two.replace(`  - { ${LAN} }   # eth0\n`, '')],
    'the last of a list': [
      two,
      'virtualRouters[1]',
      two.replace(/ {2}- name: guest\n(?: {4}.*\n)+/, ''),
    ],
    'the only one of a list': [
      BLOCK,
      'checks[0]',
      BLOCK.replace(/checks:\n.*# the web\n/, 'checks: []\n'),
    ],
    'the first in brackets': [
      `virtualRouters: [{ ${LAN} }, { ${GUEST} }]\n`,
      'virtualRouters[0]',
      `virtualRouters: [{ ${GUEST} }]\n`,
    ],
    'the last in brackets': [
      `virtualRouters: [{ ${LAN} }, { ${GUEST} }]\n`,
      'virtualRouters[1]',
      `virtualRouters: [{ ${LAN} }]\n`,
    ],
    'the last line of a file that ends without a line end': [
      `virtualRouters: [{ ${LAN} }]\nchecks:\n- { name: up, type: tcp, host: a, port: 80 }`,
      'checks[0]',
      `virtualRouters: [{ ${LAN} }]\nchecks: []\n`,
    ],
  };
  for (const [form, [text, which, after]] of Object.entries(forms)) {
    it(`leaves every other byte: ${form}`, async () => {
      const outcome = await change(text, {}, [which]);
      assert.ok(outcome.ok, JSON.stringify(outcome));
      assert.equal(readFileSync(file, 'utf8'), after);
      assert.ok(outcome.changes.some(({ to }) => to === null));
    });
  }

  it('is counted before anything is added or removed', async () => {
    const outcome = await change(
      two,
      {
        ...guest('virtualRouters[2]'),
        'virtualRouters[2].name': 'third',
        'virtualRouters[1].vrid': 60,
      },
      ['virtualRouters[0]'],
    );
    assert.deepEqual(codesOf(outcome), ['duplicate-address virtualRouters[1].addresses[0]']);
    const moved = await change(
      two,
      {
        ...guest('virtualRouters[2]'),
        'virtualRouters[2].name': 'third',
        'virtualRouters[2].addresses': ['10.97.0.100/24'],
        'virtualRouters[1].vrid': 60,
      },
      ['virtualRouters[0]'],
    );
    assert.ok(moved.ok, JSON.stringify(moved));
    const loaded = loadSettings(file);
    assert.ok(loaded.ok);
    assert.deepEqual(
      loaded.settings.virtualRouters.map(({ name, vrid }) => [name, vrid]),
      [
        ['guest', 60],
        ['third', 52],
      ],
    );
  });

  it('is not the last virtual router, none that is missing, and nothing else', async () => {
    assert.deepEqual(codesOf(await change(BLOCK, {}, ['virtualRouters[0]'])), [
      'out-of-range virtualRouters',
    ]);
    for (const path of ['virtualRouters[1]', 'checks', 'ha', 'ha.peers[0]', 'checks[0].port', '']) {
      assert.deepEqual(codesOf(await change(BLOCK, {}, [path])), [`not-settable ${path}`]);
    }
    assert.deepEqual(codesOf(await change(BLOCK, guest('virtualRouters[3]'))), [
      'not-settable virtualRouters[3]',
    ]);
    assert.equal(readFileSync(file, 'utf8'), BLOCK);
  });

  it('that others are aliases of stays, and the file as it is', async () => {
    const text = `virtualRouters:
  - &lan { ${LAN} }
  - { <<: *lan, name: guest, vrid: 52, addresses: [10.99.0.101/24] }
`;
    assert.deepEqual(codesOf(await change(text, {}, ['virtualRouters[0]'])), [
      'not-editable virtualRouters[0]',
    ]);
    assert.equal(readFileSync(file, 'utf8'), text);
    const outcome = await change(text, {}, ['virtualRouters[1]']);
    assert.ok(outcome.ok, JSON.stringify(outcome));
  });
});
