// sync.json on a real disk: what can stand there instead of it, that it is told and kept, and what a keeper makes of that.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { Ledger } from '../../src/sync-service/ledger.js';
import { openStore } from '../../src/sync-service/store.js';
import { sorted } from '../../src/sync/shared.js';
import { startGroup } from './rig.js';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-notes-'));
  path = join(folder, 'sync.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const DOCUMENT = sorted([['ha.port', 7000]]);
const OTHER = sorted([['ha.port', 7001]]);

/** As a service leaves it, with a change that nobody has confirmed. */
async function notes(): Promise<string> {
  const ledger = new Ledger(openStore(path), 'a');
  ledger.load();
  await ledger.edit(DOCUMENT, null);
  const [from, to] = [ledger.digest, ledger.after(OTHER).lineage.version.digest];
  const pending = {
    from,
    to,
    written: 'f'.repeat(64),
    text: '# before\n',
    unknown: sorted([]),
    peer: 'b',
    givenTo: [],
  };
  await ledger.edit(OTHER, pending);
  return readFileSync(path, 'utf8');
}

const replaced = (from: string | RegExp, to: string) => async (): Promise<void> => {
  const text = await notes();
  const other = text.replace(from, to);
  assert.notEqual(other, text);
  writeFileSync(path, other);
};

const CASES: readonly (readonly [what: string, make: () => Promise<void> | void, found: RegExp])[] =
  [
    ['half a file', async () => writeFileSync(path, (await notes()).slice(0, 200)), /half of them/],
    ['an empty file', () => writeFileSync(path, ''), /an empty file/],
    ['text of something else', () => writeFileSync(path, 'name: a\n'), /something else/],
    ['a list', () => writeFileSync(path, '[1]'), /another form/],
    ['null', () => writeFileSync(path, 'null'), /another form/],
    ['another type of file', () => writeFileSync(path, '{"addresses":[]}'), /another form/],
    [
      'those of a later release',
      replaced('"format":1', '"format":2'),
      /format 2, of another release/,
    ],
    [
      'a version without a document',
      replaced(/"digest":"[\da-f]{16}"/, `"digest":"${'0'.repeat(16)}"`),
      /another form/,
    ],
    [
      'no documents',
      replaced(/"documents":\[.*?\],"unknown"/, '"documents":null,"unknown"'),
      /another form/,
    ],
    ['a change that is none', replaced(/"pending":\{.*\}\}/, '"pending":7}'), /another form/],
    ['a change without its file', replaced('"text":"# before\\n",', ''), /another form/],
    ['a folder', () => mkdirSync(path), /a directory/],
    ['a link to itself', () => symlinkSync('sync.json', path), /ELOOP/],
    ['a named pipe', () => void execFileSync('mkfifo', [path]), /a special file/],
    [
      'a very long file',
      () => writeFileSync(path, Buffer.alloc(9 * 1024 * 1024, ' ')),
      /9437184 bytes/,
    ],
  ];

