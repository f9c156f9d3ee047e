// A settings file in which one place is an alias of another, or is merged into it: each means what it would mean written
// out, and a change of one never changes the other.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { ChangeRequest } from '../../src/config/change.js';
import { parseSettings } from '../../src/config/load.js';
import { changeSetting } from '../../src/config/save.js';
import { MOST_COPIES, unshared } from '../../src/config/unshared.js';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { changeSettings } from './change-settings.js';

const ROUTERS = `virtualRouters:
  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24] }
`;

const SECTIONS = `linkMonitoring: &times { intervalMs: 700 }
gatewayMonitoring: *times
${ROUTERS}`;

const MERGED = `linkMonitoring: &times { intervalMs: 700 }
gatewayMonitoring: { <<: *times, failureThreshold: 5 }
${ROUTERS}`;

const FILES: Readonly<Record<string, string>> = {
  'a section that is another one': SECTIONS,
  'a section merged into another one': MERGED,
  'every section that may be empty, as one': `linkMonitoring: &none {}
gatewayMonitoring: *none
bandwidthMonitoring: *none
ha: *none
vip: *none
realtime: *none
hooks: *none
metrics: *none
console: *none
${ROUTERS}`,
  'a router that is merged into another one, and its addresses': `virtualRouters:
  - &lan { name: lan, interface: eth0, vrid: 51, addresses: &own [10.99.0.100/24], unicastPeers: &peers [10.99.0.2] }
  - { <<: *lan, name: guest, interface: eth1, addresses: [10.98.0.100/24], unicastPeers: *peers }
`,
  'a whole router twice': `virtualRouters:
  - &lan { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24] }
  - *lan
`,
  'a router that is a check': `virtualRouters:
  - &lan { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24] }
checks: [*lan]
`,
  'what is wrong in both, and in one of them by its place': `linkMonitoring: &times { intervalMs: 1, pairs: [[a, b]] }
gatewayMonitoring: *times
${ROUTERS}`,
  'checks with one range of answers': `checks:
  - { name: a, type: http, url: "http://a/", expectStatus: &ok { minimum: 204 } }
  - { name: b, type: http, url: "http://b/", expectStatus: *ok }
${ROUTERS}`,
};

const READ = { merge: true } as const;

describe('aliases and merges', () => {
  for (const [title, text] of Object.entries(FILES)) {
    it(`mean what they would mean written out: ${title}`, () => {
      // JSON has no aliases.
      const plain = parseSettings(JSON.stringify(parse(text, READ)), 'f');
      const found = parseSettings(text, 'f');
      assert.equal(found.ok, plain.ok);
      if (found.ok && plain.ok) {
        assert.deepEqual(found.settings, plain.settings);
        assert.deepEqual(found.listed, plain.listed);
      }
      if (!found.ok && !plain.ok) {
        const told = (errors: typeof found.errors): string[] =>
          errors.map(({ path, code, found: what }) => `${path} ${code} ${what}`).sort();
        assert.deepEqual(told(found.errors), told(plain.errors));
      }
    });
  }

  it('of what is in order are accepted', () => {
    for (const text of Object.values(FILES).slice(0, 4)) {
      const result = parseSettings(text, 'f');
      assert.ok(result.ok, JSON.stringify(result));
    }
  });

  it('that stand for more values than settings have are one error', () => {
    const many = Array.from({ length: 500 }, () => '*a').join(', ');
    const text = `a: &a [${Array.from({ length: 500 }, () => 1).join(', ')}]\nb: [${many}]\n`;
    const result = parseSettings(text, 'f');
    assert.ok(!result.ok);
    assert.deepEqual(
      result.errors.map(({ code, expected }) => `${code}: ${expected}`),
      [`too-large: aliases that stand for at most ${MOST_COPIES} values altogether`],
    );
  });
});

