// The subagent's session with an SNMP daemon that a test makes up: how it begins, what it answers, and what becomes of it
// when the daemon is gone, refuses, or says nothing.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PDU, type Value } from '../../src/snmp/agentx.js';
import { Objects } from '../../src/snmp/objects.js';
import { startSubagent, type Subagent } from '../../src/snmp/subagent.js';
import { until } from '../support/limits.js';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { answer, Daemon, oidOf, pdu } from './daemon.js';

const TREE = [1, 3, 6, 1, 2, 1, 207];
const ADDRESS: Value = { type: 'octets', value: Uint8Array.from([192, 168, 99, 1]) };

let folder: string;
let path: string;
let daemon: Daemon | null;
let subagent: Subagent | null;
/** What was said; and what is due later, by its milliseconds: a test does it. */
let said: string[];
let due: { readonly ms: number; readonly task: () => void }[];
/** When the daemon's time began, as the last request was told. */
let daemonSince: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-snmp-'));
  path = join(folder, 'master');
  [said, due, daemon, subagent, daemonSince] = [[], [], null, null, 0];
});
afterEach(async () => {
  subagent?.end();
  await daemon?.close();
  rmSync(folder, { recursive: true });
});

const start = (): void => {
  subagent = startSubagent({
    daemon: { kind: 'unix', path },
    description: 'a test',
    subtree: TREE,
    columns: [TREE],
    objects: (since) => {
      daemonSince = since;
      return new Objects([{ oid: [...TREE, 1], value: ADDRESS }]);
    },
    say: (text) => said.push(text),
    now: () => 1_000_000,
    later: (ms, task) => {
      const one = { ms, task };
      due.push(one);
      return () => void (due = due.filter((other) => other !== one));
    },
  });
};

/** What is due goes by. */
const pass = (): void => {
  for (const { task } of due.splice(0)) task();
};

const listen = async (): Promise<Daemon> => (daemon = await Daemon.listen(path));

const hasSaid = (what: string, lines = 1): Promise<unknown> =>
  until(
    what,
    () => said.length,
    (count) => count >= lines,
  );

describe('a session', () => {
  it('is opened, and the subtree registered under its number', async () => {
    const master = await listen();
    start();
    const open = await master.next();
    assert.equal(open.type, PDU.open);
    master.write(answer(open, { session: 4711, upTime: 100 }));
    const register = await master.next();
    assert.deepEqual([register.type, register.session], [PDU.register, 4711]);
    master.write(answer(register));
    await hasSaid('it is said');
    assert.deepEqual(said, [`answers for VRRPV3-MIB through the SNMP daemon at ${path}`]);
    assert.deepEqual(due, [], 'nothing is waited for any more');
  });

  it('answers what is asked, also several at once, and refuses to be changed', async () => {
    const master = await listen();
    start();
    await master.open(500);
    const next = pdu(PDU.getNext, Buffer.concat([oidOf(TREE), oidOf([])]), { packet: 1 });
    const get = pdu(PDU.get, Buffer.concat([oidOf(TREE), oidOf([])]), { packet: 2 });
    const set = pdu(PDU.testSet, Buffer.alloc(0), { packet: 3 });
    master.write(Buffer.concat([next, get, set]));
    const answers = [await master.next(), await master.next(), await master.next()];
    assert.deepEqual(
      answers.map(({ type, packet }) => [type, packet]),
      [
        [PDU.response, 1],
        [PDU.response, 2],
        [PDU.response, 3],
      ],
    );
    assert.ok(answers[0]?.body.includes(Buffer.from([0, 0, 0, 4, 192, 168, 99, 1])), 'the address');
    assert.equal(answers[1]?.body.readUInt16BE(8), 129, 'of a known column, no instance');
    assert.equal(answers[2]?.body.readUInt16BE(4), 17, 'notWritable');
    assert.equal(daemonSince, 1_000_000 - 5_000, 'sysUpTime was 5 s');
  });

  it('tells the daemon what happens, while there is one', async () => {
    const master = await listen();
    start();
    subagent?.notify([{ oid: TREE, value: ADDRESS }]);
    await master.open();
    await hasSaid('it is open');
    subagent?.notify([{ oid: TREE, value: ADDRESS }]);
    const notify = await master.next();
    assert.equal(notify.type, PDU.notify);
    assert.ok(notify.body.includes(Buffer.from([192, 168, 99, 1])));
  });

  it('ends with a word to the daemon', async () => {
    const master = await listen();
    start();
    await master.open();
    await hasSaid('it is open');
    subagent?.end();
    assert.equal((await master.next()).type, PDU.close);
    assert.deepEqual(due, []);
  });
});

describe('another session is tried', () => {
  const failed = async (reason: string): Promise<void> => {
    await until(
      'a failure is said',
      () => said.join('\n'),
      (text) => text.includes(reason),
    );
    assert.deepEqual(
      due.map(({ ms }) => ms),
      [5_000],
    );
  };

  it('when there is no daemon, which is said once, and one that comes is found', async () => {
    start();
    await failed('ENOENT');
    pass();
    await until(
      'it has failed again',
      () => due.map(({ ms }) => ms).join(),
      (all) => all === '5000',
    );
    const master = await listen();
    pass();
    await master.open();
    await hasSaid('both are said', 2);
    assert.deepEqual(said, [
      `no session with the SNMP daemon at ${path}: ENOENT`,
      `answers for VRRPV3-MIB through the SNMP daemon at ${path}`,
    ]);
  });

  it('when the daemon is restarted', async () => {
    const master = await listen();
    start();
    await master.open();
    await hasSaid('it is open', 1);
    master.drop();
    await failed('it has closed the session');
    pass();
    await master.open();
    await hasSaid('it answers again', 3);
  });

  it('when the daemon refuses, or does not answer, or sends what is no AgentX', async () => {
    const master = await listen();
    start();
    master.write(answer(await master.next(), { error: 267 }));
    await failed('it refuses (AgentX error 267)');
    pass();
    await master.next();
    assert.deepEqual(
      due.map(({ ms }) => ms),
      [3_000],
      'so long it may take to answer',
    );
    pass();
    await failed('it does not answer');
    pass();
    await master.next();
    master.write(Buffer.alloc(64));
    await failed('AgentX 1 expected, 0 found');
  });

  it('when the daemon does not know the session any more', async () => {
    const master = await listen();
    start();
    await master.open();
    await hasSaid('it is open', 1);
    subagent?.notify([{ oid: TREE, value: ADDRESS }]);
    master.write(answer(await master.next(), { error: 257 }));
    await failed('it does not know the session');
  });
});
