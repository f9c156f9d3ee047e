// The settings file on a real disk while a peer's settings are put into it and taken back: what an operator made of it
// stays as it was made. Which text it is to have: test/sync/merge. Names, modes and owners of any file: test/config/save.
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import type { SettingsError } from '../../src/config/errors.js';
import { LARGEST_FILE_BYTES } from '../../src/config/load.js';
import { makeChange, takeBack, type ChangeTools } from '../../src/sync-service/change.js';
import type { Written } from '../../src/sync-service/exchange.js';
import { Ledger } from '../../src/sync-service/ledger.js';
import { openSettingsFile, sharedIn } from '../../src/sync-service/settings-file.js';
import { openStore } from '../../src/sync-service/store.js';
import { digestOf, sorted, type SharedValue } from '../../src/sync/shared.js';
import { edited } from '../../src/sync/version.js';

const TEXT = `# of this appliance
name: a   # its name
ha: { primary: true, peers: [{ name: b, addresses: [10.98.0.2] }], keyFile: /k }

virtualRouters:
  # for the clients
  - name: lan
    interface: lo
    vrid: 51   # as on the switch
    addresses: [10.99.0.100/24]
    priority: 140
`;

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-files-'));
  path = join(folder, 'understudy.yaml');
});
afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true });
});

interface Made {
  readonly tools: ChangeTools;
  readonly ledger: Ledger;
  /** What a peer has: these shared settings are others there. */
  readonly theirs: (...changes: readonly [string, SharedValue][]) => Written;
}

/** An appliance that runs with the file as it is. */
async function made(text = TEXT): Promise<Made> {
  writeFileSync(path, text);
  return runs();
}

async function runs(): Promise<Made> {
  const file = openSettingsFile(path, () => Promise.resolve([]));
  const state = mkdtempSync(join(tmpdir(), 'understudy-files-state-'));
  const ledger = new Ledger(openStore(join(state, 'sync.json')), 'a');
  ledger.load();
  const shared = sharedIn(file.read().text);
  await ledger.edit(shared, null);
  const tools: ChangeTools = {
    file,
    ledger,
    apply: () => Promise.resolve([]),
    keepGood: () => Promise.resolve(),
  };
  const theirs: Made['theirs'] = (...changes) => {
    const document = sorted(new Map([...shared, ...changes]));
    const lineage = edited(ledger.written.lineage, 'b', digestOf(document));
    return { lineage, document };
  };
  return { tools, ledger, theirs };
}

const VRID = 'virtualRouters[lan].vrid';

const whole = (): string => readFileSync(path, 'utf8');

async function back({ tools, ledger }: Made): Promise<readonly SettingsError[]> {
  const { pending } = ledger;
  assert.ok(pending, 'a change that can be taken back');
  return takeBack(tools, pending);
}

