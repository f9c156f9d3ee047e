// Three real agents that follow each other, each in a network namespace of its own. What follows from what:
// three.test.ts; that no role moves: test/agent/virtual. In CI only: it starts programs.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from '../support/test.js';
import { enterNamespace } from '../support/namespace.js';
import { until } from '../support/limits.js';
import { RealPair, THREE, type Name } from './real-pair.js';

const skip =
  process.env['CI'] === 'true' ? enterNamespace(import.meta.url) : 'starts programs: in CI only';

const said = (error: unknown) => ({ ok: false, message: String(error) });

describe('shared settings of three agents, ha.sync: follow', { skip }, () => {
  const three = new RealPair(undefined, THREE);
  before(() => three.start('follow'));
  after(() => three.end());

  /** `done`, with what is remarked on; or what an operator is told. */
  const told = async (name: Name, setting: string, value: number): Promise<string> => {
    try {
      const outcome = await three.agents[name].control.set(setting, String(value));
      if (!outcome.ok) return JSON.stringify(outcome.errors);
      return ['done', ...outcome.warnings.map(({ message }) => message)].join('; ');
    } catch (error) {
      return (error as Error).message;
    }
  };

  /** Made again, as the remedy has it, where it met another change or a host was too slow. */
  const set = async (name: Name, value: number, done = 'done'): Promise<void> => {
    const words = await until(
      `maximum-flaps ${value} set on ${name}`,
      () => told(name, 'maximum-flaps', value),
      (given) => given.startsWith('done'),
    );
    // It says who follows later.
    if (words === done) return;
    await until(
      `${value} on all, since what was said is: ${words}`,
      () => THREE.map(flapsOf),
      (flaps) => flaps.every((one) => one === value),
    );
  };

  const flapsOf = (name: Name): number =>
    Number(/maximumFlaps: (\d+)/.exec(three.textOf(name))?.[1] ?? 3);

  const inForce = async (name: Name, setting: string): Promise<unknown> => {
    const { settings } = await three.agents[name].control.settings();
    return settings.find((one) => one.setting === setting)?.value;
  };

  const allInSync = async (): Promise<void> => {
    for (const name of THREE) await three.inState(name, 'in-sync');
  };

  /** Its control socket is there. */
  const answers = (name: Name) =>
    until(
      `an answer of ${name}`,
      () => three.agents[name].status().catch(() => null),
      (status) => status !== null,
    );

  const stateOfC = (name: Name, state: string) =>
    three.agents[name].until(
      ({ sync }) => sync?.peers.find((peer) => peer.name === 'c')?.state === state,
    );

  it('have what is set on any of them once it is said to be done', async () => {
    for (const [author, value] of [
      ['a', 5],
      ['b', 6],
      ['c', 7],
    ] as const) {
      await set(author, value);
      for (const name of THREE) {
        assert.equal(flapsOf(name), value, `${name}, set on ${author}`);
        assert.equal(await inForce(name, 'maximum-flaps'), value, `${name}, set on ${author}`);
      }
    }
  });

  it('have one author at a time: of two at once one is told so, or comes second', async () => {
    await allInSync();
    const outcomes = await Promise.all([
      told('a', 'maximum-flaps', 11),
      told('b', 'peer-recovery-threshold', 9),
    ]);
    await allInSync();
    const found = await Promise.all(
      THREE.map(async (name) => [
        await inForce(name, 'maximum-flaps'),
        await inForce(name, 'peer-recovery-threshold'),
      ]),
    );
    assert.deepEqual(found, [found[0], found[0], found[0]], 'one and the same');
    const there = [found[0]?.[0] === 11, found[0]?.[1] === 9];
    outcomes.forEach((words, index) => {
      if (words.startsWith('done')) assert.equal(there[index], true, words);
      if (words.includes('changed-meanwhile')) assert.equal(there[index], false, words);
    });
  });

  it('refuse together what the last of them does not take', async () => {
    const former = THREE.map((name) => three.textOf(name));
    const edited = `${former[2]}# edited\n`.replace('vrid: 51', 'vrid: 52');
    writeFileSync(three.homes.c.settingsFile, edited);
    await until(
      'the refusal of c',
      () => told('a', 'maximum-flaps', 12),
      (words) => words.includes('on c, the settings file as the agent runs with it'),
    );
    assert.deepEqual(
      THREE.map((name) => three.textOf(name)),
      [former[0], former[1], edited],
    );
    writeFileSync(three.homes.c.settingsFile, former[2] ?? '');
    await set('a', 12);
    for (const name of THREE) assert.equal(flapsOf(name), 12, name);
  });

  it('go on without one that shares nothing, which comes along when it follows', async () => {
    await allInSync();
    await three.agents.c.end('SIGTERM');
    const own = three.textOf('c');
    // To the others it is one of a release that knows of no shared settings.
    writeFileSync(three.homes.c.settingsFile, own.replace('sync: follow', 'sync: off'));
    three.run('c');
    await answers('c');
    for (const name of ['a', 'b'] as const) {
      await three.agents[name].until(({ sync }) => {
        const detail = sync?.peers.find((peer) => peer.name === 'c')?.detail;
        return detail === 'it does not tell of its shared settings';
      });
    }
    await set(
      'b',
      13,
      'done; c shares no settings (ha.sync is off there, or it is older): set it there too',
    );
    assert.deepEqual(THREE.map(flapsOf), [13, 13, 12]);
    writeFileSync(three.homes.c.settingsFile, own);
    await until(
      'a reload of c',
      () => three.agents.c.control.reload().catch(said),
      ({ ok }) => ok,
    );
    await allInSync();
    assert.deepEqual(THREE.map(flapsOf), [13, 13, 13]);
  });

  it('are in conflict when two were edited apart: nothing moves until an operator decides', async () => {
    await three.agents.c.end('SIGTERM');
    await until(
      'maximum-flaps 14 set on a, without c',
      () => told('a', 'maximum-flaps', 14),
      (words) => words.startsWith('done'),
    );
    // The other one has it; c has not.
    await until(
      '14 on b',
      () => flapsOf('b'),
      (flaps) => flaps === 14,
    );
    const apart = three.textOf('c').replace('maximumFlaps: 13', 'maximumFlaps: 15');
    writeFileSync(three.homes.c.settingsFile, apart);
    three.run('c');
    await answers('c');
    await three.inState('c', 'conflict');
    for (const name of ['a', 'b'] as const) await stateOfC(name, 'conflict');
    assert.deepEqual(THREE.map(flapsOf), [14, 14, 15]);
    assert.equal(three.textOf('c'), apart);
    const { peers } = await three.agents.c.control.sync();
    assert.deepEqual(peers.find(({ name }) => name === 'a')?.differences, [
      { setting: 'maximum-flaps', base: 13, mine: 15, theirs: 14, changed: 'both' },
    ]);
    await until(
      'the outcome of a pull',
      () => three.agents.c.control.pull('a').catch(said),
      ({ ok }) => ok,
    );
    await allInSync();
    assert.deepEqual(THREE.map(flapsOf), [14, 14, 14]);
  });
});
