// The decoders of text that people and programs write: settings, orders on the control socket, keepalived.conf. Each with
// what must hold whatever it is given. Bytes of the network: targets-wire.ts.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { completeFile, settingsOf } from '../../src/config/defaults.js';
import { checkForm } from '../../src/config/form.js';
import { parseSettings } from '../../src/config/load.js';
import { parsePath } from '../../src/config/on-page.js';
import type { SettingsFile } from '../../src/config/schema.js';
import { checkMeaning } from '../../src/config/validate.js';
import type { ControlHandlers, ErrorAnswer } from '../../src/control/protocol.js';
import { handle } from '../../src/control/requests.js';
import { importKeepalived } from '../../src/import/import.js';
import type { Target } from './fuzz.js';
import { linesChanged } from './mutate.js';
import { same } from './same.js';
import { treeChanged } from './tree.js';
import { address } from '../support/address.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const textOf = (input: Buffer): string => input.toString('utf8');
/** Of a list whose words stand between broken bars. */
const wordsOf = (text: string): Buffer[] => text.split('¦').map((word) => Buffer.from(word));

/** The files below a folder that end so. */
const filesBelow = (folder: string, end: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => join(ROOT, folder, name))
    .toSorted();

// --- settings -----------------------------------------------------------------------------------

const HOST = { hostName: () => 'here', fileExists: () => true };

const SETTINGS_FILES = filesBelow('docs/deployments', '.yaml').map((file) =>
  readFileSync(file).subarray(0, 4_096),
);

interface Complaint {
  readonly expected: string;
  readonly found: string;
  readonly remedy: string;
}

/** Whoever is refused learns what was expected, what was found, and what to do. */
function expectTold(complaints: readonly Complaint[]): void {
  assert(complaints.length > 0, 'refused without an error');
  for (const { expected, found, remedy } of complaints) {
    const told = expected.length > 0 && found.length > 0 && remedy.length > 0;
    assert(told, `an error that says nothing: ${JSON.stringify({ expected, found, remedy })}`);
  }
}

/** The settings as a value: what the YAML of a file, or a change on the page, comes to. */
export const settingsValue: Target = {
  name: 'settings-value',
  slow: true,
  words: [],
  longest: 4_096,
  seeds: SETTINGS_FILES.map((text) => Buffer.from(JSON.stringify(parse(textOf(text))))),
  change: treeChanged,
  take: (input) => {
    let value: unknown;
    try {
      value = JSON.parse(textOf(input));
    } catch {
      return 'no JSON';
    }
    // What has no mapping at its top is refused before: see document.ts.
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'no mapping';
    const { findings, remainder } = checkForm(value);
    const all = [...findings, ...checkMeaning(remainder, 'here')];
    if (all.length > 0) {
      expectTold(all);
      return [...new Set(all.map(({ code }) => code))].slice(0, 3).join();
    }
    const file = completeFile(remainder as SettingsFile, HOST);
    const settings = settingsOf(file);
    // Completed once, nothing is missing: a second time nothing is added.
    const again = settingsOf(completeFile(structuredClone(file) as SettingsFile, HOST));
    if (!same(again, settings)) assert.deepEqual(again, settings);
    return `ok, ${settings.virtualRouters.length} virtual routers`;
  },
};

export const settings: Target = {
  name: 'settings',
  slow: true,
  change: linesChanged,
  words: wordsOf(
    'ha:¦peers: [¦- {¦}¦]¦&a ¦*a¦<<: *a¦!!binary ¦|\n¦>-\n¦"¦\'¦#¦: ¦\n  ¦\t¦\0¦\u2028¦\ufeff¦' +
      '---\n¦...\n¦? ¦null¦~¦true¦yes¦1e9¦0x1F¦.inf¦-1¦10.0.0.1¦fe80::1%eth0¦[::]¦addresses¦' +
      'virtualRouters¦vrid¦checks¦__proto__¦constructor¦toString',
  ),
  longest: 4_096,
  seeds: SETTINGS_FILES,
  take: (input) => {
    const result = parseSettings(textOf(input), 'understudy.yaml', HOST);
    if (result.ok) return `ok, ${result.settings.virtualRouters.length} virtual routers`;
    expectTold(result.errors);
    for (const { line } of result.errors) assert(line === undefined || line >= 1);
    return [...new Set(result.errors.map(({ code }) => code))].slice(0, 3).join();
  },
};

// --- the control socket -------------------------------------------------------------------------

