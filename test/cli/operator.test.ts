// The commands with which an operator steers a running agent: what they ask of it, and what they say.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, it } from '../support/test.js';
import type { CommandOutcome, ReloadOutcome } from '../../src/control/protocol.js';
import type { Status } from '../../src/model/status.js';
import { eventAt, eventSource, untilFollowers } from '../control/events.js';
import { closers, config, folder, say, startAgent, useFolder } from './command-bench.js';
import { bypassFailed, pair } from './pair-statuses.js';
import { healthy } from './statuses.js';
import { eventOf } from '../support/limits.js';

useFolder();
beforeEach(() => configure(''));

const configure = (more: string): void =>
  writeFileSync(
    config,
    `runtimeDirectory: ${folder}
stateDirectory: ${folder}/state
virtualRouters: [{ name: lan, interface: lo, vrid: 51, addresses: [10.99.0.100/24] }]
${more}`,
  );

describe('orders', () => {
  const orders: readonly (readonly string[])[] = [
    ['failover'],
    ['maintenance', 'on'],
    ['maintenance', 'off'],
    ['bypass', 'engage'],
    ['bypass', 'release'],
    ['flaps', 'clear'],
  ];

  for (const words of orders) {
    it(`goes to the agent, and what was done is said: ${words.join(' ')}`, async () => {
      const asked: (string | undefined)[] = [];
      await startAgent({
        command: (name, argument) => {
          asked.push(name, ...(argument === undefined ? [] : [argument]));
          return Promise.resolve({ ok: true, detail: 'done so' });
        },
      });
      assert.deepEqual(await say(words), { code: 0, out: 'done so\n', err: '' });
      assert.deepEqual(asked, words);
    });

    it(`says with exit code 3 how to start an agent: ${words.join(' ')}`, async () => {
      const { code, out, err } = await say(words);
      assert.deepEqual([code, out], [3, '']);
      assert.match(
        err,
        /not reachable.*\n {2}remedy {2}start it: understudy run --config \/run\/u/,
      );
    });
  }

  for (const words of [['failover'], ['maintenance', 'on']]) {
    it(`insists with --force, and only then: ${words.join(' ')}`, async () => {
      const forced: boolean[] = [];
      await startAgent({
        command: (_name, _argument, { force }) => {
          forced.push(force);
          return Promise.resolve({ ok: true, detail: 'done so' });
        },
      });
      await say(words);
      assert.equal((await say([...words, '--force'])).code, 0);
      assert.deepEqual(forced, [false, true]);
    });
  }

  it('says why an order was refused, and what to do, without control characters', async () => {
    const refusal: CommandOutcome = {
      ok: false,
      code: 'nobody-fit',
      message: 'no peer is fit\u001B[2J',
      remedy: 'see understudy status on dallas-2',
    };
    await startAgent({ command: () => Promise.resolve(refusal) });
    assert.deepEqual(await say(['failover']), {
      code: 1,
      out: '',
      err: 'understudy: no peer is fit?[2J\n  remedy  see understudy status on dallas-2\n',
    });
  });

  it('tells a fault of the agent with exit code 1', async () => {
    await startAgent({ command: () => Promise.reject(new Error('broken')) });
    assert.equal((await say(['flaps', 'clear'])).code, 1);
  });
});

describe('bypass status', () => {
  it('shows what is wanted and what was read back', async () => {
    await startAgent({ status: () => bypassFailed });
    const { code, out } = await say(['bypass', 'status']);
    assert.equal(code, 0);
    assert.equal(
      out,
      `bypass        unknown, but bypass is wanted; latched until
              "understudy bypass release"
              port-pair-1  inline
              port-pair-2  bypass
`,
    );
  });

  it('shows one segment in one line, and that there is none', async () => {
    const said = [pair, { ...healthy, bypass: { ...healthy.bypass, actual: 'unknown' } }];
    await startAgent({ status: () => said.shift() ?? assert.fail() });
    assert.equal((await say(['bypass', 'status'])).out, 'bypass        inline, as wanted\n');
    assert.match((await say(['bypass', 'status'])).out, /none: the settings name no hook/);
  });

  it('says with exit code 3 that no agent runs', async () => {
    assert.equal((await say(['bypass', 'status'])).code, 3);
  });
});

