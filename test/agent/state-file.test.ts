// state.json: what it says, and how it is written behind everybody's back.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import {
  createBackgroundFile,
  EMPTY_STATE,
  formatState,
  readState,
} from '../../src/agent/state-file.js';
import { address } from './lan.js';
import { turn } from '../support/limits.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-state-'));
  path = join(folder, 'state.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const text = (): string => readFileSync(path, 'utf8');

describe('a file written in the background', () => {
  it('takes the newest text; what was overtaken is never written', async () => {
    const file = createBackgroundFile(path, false);
    const seen: string[] = [];
    file.write('first');
    file.write('second');
    file.write('third');
    assert.throws(text, /ENOENT/, 'nothing is written while the caller runs');
    await file.flush();
    seen.push(text());
    assert.deepEqual(seen, ['third']);
    assert.equal(file.problem(), null);
  });

  it('a text that was written already does not keep later ones from being written', async () => {
    const file = createBackgroundFile(path, true);
    file.write('same');
    await file.flush();
    file.write('same');
    await file.flush();
    file.write('other');
    await file.flush();
    assert.equal(text(), 'other');
  });

  it('a text that comes while another is being written follows it', async () => {
    const file = createBackgroundFile(path, true);
    file.write('one');
    await turn();
    file.write('two');
    await file.flush();
    assert.equal(text(), 'two');
  });

  it('tells what is wrong until it is well again', async () => {
    const file = createBackgroundFile(path, true);
    rmSync(folder, { recursive: true });
    file.write('lost');
    await file.flush();
    assert.match(file.problem() ?? '', /state\.json: ENOENT/);
    mkdirSync(folder);
    file.write('kept');
    await file.flush();
    assert.deepEqual([text(), file.problem()], ['kept', null]);
  });

  it('somebody else has removed the file: the same text is written again', async () => {
    const file = createBackgroundFile(path, true);
    file.write('same');
    await file.flush();
    rmSync(path);
    file.write('same');
    await file.flush();
    assert.deepEqual([text(), file.problem()], ['same', null]);
  });

  it('after a failure the former text is written again: the file may be gone', async () => {
    const file = createBackgroundFile(path, true);
    file.write('former');
    await file.flush();
    rmSync(folder, { recursive: true });
    file.write('latter');
    await file.flush();
    file.write('former');
    await file.flush();
    assert.match(file.problem() ?? '', /ENOENT/, 'it is not there, and nobody says that it is');
    mkdirSync(folder);
    file.write('former');
    await file.flush();
    assert.deepEqual([text(), file.problem()], ['former', null]);
  });
});

describe('state.json', () => {
  const lan = {
    interface: 'lan',
    addresses: [{ address: address('192.0.2.100'), prefixLength: 24 }],
  };
  const six = {
    interface: 'wan',
    addresses: [{ address: address('fe80::51'), prefixLength: 64 }],
  };

  const state = {
    standing: [lan, six],
    mayAdd: [{ ...six, linkIndex: 7 }],
    maintenance: true,
    bypassEngaged: false,
    flaps: [1_700_000_000_000, 1_700_000_060_000],
    latched: true,
    standBack: { by: 'root', since: 1_700_000_050_000 },
    active: true,
    keeps: true,
  };

  it('after a reboot nothing of ours stands: what does, somebody else has put there', () => {
    writeFileSync(path, formatState(state, 'before net:[1]'));
    const read = (boot: string | null) => readState(path, boot).state;
    assert.deepEqual(read('before net:[1]'), state);
    assert.deepEqual(read('after net:[1]'), { ...state, standing: [], mayAdd: [] });
    assert.deepEqual(read('before net:[2]'), { ...state, standing: [], mayAdd: [] });
    assert.deepEqual(read(null), state, 'where it cannot be known');
  });

  it('a file of an agent before this version still names what it had added', () => {
    const entry = { interface: 'lan', address: '192.0.2.100/24' };
    writeFileSync(path, JSON.stringify({ version: 1, active: true, addresses: [entry] }));
    const known = { ...EMPTY_STATE, standing: [lan], active: true };
    assert.deepEqual(readState(path), { state: known, problem: null });
  });

  it('reads what was written', () => {
    writeFileSync(path, formatState(state));
    assert.deepEqual(readState(path), { state, problem: null });
  });

  for (const flag of ['maintenance', 'bypassEngaged', 'latched', 'active', 'keeps'] as const) {
    it(`keeps ${flag} apart from the others`, () => {
      const only = { ...EMPTY_STATE, [flag]: true };
      writeFileSync(path, formatState(only));
      assert.deepEqual(readState(path), { state: only, problem: null });
    });
  }

  it('that is missing means no address, and no problem', () => {
    assert.deepEqual(readState(path), { state: EMPTY_STATE, problem: null });
  });

  it('that cannot be read is a problem', () => {
    mkdirSync(path);
    const { state: none, problem } = readState(path);
    assert.deepEqual(none, EMPTY_STATE);
    assert.match(problem ?? '', /state\.json: EISDIR/);
  });

  const broken = [
    '',
    '{',
    '[]',
    'null',
    '{}',
    '{"version":2,"addresses":[]}',
    '{"version":1,"addresses":{}}',
    '{"version":1,"addresses":[1]}',
    '{"version":1,"addresses":[],"mayAdd":[1]}',
    '{"version":1,"addresses":[null]}',
    '{"version":1,"addresses":[{"interface":"lan"}]}',
    '{"version":1,"addresses":[{"interface":3,"address":"192.0.2.1/24"}]}',
  ];
  for (const content of broken) {
    it(`${content === '' ? 'that is empty' : content} is told, and means none`, () => {
      writeFileSync(path, content);
      const { state: none, problem } = readState(path);
      assert.deepEqual(none, EMPTY_STATE);
      assert.match(problem ?? '', /state\.json: a state file expected; it will be written anew/);
    });
  }

  it('an entry that is no address is passed over', () => {
    const entries = [
      { interface: 'lan', address: '192.0.2.100' },
      { interface: 'lan', address: '192.0.2.100/24' },
    ];
    writeFileSync(path, JSON.stringify({ version: 1, addresses: entries }));
    assert.deepEqual(readState(path), {
      state: { ...EMPTY_STATE, standing: [lan] },
      problem: null,
    });
  });
});
