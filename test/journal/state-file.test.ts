// state.json: what it says, and how it is written behind everybody's back.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { EMPTY_STATE, formatState, readState } from '../../src/journal/state-file.js';
import { address } from '../agent/lan.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-state-'));
  path = join(folder, 'state.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

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
    standing: [lan, { ...six, acceptMode: false }],
    mayAdd: [{ ...six, linkIndex: 7 }],
    maintenance: true,
    bypassEngaged: false,
    flaps: [1_700_000_000_000, 1_700_000_060_000],
    latched: true,
    standBack: { by: 'root', since: 1_700_000_050_000 },
    virtualMacs: {
      links: ['us51v4'],
      parents: [{ interface: 'lan', linkIndex: 2, arpIgnore: 0, arpAnnounce: 0 }],
    },
    active: true,
    keeps: true,
  };

  it('after a reboot nothing of ours stands: what does, somebody else has put there', () => {
    writeFileSync(path, formatState(state, 'before net:[1]'));
    const read = (boot: string | null) => readState(path, boot).state;
    assert.deepEqual(read('before net:[1]'), state);
    const nothing = { standing: [], mayAdd: [], virtualMacs: EMPTY_STATE.virtualMacs };
    assert.deepEqual(read('after net:[1]'), { ...state, ...nothing });
    assert.deepEqual(read('before net:[2]'), { ...state, ...nothing });
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