describe('unshared', () => {
  it('makes a copy for each place, and counts what it copies, not what is written', () => {
    const one = { a: [1, 2] };
    const result = unshared([one, one, one.a], 8)?.value as [typeof one, typeof one, number[]];
    assert.deepEqual(result, [one, one, one.a]);
    assert.notEqual(result[0], result[1]);
    assert.notEqual(result[0].a, result[1].a);
    assert.notEqual(result[2], one.a);
    assert.equal(unshared([one, one, one.a], 7), null);
    const plain = Array.from({ length: 100 }, (_, index) => [index]);
    assert.deepEqual(unshared(plain, 0)?.value, plain);
  });

  it('comes to an end with what contains itself, and keeps a key that inherits', () => {
    const loop: unknown[] = [];
    loop.push(loop);
    const copy = unshared(loop)?.value as unknown[];
    assert.equal(copy[0], copy);
    const strange: unknown = JSON.parse('{"__proto__": {"polluted": true}}');
    assert.deepEqual(unshared(strange)?.value, strange);
  });
});

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-aliases-'));
  file = join(folder, 'understudy.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What the file itself says: a default may follow another setting. */
const listedOf = (text: string): Map<string, unknown> => {
  const result = parseSettings(text, file);
  assert.ok(result.ok, JSON.stringify(result));
  const said = result.listed.filter(({ source }) => source === 'file');
  return new Map(said.map(({ name, value }) => [name, value]));
};

/** The names of the settings whose value is another one. */
const differing = (before: string, after: string): string[] => {
  const [old, now] = [listedOf(before), listedOf(after)];
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].filter(
    (name) => JSON.stringify(old.get(name)) !== JSON.stringify(now.get(name)),
  );
};

const SET: readonly (readonly [
  text: string,
  setting: string,
  value: string,
  kept: string | null,
])[] = [
  // Where it is named, and where it is: the other place would change, or the alias would be lost.
  [SECTIONS, 'link-monitoring-interval', '800', null],
  [SECTIONS, 'gateway-monitoring-interval', '800', null],
  [MERGED, 'link-monitoring-interval', '800', null],
  [MERGED, 'gateway-monitoring-interval', '800', '<<: *times'],
  [`ha:\n  primary: &yes true\n  preempt: *yes\n${ROUTERS}`, 'preempt', 'off', '&yes true'],
  [`ha:\n  primary: &yes true\n  preempt: *yes\n${ROUTERS}`, 'primary', 'off', null],
];

describe('a setting in a file with aliases', () => {
  for (const [text, setting, value, kept] of SET) {
    it(`${setting} in ${JSON.stringify(text.slice(0, 60))}: it alone, or nothing and an error`, async () => {
      writeFileSync(file, text);
      const outcome = await changeSetting(file, setting, value);
      const now = readFileSync(file, 'utf8');
      if (kept === null) {
        assert.equal(outcome.ok ? 'done' : outcome.errors[0]?.code, 'not-editable');
        assert.equal(now, text);
      } else {
        assert.ok(outcome.ok, JSON.stringify(outcome));
        assert.deepEqual(differing(text, now), [setting]);
        assert.ok(now.includes(kept), now);
      }
    });
  }

  it('is changed by the page in the same way', async () => {
    const change = async (text: string, path: string, value: number) => {
      writeFileSync(file, text);
      const loaded = parseSettings(text, file);
      assert.ok(loaded.ok);
      const request: ChangeRequest = {
        base: loaded.digest,
        apply: true,
        changes: [{ path, value }],
      };
      return changeSettings(file, request);
    };
    for (const section of ['linkMonitoring', 'gatewayMonitoring']) {
      const outcome = await change(SECTIONS, `${section}.intervalMs`, 800);
      assert.equal(outcome.ok ? 'done' : outcome.errors[0]?.code, 'not-editable', section);
      assert.equal(readFileSync(file, 'utf8'), SECTIONS);
    }
    const outcome = await change(MERGED, 'gatewayMonitoring.intervalMs', 800);
    assert.ok(outcome.ok, JSON.stringify(outcome));
    assert.deepEqual(
      outcome.changes.map(({ setting }) => setting),
      ['gateway-monitoring-interval'],
    );
    assert.deepEqual(differing(MERGED, readFileSync(file, 'utf8')), [
      'gateway-monitoring-interval',
    ]);
  });
});