describe('metrics', () => {
  it('prints what the agent would tell a scraper, and nothing without an agent', async () => {
    const bytes = Buffer.from('# HELP a b\n# TYPE a gauge\na 1\n');
    await startAgent({ metrics: () => Promise.resolve({ type: 'text/plain', bytes }) });
    assert.deepEqual(await say(['metrics']), { code: 0, out: bytes.toString(), err: '' });
    await closers.shift()?.();
    const { code, out, err } = await say(['metrics']);
    assert.deepEqual([code, out], [3, '']);
    assert.match(err, /understudy run/);
  });
});

describe('events', () => {
  const kept = [
    eventAt(1),
    eventAt(2, { event: 'transition', virtualRouter: 'lan', from: 'Backup', to: 'Active' }),
  ];

  it('prints those of the running agent, for people and as they are', async () => {
    await startAgent(eventSource(kept).handlers);
    assert.deepEqual(await say(['events']), {
      code: 0,
      out: `2026-01-01 00:00:01.000 UTC  peer-healthy: dallas-2, 1
2026-01-01 00:00:02.000 UTC  lan: Backup → Active, peer-healthy: dallas-2, 2
`,
      err: '',
    });
    const { out } = await say(['events', '--json']);
    const lines = out.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      kept,
    );
  });

  it('follows, over a restart of the agent, each event once', async () => {
    const before = eventSource(kept);
    const after = eventSource([...kept, eventAt(3)]);
    const server = await startAgent(before.handlers);
    const stop = new AbortController();
    const printed = new EventEmitter();
    const said: unknown[] = [];
    const following = say(['events', '--follow', '--json'], {
      interrupted: stop.signal,
      watchIntervalMs: 1,
      stdout: {
        write: (text) => {
          said.push(JSON.parse(text));
          printed.emit(`line ${said.length}`);
          if (said.length === 4) stop.abort();
        },
      },
    });
    await eventOf(printed, 'line 2');
    await server.close();
    await startAgent(after.handlers);
    await untilFollowers(after, 1);
    after.record(eventAt(4));
    assert.equal((await following).code, 0);
    assert.deepEqual(said, [...kept, eventAt(3), eventAt(4)]);
  });

  it('says once, while it waits, that the agent has gone', async () => {
    const source = eventSource(kept);
    const server = await startAgent(source.handlers);
    const stop = new AbortController();
    const printed = new EventEmitter();
    let complaints = '';
    const following = say(['events', '--follow'], {
      interrupted: stop.signal,
      watchIntervalMs: 1,
      stdout: { write: () => printed.emit('line') },
      stderr: {
        write: (text: string) => {
          complaints += text;
          // Long enough for another complaint, if there were one.
          if (complaints.includes('remedy')) setTimeout(() => stop.abort(), 30);
        },
      },
    });
    await eventOf(printed, 'line');
    await server.close();
    assert.equal((await following).code, 0);
    assert.equal(complaints.split('not reachable').length - 1, 1);
  });

  it('follows nobody: exit code 3', async () => {
    const { code, out, err } = await say(['events', '--follow']);
    assert.deepEqual([code, out], [3, '']);
    assert.match(err, /start it/);
  });

  it('reads the file of the agent when none runs, the one before it too, and says so', async () => {
    mkdirSync(join(folder, 'state'));
    const file = join(folder, 'state', 'events.jsonl');
    const line = (second: number): string => `${JSON.stringify(eventAt(second))}\n`;
    writeFileSync(`${file}.1`, line(1));
    writeFileSync(file, line(2));
    appendFileSync(file, '{"time":"2026-01-0');
    const { code, out, err } = await say(['events']);
    assert.equal(code, 0);
    assert.equal(
      out,
      `2026-01-01 00:00:01.000 UTC  peer-healthy: dallas-2, 1
2026-01-01 00:00:02.000 UTC  peer-healthy: dallas-2, 2
`,
    );
    assert.equal(
      err,
      `no agent is running; these are from /run/u/state/events.jsonl
1 lines were not whole and are left out
`,
    );
  });

  it('reads the last thousand of a long file', async () => {
    mkdirSync(join(folder, 'state'));
    const lines = Array.from({ length: 1_200 }, (_, second) => JSON.stringify(eventAt(second)));
    writeFileSync(join(folder, 'state', 'events.jsonl'), `${lines.join('\n')}\n`);
    const printed = (await say(['events', '--json'])).out.trimEnd().split('\n');
    assert.deepEqual(printed, lines.slice(200));
  });

  it('says so when there is no file, and when there is something else', async () => {
    const none = await say(['events']);
    assert.deepEqual([none.code, none.out], [0, '']);
    mkdirSync(join(folder, 'state', 'events.jsonl'), { recursive: true });
    const { code, err } = await say(['events']);
    assert.equal(code, 1);
    assert.match(err, /events\.jsonl cannot be read \(ENOTREG\)\n {2}remedy {2}see stateDirectory/);
  });

  it('does not read the file when an agent is there that cannot be spoken to', async () => {
    await startAgent({ events: () => assert.fail('broken') });
    const { code, out } = await say(['events']);
    assert.deepEqual([code, out], [1, '']);
  });
});