const done = { ok: true, detail: 'done' } as const;
const refused = (): never => assert.fail('not asked for');
/** How often somebody was asked to do something. */
let asked = 0;
const HANDLERS: ControlHandlers = {
  status: refused,
  settings: refused,
  metrics: refused,
  events: refused,
  follow: refused,
  set: async (setting, value) => {
    asked += 1;
    assert(typeof setting === 'string' && typeof value === 'string');
    return { ok: false, file: 'understudy.yaml', errors: [] };
  },
  change: async ({ base, changes }) => {
    asked += 1;
    assert.equal(typeof base, 'string');
    for (const { path } of changes) parsePath(path);
    return { ok: false, file: 'understudy.yaml', errors: [] };
  },
  reload: async () => ({ ok: false, file: 'understudy.yaml', errors: [] }),
  sync: async (order) => {
    asked += 1;
    assert(order.kind !== 'pull' || order.peer.length > 0);
    return { ok: true, detail: 'done' } as never;
  },
  command: async (name, argument) => {
    asked += 1;
    assert.equal(typeof name, 'string');
    assert(argument === undefined || typeof argument === 'string');
    return done;
  },
};

const ORDERS = ['set', 'change', 'command', 'pull', 'push'] as const;

export const control: Target = {
  name: 'control',
  words: wordsOf(
    '{¦}¦[¦]¦"¦:¦,¦null¦true¦1e999¦"command"¦"argument"¦"set"¦"setting"¦"value"¦"failover"¦' +
      '"maintenance"¦"on"¦"__proto__"¦"base"¦"changes"¦"path"¦"apply"¦"virtualRouters[0].vrid"',
  ),
  longest: 1_024,
  seeds: [
    { command: 'failover' },
    { command: 'maintenance', argument: 'on', force: true },
    { command: 'bypass', argument: 'engage' },
    { command: 'flaps', argument: 'clear' },
    { setting: 'ha.mode', value: 'off' },
    { peer: 'there' },
    {},
    {
      base: '0123456789abcdef',
      apply: true,
      remove: ['checks[0]'],
      changes: [
        { path: 'virtualRouters[0].priority', value: 100 },
        { path: 'virtualRouters[0].addresses', value: ['10.0.0.1/24', '10.0.0.2/24'] },
      ],
    },
  ].map((body) => Buffer.from(JSON.stringify(body))),
  change: treeChanged,
  take: async (input) => {
    const body = textOf(input);
    const statuses: number[] = [];
    for (const name of ORDERS) {
      const before = asked;
      const { status, body: answer } = await handle(name, { body, uid: null }, HANDLERS);
      assert([200, 400, 409, 422].includes(status), `${status}`);
      // What was not understood is done by nobody.
      assert.equal(asked - before, status === 400 ? 0 : 1, `${name}: ${status}`);
      if (status !== 200) {
        const { code, message, remedy } = (answer as ErrorAnswer).error;
        assert(code !== '' && message !== '' && remedy !== '', 'a refusal that says nothing');
      }
      statuses.push(status);
    }
    return statuses.join();
  },
};

// --- keepalived.conf ----------------------------------------------------------------------------

const CHOICES = {
  name: 'here',
  primary: true,
  peer: { name: 'there', addresses: [address('192.0.2.2')] },
  hookPath: '/etc/understudy/hook',
};

export const keepalived: Target = {
  name: 'keepalived',
  slow: true,
  change: linesChanged,
  words: wordsOf(
    '{¦}¦\n¦!¦#¦"¦\'¦$A=¦${A}¦${_ENV HOME}¦@here ¦@^here ¦~SEQ(A,1,3) ¦~LST(A,1,2) ¦include ¦' +
      '*¦vrrp_instance ¦vrrp_script ¦track_script¦track_interface¦virtual_ipaddress¦weight -20¦' +
      'advert_int 0.01¦vrrp_sync_group ¦group¦state MASTER¦priority 255¦unicast_peer¦use_vmac',
  ),
  longest: 4_096,
  seeds: filesBelow('test/import/files', '.conf').map((file) =>
    readFileSync(file).subarray(0, 4_096),
  ),
  take: (input) => {
    const text = textOf(input);
    const result = importKeepalived(
      '/etc/keepalived/keepalived.conf',
      {
        read: (path) =>
          path === '/etc/keepalived/keepalived.conf'
            ? { text }
            : { problem: 'there is no such file' },
        glob: () => [],
        configId: 'here',
        environment: { HOME: '/root' },
      },
      CHOICES,
    );
    if (!result.ok) {
      expectTold(result.errors);
      return `refused: ${(result.errors[0]?.expected ?? '').replaceAll(/\d+|"[^"]*"/g, '_').slice(0, 60)}`;
    }
    const written = parseSettings(stringify(result.imported.settings), 'imported.yaml', HOST);
    if (!written.ok)
      assert.fail(`check refuses what was imported: ${JSON.stringify(written.errors[0])}\n${text}`);
    const told = new Set(result.account.map(({ place }) => place.line));
    assert(told.has(1), 'the first line is accounted for');
    for (let line = 1; line <= Math.max(...told); line += 1)
      assert(told.has(line), `line ${line} is not accounted for`);
    return `ok: ${[...new Set(result.account.map(({ verdict }) => verdict))].toSorted().join()}`;
  },
};
