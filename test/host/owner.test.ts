// Root on files that somebody else may change: it acts as that one, or refuses. With the program itself and a
// real second user, who plants links and programs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { before, beforeEach, describe, it } from '../support/test.js';
import { distrusted, ownerOf } from '../../src/host/owner.js';
import { MAIN } from '../support/agent-process.js';
import { enterNamespace, ip } from '../support/namespace.js';

const inside = enterNamespace(import.meta.url);
const OTHER = 4711;
const VIRTUAL = '192.0.2.100/24';

/** A user namespace has one user; and the other user must be able to read the program. */
const skip =
  inside !== false
    ? inside
    : spawnSync('setpriv', [
          '--reuid',
          `${OTHER}`,
          '--clear-groups',
          process.execPath,
          MAIN,
          'help',
        ]).status === 0
      ? false
      : `needs root, and a program that user ${OTHER} can read`;

let folders = 0;
let folder: string;
/** The settings of somebody else, in a folder of that one's. */
let settings: string;
/** In a folder where only root may write. */
let rootFolder: string;

const mine = (path: string): void => chownSync(path, OTHER, OTHER);

function configure(more: object = {}): void {
  const text = {
    name: 'here',
    runtimeDirectory: `${folder}/run`,
    stateDirectory: `${folder}/state`,
    virtualRouters: [{ name: 'lan', interface: 'lan', vrid: 51, addresses: [VIRTUAL] }],
    ...more,
  };
  writeFileSync(settings, JSON.stringify(text, null, 2));
  mine(settings);
}

function understudy(...words: string[]): { status: number | null; said: string } {
  const run = spawnSync(process.execPath, [MAIN, ...words, '--config', settings], {
    encoding: 'utf8',
  });
  return { status: run.status, said: run.stdout + run.stderr };
}

const ownerIs = (path: string): number => statSync(path).uid;
const standing = (): string => ip('-o address show dev lan');

describe('root, where somebody else may change the files', { skip }, () => {
  before(() => {
    ip('link add lan type veth peer name other');
    ip('link set lan up');
    ip('address add 192.0.2.1/24 dev lan');
  });
  beforeEach(() => {
    folders += 1;
    folder = `/run/theirs-${folders}`;
    settings = `${folder}/understudy.yaml`;
    for (const path of [folder, `${folder}/run`, `${folder}/state`]) {
      mkdirSync(path);
      mine(path);
    }
    configure();
    rootFolder = `/run/of-root-${folders}`;
    mkdirSync(rootFolder);
    writeFileSync(`${rootFolder}/file`, 'untouched');
  });

  const ofRoot = (): string => readFileSync(`${rootFolder}/file`, 'utf8');
  const record = (): void => {
    const addresses = [{ interface: 'lan', address: VIRTUAL }];
    writeFileSync(`${folder}/state/state.json`, JSON.stringify({ version: 1, addresses }));
    mine(`${folder}/state/state.json`);
    ip(`address replace ${VIRTUAL} dev lan`);
  };

  it('release: the files that it makes are theirs, so that the agent can start', () => {
    record();
    const { status, said } = understudy('release');
    assert.deepEqual([status, said], [0, `removed ${VIRTUAL} on lan\n`]);
    assert.ok(!standing().includes('192.0.2.100'));
    assert.equal(ownerIs(`${folder}/run/agent.lock`), OTHER);
    assert.equal(ownerIs(`${folder}/state/state.json`), OTHER);
  });

  it('release: their program runs as they', () => {
    const script = `${folder}/vip`;
    writeFileSync(script, `#!/bin/sh\nid -u > ${folder}/state/ran-as\nexec ip -batch -\n`);
    chmodSync(script, 0o755);
    configure({ vip: { script } });
    record();
    assert.equal(understudy('release').status, 0);
    assert.equal(readFileSync(`${folder}/state/ran-as`, 'utf8'), `${OTHER}\n`);
    assert.ok(!standing().includes('192.0.2.100'), 'with the right to remove it');
  });

  it('release follows no link of theirs', () => {
    record();
    symlinkSync(`${rootFolder}/made`, `${folder}/run/agent.lock`);
    assert.equal(understudy('release').status, 1);
    assert.ok(!existsSync(`${rootFolder}/made`));
    ip(`address del ${VIRTUAL} dev lan`);
  });

  it('set follows no link of theirs to a file of root’s', () => {
    writeFileSync(`${rootFolder}/file`, readFileSync(settings));
    const held = ofRoot();
    spawnSync('ln', ['-sf', `${rootFolder}/file`, settings]);
    spawnSync('chown', ['-h', `${OTHER}`, settings]);
    assert.notEqual(understudy('set', 'ha-port', '7200').status, 0);
    assert.equal(ofRoot(), held);
  });

  it('set changes their file, which stays theirs', () => {
    assert.equal(understudy('set', 'ha-port', '7200').status, 0);
    assert.match(readFileSync(settings, 'utf8'), /7200/);
    assert.equal(ownerIs(settings), OTHER);
  });

  it('keygen --force follows no link of theirs, and writes nowhere that they may not', () => {
    symlinkSync(`${rootFolder}/file`, `${folder}/ha.key`);
    for (const keyFile of [`${folder}/ha.key`, `${rootFolder}/file`]) {
      configure({ ha: { keyFile } });
      understudy('keygen', '--force');
      assert.equal(ofRoot(), 'untouched');
    }
  });

  it('keygen: the key is theirs', () => {
    configure({ ha: { keyFile: `${folder}/ha.key` } });
    assert.equal(understudy('keygen').status, 0);
    assert.equal(ownerIs(`${folder}/ha.key`), OTHER);
  });

  it('a path that several may change is refused, and one that anybody may', () => {
    mkdirSync(`${folder}/deep`);
    chownSync(`${folder}/deep`, OTHER + 1, OTHER);
    assert.throws(
      () => ownerOf([`${folder}/deep/file`]),
      /expected to belong to root or user 4711/,
    );
    mkdirSync(`/run/open-${folders}`);
    chmodSync(`/run/open-${folders}`, 0o777);
    assert.throws(() => ownerOf([`/run/open-${folders}/file`]), /writable by its owner only/);
    chmodSync(`/run/open-${folders}`, 0o1777);
    assert.equal(ownerOf([`/run/open-${folders}/file`]), null, 'sticky');
  });

  it('a program that somebody else may change is none that root starts', () => {
    writeFileSync(`${folder}/program`, '');
    assert.match(distrusted(`${folder}/program`) ?? '', /user 4711 may change it/);
    symlinkSync(`${folder}/program`, `/run/link-${folders}`);
    assert.match(distrusted(`/run/link-${folders}`) ?? '', /user 4711 may change it/);
    assert.equal(distrusted('/bin/sh'), null);
  });
});