describe('keygen', () => {
  it('has the key written where the settings say, with force or without', async () => {
    configure('ha: { keyFile: /etc/u/ha.key }');
    const asked: [string, boolean][] = [];
    const keygen = (path: string, force: boolean): Promise<void> => {
      asked.push([path, force]);
      return Promise.resolve();
    };
    const { code, out } = await say(['keygen'], { keygen });
    assert.equal(code, 0);
    assert.match(out, /^a new key is in \/etc\/u\/ha\.key: copy the file/);
    await say(['keygen', '--force'], { keygen });
    assert.deepEqual(asked, [
      ['/etc/u/ha.key', false],
      ['/etc/u/ha.key', true],
    ]);
  });

  it('says why the key cannot be written, with exit code 1', async () => {
    configure('ha: { keyFile: /etc/u/ha.key }');
    const message = '/etc/u/ha.key: cannot be written (ENOENT); create /etc/u first.';
    const keygen = (): Promise<void> => Promise.reject(new Error(message));
    assert.deepEqual(await say(['keygen'], { keygen }), {
      code: 1,
      out: '',
      err: `understudy: ${message}\n`,
    });
  });

  it('leaves a credential of the unit to systemd, and so does key: exit code 2', async () => {
    configure('ha: { keyFile: "credential:ha.key" }');
    const never = (): never => assert.fail('nothing is written, and nobody becomes anybody');
    const asked = { keygen: never, rotateKey: never, retireKey: never, actAsOwner: never };
    const { actAsOwner: _, ...others } = asked;
    for (const words of [
      ['keygen', '--force'],
      ['key', 'rotate'],
      ['key', 'retire', '--force'],
    ]) {
      const { code, out, err } = await say(words, others);
      assert.deepEqual([code, out], [2, ''], err);
      assert.match(err, /^understudy: credential:ha\.key: expected a file to write the key to/);
    }
  });

  it('needs valid settings and a place: exit code 2', async () => {
    const none = await say(['keygen']);
    assert.equal(none.code, 2);
    assert.match(none.err, /expected ha\.keyFile .*\n {2}remedy {2}add keyFile:/);
    configure('ha: { keyFile: ha.key }');
    assert.equal((await say(['keygen'])).code, 2);
  });
});

