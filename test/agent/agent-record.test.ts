// What an agent writes down for the next one: before a command is answered, forced to the disk, and found
// again after a restart. With a whole agent in this process; the bytes of state.json are in state-file.test.
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, it } from '../support/test.js';
import type { CommandOutcome } from '../../src/control/protocol.js';
import type { ReplaceFile } from '../../src/files/background-file.js';
import { atomicWriteFile } from '../../src/files/atomic-write.js';
import { until } from '../support/limits.js';
import { benchFolder, startBench } from './agent-bench.js';
import { settle } from './rig.js';

/** Holds every writing of state.json from `hold` on, until `release`. */
function gate() {
  const waiting: (() => void)[] = [];
  let held = false;
  let failure: Error | null = null;
  const replace: ReplaceFile = async (path, text, options) => {
    if (basename(path) === 'state.json' && held) {
      const released = new Promise<void>((resolve) => waiting.push(resolve));
      await released;
      if (failure !== null) throw failure;
    }
    await atomicWriteFile(path, text, options);
  };
  return {
    replace,
    waiting,
    hold: () => (held = true),
    release: (error: Error | null = null) => {
      held = false;
      failure = error;
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

const BYPASS = { bypass: { hook: '/usr/lib/understudy/relay', segments: ['pair-1'] } };

describe('a command that outlives the agent', () => {
  for (const [name, argument] of [
    ['maintenance', 'on'],
    ['bypass', 'engage'],
  ] as const) {
    it(`${name} ${argument} is answered once state.json is written, not before`, async (t) => {
      const disk = gate();
      t.after(() => disk.release());
      const bench = await startBench(benchFolder(t), BYPASS, disk.replace);
      await settle();
      disk.hold();
      const answers: CommandOutcome[] = [];

      const command = bench.control
        .command(name, argument, name === 'maintenance')
        .then((one) => answers.push(one));
      await until('a writing of state.json under way', () => disk.waiting.length > 0);
      // The agent is well, and answers others meanwhile: this one waits for the disk alone.
      await bench.control.status();
      await settle();
      assert.deepEqual(answers, [], 'answered before state.json is written');
      disk.release();
      await command;

      assert.deepEqual(
        answers.map(({ ok }) => ok),
        [true],
      );
    });
  }

  it('is answered with what went wrong when it cannot be written', async (t) => {
    const disk = gate();
    t.after(() => disk.release());
    const bench = await startBench(benchFolder(t), {}, disk.replace);
    await settle();
    disk.hold();
    const command = bench.control.command('maintenance', 'on', true);
    await until('a writing of state.json under way', () => disk.waiting.length > 0);
    disk.release(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }));
    const outcome = await command;
    assert.match(
      outcome.ok ? outcome.detail : '',
      /not recorded yet, so a restart would not know of it: .*ENOSPC/,
    );
  });
});

it('state.json is forced to the disk, status.json is not', async (t) => {
  const durable = new Map<string, boolean>();
  const replace: ReplaceFile = async (path, text, options) => {
    durable.set(basename(path), options.durable);
    await atomicWriteFile(path, text, options);
  };
  const bench = await startBench(benchFolder(t), {}, replace);
  await bench.control.command('maintenance', 'on', true);
  await bench.stop();
  assert.deepEqual(Object.fromEntries(durable), { 'state.json': true, 'status.json': false });
});

it('an order is recorded with the user who gave it, by the word of the kernel', async (t) => {
  const bench = await startBench(benchFolder(t));
  await bench.control.command('maintenance', 'on', true);
  const details: unknown[] = [];
  await bench.control.events({
    follow: false,
    onRecord: ({ event, detail }) => {
      if (event === 'maintenance') details.push(detail);
    },
  });
  assert.match(details.join(), /: on by root, forced$/);
});

describe('after a restart', () => {
  const ordered = (requests: readonly { argv: readonly string[] }[]): string[] =>
    requests.map(({ argv }) => argv.join(' ')).filter((call) => call.includes(' set '));

  it('bypass engage is in force still, and the relay is told again', async (t) => {
    const folder = benchFolder(t);
    const first = await startBench(folder, BYPASS);
    await first.control.command('bypass', 'engage');
    await first.stop();

    const second = await startBench(folder, BYPASS);
    await settle();

    const { bypass, virtualRouters } = second.agent.status();
    assert.equal(bypass?.desired, 'bypass');
    assert.equal(virtualRouters[0]?.state, 'Initialize', 'out of the election');
    assert.match(ordered(second.hooks.requests).join('; '), / set .*bypass/);
  });

  it('bypass release is in force still', async (t) => {
    const folder = benchFolder(t);
    const first = await startBench(folder, BYPASS);
    await first.control.command('bypass', 'engage');
    await first.control.command('bypass', 'release');
    await first.stop();
    const second = await startBench(folder, BYPASS);
    await settle();
    assert.notEqual(second.agent.status().bypass?.desired, 'bypass');
  });
});