describe('a settings file that takes a change of a peer, and gives it back', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['with comments, and lines as somebody set them', TEXT],
    ['with CRLF', TEXT.replaceAll('\n', '\r\n')],
    ['with a byte order mark', `\ufeff${TEXT}`],
    ['without a last line end', TEXT.trimEnd()],
    [
      'in JSON',
      `${JSON.stringify({ name: 'a', virtualRouters: [{ name: 'lan', interface: 'lo', vrid: 51, addresses: ['10.99.0.100/24'] }] })}\n`,
    ],
  ];
  for (const [what, text] of cases) {
    it(`${what}: nothing else is another byte`, async () => {
      const one = await made(text);
      assert.deepEqual(await makeChange(one.tools, one.theirs([VRID, 52]), 'b'), []);
      assert.equal(whole(), text.replace(/(vrid"?: ?)51/, '$152'));
      assert.deepEqual(await back(one), []);
      assert.equal(whole(), text);
    });
  }

  it('keeps every comment where more than a value changes', async () => {
    const one = await made();
    const router = (name: string): [string, SharedValue][] => [
      [`virtualRouters[${name}].interface`, 'lo'],
      [`virtualRouters[${name}].vrid`, 53],
      [`virtualRouters[${name}].addresses`, ['10.99.0.7/24']],
    ];
    const theirs = one.theirs([VRID, 52], ...router('dmz'));
    assert.deepEqual(await makeChange(one.tools, theirs, 'b'), []);
    for (const comment of TEXT.match(/#.*/g) ?? []) assert.ok(whole().includes(comment), comment);
    assert.match(whole(), /priority: 140/);
    assert.deepEqual(await back(one), []);
    assert.equal(whole(), TEXT);
  });

  it('with an anchor that an alias of its own names: refused in plain words, and as it was', async () => {
    const text = TEXT.replace('vrid: 51 ', 'vrid: &number 51 ').replace(
      'priority: 140',
      'priority: *number',
    );
    const one = await made(text);
    const errors = await makeChange(one.tools, one.theirs([VRID, 52]), 'b');
    assert.match(errors[0]?.found ?? '', /an anchor or alias/);
    assert.equal(whole(), text);
    assert.equal(one.ledger.pending, null);
  });

  it('with anchors elsewhere keeps them', async () => {
    const text = TEXT.replace('[10.99.0.100/24]', '&all [10.99.0.100/24]');
    const one = await made(text);
    assert.deepEqual(await makeChange(one.tools, one.theirs([VRID, 52]), 'b'), []);
    assert.equal(whole(), text.replace('vrid: 51', 'vrid: 52'));
  });

  it('behind symbolic links: they stay links, and what they lead to has the change', async () => {
    const real = join(folder, 'real');
    mkdirSync(real);
    writeFileSync(join(real, 'ours.yaml'), TEXT);
    symlinkSync('real/ours.yaml', join(folder, 'between.yaml'));
    symlinkSync('between.yaml', path);
    const one = await runs();
    for (const [change, text] of [
      [() => makeChange(one.tools, one.theirs([VRID, 52]), 'b'), TEXT.replace('51', '52')],
      [() => back(one), TEXT],
    ] as const) {
      assert.deepEqual(await change(), []);
      assert.equal(readlinkSync(path), 'between.yaml');
      assert.equal(readlinkSync(join(folder, 'between.yaml')), 'real/ours.yaml');
      assert.ok(lstatSync(join(real, 'ours.yaml')).isFile());
      assert.equal(readFileSync(join(real, 'ours.yaml'), 'utf8'), text);
      assert.deepEqual(readdirSync(folder).sort(), ['between.yaml', 'real', 'understudy.yaml']);
    }
  });

  it('keeps its mode and its owner', async () => {
    const one = await made();
    chmodSync(path, 0o640);
    if (process.getuid?.() === 0) chownSync(path, 1, 2);
    const { uid, gid } = statSync(path);
    for (const change of [
      () => makeChange(one.tools, one.theirs([VRID, 52]), 'b'),
      () => back(one),
    ]) {
      assert.deepEqual(await change(), []);
      const now = statSync(path);
      assert.deepEqual([now.mode & 0o7777, now.uid, now.gid], [0o640, uid, gid]);
    }
  });

  it('in a folder where nobody may write: refused with what to do, and as it was', async () => {
    const one = await made();
    chmodSync(folder, 0o555);
    const isRoot = process.getuid?.() === 0;
    // Root may write everywhere.
    if (isRoot) process.seteuid?.(65_534);
    let errors: readonly SettingsError[];
    try {
      errors = await makeChange(one.tools, one.theirs([VRID, 52]), 'b');
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
    assert.match(errors[0]?.found ?? '', /EACCES/);
    assert.match(errors[0]?.remedy ?? '', /the right to write the settings file and its folder/);
    assert.equal(whole(), TEXT);
  });

  it('that would become longer than any settings file may be: refused, and as it was', async () => {
    const filling = `#${'x'.repeat(98)}\n`;
    const room = LARGEST_FILE_BYTES - Buffer.byteLength(TEXT);
    const text = TEXT + filling.repeat(Math.floor(room / filling.length));
    const one = await made(text);
    const long = Array.from({ length: 8 }, (_, index) => `10.99.0.${index + 100}/24`);
    const errors = await makeChange(
      one.tools,
      one.theirs(['virtualRouters[lan].addresses', long]),
      'b',
    );
    assert.match(errors[0]?.expected ?? '', /at most 1048576 bytes/);
    assert.equal(whole(), text);
    assert.equal(one.ledger.pending, null);
  });
});
