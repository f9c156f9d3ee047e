// `understudy failover --wait`: when it orders again, and when it gives up.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, it } from '../support/test.js';
import type { CommandOutcome } from '../../src/control/protocol.js';
import type { Status } from '../../src/model/status.js';
import { config, folder, say, startAgent, useFolder } from './command-bench.js';
import { healthy } from './statuses.js';
import { eventOf } from '../support/limits.js';

useFolder();
beforeEach(() =>
  writeFileSync(
    config,
    `runtimeDirectory: ${folder}
stateDirectory: ${folder}/state
virtualRouters: [{ name: lan, interface: lo, vrid: 51, addresses: [10.99.0.100/24] }]
`,
  ),
);

describe('failover --wait', () => {
  const refused: CommandOutcome = {
    ok: false,
    code: 'refused',
    message: 'nobody',
    remedy: 'see',
  };
  const away = (ready: boolean): Status => ({
    ...healthy,
    readiness: [{ direction: 'away', ready, to: [], hindrances: [] }],
  });
  const passive = healthy.virtualRouters.map((one) => ({ ...one, state: 'Backup' as const }));
  const quick = { watchIntervalMs: 1 };

  /** An agent that answers orders and questions in turn, the last answer for ever. @returns what it was asked. */
  async function answers(outcomes: CommandOutcome[], statuses: Status[]): Promise<string[]> {
    const asked: string[] = [];
    const next = <T>(all: T[]): T =>
      (all.length > 1 ? all.shift() : all[0]) ?? assert.fail('an answer');
    await startAgent({
      command: (name) => {
        asked.push(name);
        return Promise.resolve(next(outcomes));
      },
      status: () => {
        if (asked.at(-1) !== 'status') asked.push('status');
        return next(statuses);
      },
    });
    return asked;
  }

  it('orders again, and not before the status says that somebody can take over', async () => {
    const outcomes = [refused, { ok: true, detail: 'done so' } as const];
    const asked = await answers(outcomes, [away(false), away(false), away(true)]);
    assert.deepEqual(await say(['failover', '--wait', '60'], quick), {
      code: 0,
      out: 'done so\n',
      err: '',
    });
    assert.deepEqual(asked, ['failover', 'status', 'failover']);
  });

  it('orders once more where the time is over, and says why it is refused then', async () => {
    const later = { ...refused, message: 'nobody yet' };
    const asked = await answers([refused, later], [away(false)]);
    const { code, err } = await say(['failover', '--wait', '1'], quick);
    assert.deepEqual([code, err], [1, 'understudy: nobody yet\n  remedy  see\n']);
    assert.deepEqual(asked, ['failover', 'status', 'failover']);
  });

  it('asks an agent that says nothing of it by the order', async () => {
    const { readiness: _, ...former } = away(false);
    const asked = await answers([refused, refused, { ok: true, detail: 'so' }], [former]);
    assert.equal((await say(['failover', '--wait', '60'], quick)).code, 0);
    assert.equal(asked.filter((one) => one === 'failover').length, 3);
  });

  it('goes on while the agent does not answer, and orders when it does again', async () => {
    let asked = 0;
    let looks = 0;
    const told = new EventEmitter();
    const looked = eventOf(told, 'look');
    const server = await startAgent({
      command: () => Promise.resolve(refused),
      status: () => {
        told.emit('look');
        return away(false);
      },
    });
    const waiting = say(['failover', '--wait', '60'], quick);
    await looked;
    await server.close();
    // Somebody takes the question and does not answer it.
    const deaf = createServer((socket) => {
      socket.destroy();
      told.emit('refused');
    });
    const refusedOnce = eventOf(told, 'refused');
    deaf.listen(join(folder, 'control.sock'));
    await refusedOnce;
    const closed = eventOf(deaf, 'close');
    deaf.close();
    await closed;
    await startAgent({
      command: () => {
        asked += 1;
        return Promise.resolve({ ok: true, detail: 'done so' });
      },
      status: () => {
        looks += 1;
        return away(true);
      },
    });
    assert.deepEqual([(await waiting).out, asked, looks > 0], ['done so\n', 1, true]);
  });

  it('ends where nothing is Active here any longer, and without it at once', async () => {
    const asked = await answers([refused], [{ ...away(false), virtualRouters: passive }]);
    assert.equal((await say(['failover', '--wait', '60'], quick)).code, 1);
    assert.equal((await say(['failover'])).code, 1);
    assert.deepEqual(asked, ['failover', 'status', 'failover']);
  });

  for (const seconds of ['ten', '-1', '1.5', '3601', '']) {
    it(`refuses what is no number of seconds: '${seconds}'`, async () => {
      const asked = await answers([{ ok: true, detail: '' }], [away(true)]);
      const { code, err } = await say(['failover', `--wait=${seconds}`]);
      assert.equal(code, 2);
      assert.match(err, /expected whole seconds, 3600 at most, for --wait, found "/);
      assert.deepEqual(asked, []);
    });
  }
});
