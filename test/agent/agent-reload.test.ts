// What a reload does to a whole agent: what the service manager is told of it, and what only a restart
// can change. Not what the settings mean.
import assert from 'node:assert/strict';
import fs, { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import type { EventRecord } from '../../src/model/status.js';
import { it } from '../support/test.js';
import { benchFolder, startBench } from './agent-bench.js';
import { settle } from './rig.js';

it('a reload is begun and ended for the service manager, also when it is refused', async (t) => {
  const { agent, kernel, write } = await startBench(benchFolder(t));
  const router = { name: 'lan', interface: 'eth0', vrid: 51, addresses: ['10.99.0.100/24'] };
  const expected = [`RELOADING=1\nMONOTONIC_USEC=${kernel.clock}`, 'READY=1'];
  for (const [change, ok] of [
    [{ priority: 120 }, true],
    [{ vrid: 0 }, false],
    [{ priority: 130 }, true],
  ] as const) {
    kernel.notifications.length = 0;
    write({ virtualRouters: [{ ...router, ...change }] });
    assert.equal((await agent.reload()).ok, ok);
    assert.deepEqual(kernel.notifications, expected);
  }
});

for (const directory of ['runtimeDirectory', 'stateDirectory'] as const) {
  it(`${directory} needs a restart: the reload is refused, and nothing of the file applies`, async (t) => {
    const folder = benchFolder(t);
    const { agent, control, write } = await startBench(folder);
    write({ [directory]: `${folder}/elsewhere`, name: 'other' });

    const outcome = await control.reload();

    assert.ok(!outcome.ok, 'accepted');
    assert.deepEqual(
      outcome.errors.map(({ code, path, found }) => [code, path, found]),
      [['needs-restart', directory, `${folder}/elsewhere`]],
    );
    assert.match(outcome.errors[0]?.remedy ?? '', /^restart the agent/);
    assert.notEqual(agent.status().name, 'other');
    assert.match(JSON.stringify(agent.status().health), /settings in force stay/);

    write({});
    assert.equal((await control.reload()).ok, true);
    assert.doesNotMatch(JSON.stringify(agent.status().health), /settings in force stay/);
  });
}

it('the event says that settings are applied when they are, however slow the disk is', async (t) => {
  let slow = (): Promise<void> => Promise.resolve();
  const seen: string[] = [];
  const { agent, write } = await startBench(
    benchFolder(t),
    {},
    () => slow(),
    (fields) => {
      if (!('event' in fields) || fields.event !== 'settings-applied') return;
      // Who reads the line and asks is served by the next turn.
      setImmediate(() => seen.push(agent.status().name));
    },
  );
  write({ name: 'latter' });
  slow = settle;
  assert.ok((await agent.reload()).ok);
  await settle();
  assert.deepEqual(seen, ['latter']);
});

it('the thread of the protocol reads no settings: however long that takes, another one does', async (t) => {
  const folder = benchFolder(t);
  const { agent, control, write } = await startBench(folder);
  let threads = 0;
  const begun = (): void => void (threads += 1);
  process.on('worker', begun);
  const opened = t.mock.method(fs, 'openSync');
  syncBuiltinESMExports();
  t.after(() => {
    process.off('worker', begun);
    opened.mock.restore();
    syncBuiltinESMExports();
  });
  for (const order of [() => agent.reload(), () => control.set('ha-port', '7300')]) {
    write({ unknown: 1 });
    threads = 0;
    opened.mock.resetCalls();
    assert.equal((await order()).ok, false);
    assert.equal(threads, 1);
    const here = opened.mock.calls.map(({ arguments: [path] }) => path);
    assert.ok(!here.includes(join(folder, 'understudy.yaml')), here.join());
  }
});

it('a reload that waits serves all who ask meanwhile, and reads what is there then', async (t) => {
  const { agent, kernel, write } = await startBench(benchFolder(t));
  kernel.notifications.length = 0;
  const first = agent.reload();
  const others = [agent.reload(), agent.reload()];
  await first;
  write({ name: 'latter' });
  const last = agent.reload();
  assert.ok((await Promise.all([...others, last])).every(({ ok }) => ok));
  assert.equal(agent.status().name, 'latter');
  assert.ok(kernel.notifications.length <= 6, kernel.notifications.join());
});

it('who ordered a reload stands in its event, those that one serves together, and in that of a refusal', async (t) => {
  const folder = benchFolder(t);
  const { agent, write, stop } = await startBench(folder);
  const first = agent.reload('alice');
  await settle();
  const second = Promise.all([agent.reload('bob'), agent.reload('carol'), agent.reload()]);
  await Promise.all([first, second]);
  write({ virtualRouters: [] });
  assert.equal((await agent.reload('dave')).ok, false);
  await stop();
  const told = readFileSync(join(folder, 'events.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => /settings-applied|reload-refused/.test(line))
    .map((line) => JSON.parse(line) as EventRecord);
  assert.deepEqual(
    told.map(({ event, orderedBy }) => [event, orderedBy]),
    [
      ['settings-applied', 'alice'],
      ['settings-applied', 'bob, carol'],
      ['reload-refused', 'dave'],
    ],
  );
  assert.match(told[0]?.detail ?? '', /^nothing differs \(ordered by alice\)$/);
});