describe('key', () => {
  const FILE = '/etc/understudy/ha.key';
  const peerWith = (settled: boolean): Status => ({
    ...pair,
    haPort: {
      discarded: {},
      keys: [
        { digest: '11111111', place: 'key' },
        { digest: '22222222', place: 'former' },
      ],
    },
    peers: pair.peers.map((peer) => ({
      ...peer,
      keys: { accepts: ['11111111', '22222222'], speaksUnder: '11111111', settled },
    })),
  });
  const reload = (): Promise<ReloadOutcome> =>
    Promise.resolve({ ok: true, file: config, changes: [], warnings: [] });
  const asked: string[] = [];
  const order = (name: string) => (path: string) => {
    asked.push(`${name} ${path}`);
    return Promise.resolve('11111111');
  };
  const keys = { rotateKey: order('rotate'), retireKey: order('retire') };
  beforeEach(() => {
    asked.length = 0;
    configure(`ha: { keyFile: ${FILE} }`);
  });

  it('status: what is here, and what each peer accepts and uses', async () => {
    await startAgent({ status: () => peerWith(true) });
    assert.deepEqual(await say(['key', 'status']), {
      code: 0,
      out: 'here  11111111, 22222222 (former)\ndallas-2  11111111, 22222222; speaks under 11111111\n',
      err: '',
    });
    assert.equal((await say(['key', 'status'])).code, 0);
  });

  it('status: of an agent without HA port, of a peer not heard, and of none at all', async () => {
    const said = [healthy, { ...pair, haPort: { discarded: {}, keys: [] } }];
    const server = await startAgent({ status: () => said.shift() ?? assert.fail() });
    assert.equal((await say(['key', 'status'])).out, 'here  none: the HA port is closed\n');
    assert.match((await say(['key', 'status'])).out, /\ndallas-2 {2}not heard yet\n$/);
    await server.close();
    assert.equal((await say(['key', 'status'])).code, 3);
  });

  it('rotate: writes, has the agent read it, and says what is next', async () => {
    let reloads = 0;
    await startAgent({
      status: () => peerWith(false),
      reload: () => ((reloads += 1), reload()),
    });
    const { code, out } = await say(['key', 'rotate'], keys);
    assert.equal(code, 0);
    assert.match(
      out,
      /has the new key 11111111, and the former one beside it; the agent uses it\n/,
    );
    assert.match(
      out,
      /next: copy .*ha\.key to every peer.*\nthen: .*understudy key retire on each/,
    );
    assert.deepEqual([asked, reloads], [[`rotate ${FILE}`], 1]);
  });

  it('rotate, without an agent: written, and used from the next start on', async () => {
    const { code, out } = await say(['key', 'rotate'], keys);
    assert.equal(code, 0);
    assert.match(out, /beside it; no agent is running\n/);
  });

  it('rotate, and the agent goes on with another key: exit code 1', async () => {
    await startAgent({ status: () => peerWith(false), reload });
    const { code, err } = await say(['key', 'rotate'], {
      rotateKey: () => Promise.resolve('33333333'),
    });
    assert.equal(code, 1);
    assert.match(err, /but the agent goes on with the key that it had\n {2}remedy/);
  });

  it('rotate, refused by the file: the reason, and the agent is left alone', async () => {
    await startAgent({ status: () => peerWith(false) });
    const rotateKey = (): Promise<string> => Promise.reject(new Error('a rotation is under way'));
    assert.deepEqual(await say(['key', 'rotate'], { rotateKey }), {
      code: 1,
      out: '',
      err: 'understudy: a rotation is under way\n',
    });
  });

  it('retire: only when every peer speaks under the new key, or with --force', async () => {
    let settled = false;
    await startAgent({ status: () => peerWith(settled), reload });
    const refused = await say(['key', 'retire'], keys);
    assert.equal(refused.code, 1);
    assert.match(
      refused.err,
      /dallas-2: not known to speak under the new key yet\n {2}remedy.*--force/,
    );
    assert.deepEqual(asked, []);
    assert.equal((await say(['key', 'retire', '--force'], keys)).code, 0);
    settled = true;
    const done = await say(['key', 'retire'], keys);
    assert.match(done.out, /has key 11111111 and no former one; the agent uses it\n/);
    assert.deepEqual(asked, [`retire ${FILE}`, `retire ${FILE}`]);
  });

  it('retire, without an agent that could tell who has the new key: refused', async () => {
    const { code, err } = await say(['key', 'retire'], keys);
    assert.equal(code, 1);
    assert.match(err, /no agent runs here that could tell/);
    assert.deepEqual(asked, []);
  });

  it('without ha.keyFile there is no key', async () => {
    configure('');
    for (const what of ['rotate', 'retire']) {
      const { code, err } = await say(['key', what], keys);
      assert.equal(code, 2);
      assert.match(err, /expected ha\.keyFile/);
    }
  });
});