describe('notes of shared settings that cannot be used', () => {
  for (const [what, make, found] of CASES) {
    it(`${what}: is told, kept, and out of the way`, async () => {
      await make();
      const ledger = new Ledger(openStore(path), 'a');
      assert.equal(ledger.load(), null);
      assert.match(ledger.unusable ?? '', found);
      assert.match(
        ledger.unusable ?? '',
        /sync\.json: expected the notes of shared settings, found/,
      );
      const words = await ledger.setAside();
      assert.match(words ?? '', /it is kept as .*sync\.json\.unreadable, and versions begin anew/);
      await ledger.edit(DOCUMENT, null);
      assert.deepEqual(readdirSync(folder).sort(), ['sync.json', 'sync.json.unreadable']);
      const next = new Ledger(openStore(path), 'a');
      assert.equal(next.load()?.lineage.version.digest, ledger.digest);
      assert.equal(next.unusable, null);
      assert.equal(await next.setAside(), null);
    });
  }

  it('twice: what was kept first stays', async () => {
    for (const text of ['first', 'second']) {
      writeFileSync(path, text);
      const ledger = new Ledger(openStore(path), 'a');
      ledger.load();
      await ledger.setAside();
    }
    const kept = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    assert.deepEqual(kept.sort(), ['first', 'second']);
  });

  it('are not there at a first start: nothing is told', () => {
    const ledger = new Ledger(openStore(path), 'a');
    assert.equal(ledger.load(), null);
    assert.equal(ledger.unusable, null);
    assert.equal(existsSync(path), false);
  });

  it('behind a symbolic link are read, and replaced here', async () => {
    await notes();
    const elsewhere = join(folder, 'elsewhere');
    writeFileSync(elsewhere, readFileSync(path, 'utf8'));
    rmSync(path);
    symlinkSync('elsewhere', path);
    const before = readFileSync(elsewhere, 'utf8');
    const ledger = new Ledger(openStore(path), 'a');
    assert.ok(ledger.load());
    await ledger.edit(DOCUMENT, null);
    assert.equal(readFileSync(elsewhere, 'utf8'), before);
  });
});

describe('an appliance whose notes cannot be used', () => {
  const without = async () => {
    const group = await startGroup({ mode: 'follow' });
    const [a, b] = [group.box('a'), group.box('b')];
    assert.deepEqual((await a.set('vrid: 51', 'vrid: 52')).errors, []);
    await group.pass(10_000);
    await group.settled();
    b.kill();
    [b.saved, b.notesProblem] = [null, 'sync.json: expected …, found half of them'];
    return { group, a, b };
  };

  it('says so, keeps its settings, and is in sync again without a change', async () => {
    const { group, a, b } = await without();
    const text = b.text;
    group.applied.length = 0;
    await b.start();
    await group.settled();
    await a.keeper.told('b', b.announced);
    await group.settled();
    assert.equal(b.text, text);
    assert.deepEqual(group.applied, []);
    assert.match(b.keeper.status().remark ?? '', /found half of them; it is kept as \/kept/);
    assert.equal(b.keeper.status().problem, undefined);
    assert.deepEqual(b.events.filter(({ event }) => event === 'sync-notes-lost').length, 1);
    assert.deepEqual([a.state('b'), b.state('a')], ['in-sync', 'in-sync']);
    assert.deepEqual(b.version, a.version);
    assert.deepEqual((await b.set('vrid: 52', 'vrid: 53')).errors, []);
    await group.settled();
    assert.match(a.inForce, /vrid: 53/);
  });

  it('follows what was changed meanwhile, since it has what that came from', async () => {
    const { group, a, b } = await without();
    await a.edit('vrid: 52', 'vrid: 54');
    await b.start();
    await group.settled();
    assert.match(b.inForce, /vrid: 54/);
  });

  it('and where nothing can be written says that too, as long as it is so', async () => {
    const { group, a, b } = await without();
    b.disk = () => {
      throw Object.assign(new Error('EROFS'), { code: 'EROFS' });
    };
    await b.start();
    const { problem } = b.keeper.status();
    assert.match(problem ?? '', /found half of them; .*cannot be recorded: .*EROFS/);
    assert.equal(b.notesProblem, 'sync.json: expected …, found half of them');
    b.disk = null;
    await group.pass(5_000);
    assert.equal(b.keeper.status().problem, undefined);
    await a.keeper.told('b', b.announced);
    await group.settled();
    assert.deepEqual([a.state('b'), b.state('a')], ['in-sync', 'in-sync']);
  });

  it('changes nothing of its own settings, and its peer notices nothing but the name', async () => {
    const { group, b } = await without();
    const before = b.text;
    await b.start();
    await group.settled();
    assert.deepEqual((await b.set('priority: 140', 'priority: 150')).errors, []);
    assert.equal(b.text, before.replace('140', '150'));
  });
});
