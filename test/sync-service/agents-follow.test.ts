// Two real agents that follow each other, each in a network namespace of its own. What follows from what:
// follow.test.ts; that no role moves: test/agent/virtual. In CI only: it starts programs.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from '../support/test.js';
import { enterNamespace, ip } from '../support/namespace.js';
import { until } from '../support/limits.js';
import { NAMES, RealPair, type Name } from './real-pair.js';

const skip =
  process.env['CI'] === 'true' ? enterNamespace(import.meta.url) : 'starts programs: in CI only';

describe('shared settings of two agents, ha.sync: follow', { skip }, () => {
  const pair = new RealPair();
  before(async () => {
    await pair.start('follow');
    await pair.agents.a.transition('Active');
  });
  after(() => pair.end());

  const bothHave = async (words: string): Promise<void> => {
    for (const name of NAMES) {
      await until(
        `${words} in the file of ${name}`,
        () => pair.textOf(name),
        (text) => text.includes(words),
      );
      await pair.inState(name, 'in-sync');
      assert.match(pair.textOf(name), new RegExp(`^# ${name}'s own\n`));
    }
  };

  /** A host that is too slow for the answer is told to try again: until it is done. */
  const done = (name: Name, ...words: readonly string[]) =>
    until(
      `${words.join(' ')} done on ${name}`,
      () => pair.say(name, ...words),
      ({ code }) => code === 0,
    );

  it('have what is set on either, in the file and in force, when the command returns', async () => {
    for (const [name, other, value] of [
      ['a', 'b', '5'],
      ['b', 'a', '6'],
    ] as const) {
      await done(name, 'set', 'maximum-flaps', value);
      for (const one of [name, other]) {
        const got = pair.say(one, 'get', 'maximum-flaps');
        assert.match(got.out, new RegExp(`\\b${value}\\b`), `${one}: ${got.out}`);
        assert.match(pair.textOf(one), new RegExp(`maximumFlaps: ${value}\\b`));
      }
    }
  });

  it('have an edit of the file when it is reloaded', async () => {
    pair.edit('b', 'advertisementIntervalMs: 1000', 'advertisementIntervalMs: 2000');
    await bothHave('advertisementIntervalMs: 2000');
  });

  it('have another HA port at once, and go on hearing each other', async () => {
    await done('a', 'set', 'ha-port', '7113');
    await bothHave('port: 7113');
    for (const name of NAMES) {
      await pair.agents[name].until(({ peers }) => peers[0]?.state === 'healthy');
      await pair.agents[name].until(({ sync }) => sync?.unconfirmed === undefined);
    }
    await bothHave('port: 7113');
  });

  it('refuse together what one of them has not: it is named, and in force nowhere', async () => {
    ip('link add only-here type veth peer name its-end');
    const [former, other] = NAMES.map((name) => pair.textOf(name));
    const monitored = 'linkMonitoring: { pairs: [[only-here, lan]], minimumActive: 0 }\nha:\n';
    writeFileSync(pair.homes.a.settingsFile, (former ?? '').replace('ha:\n', monitored));
    await until(
      'the refusal of b',
      () => pair.say('a', 'reload'),
      ({ code, out }) =>
        code === 2 &&
        /on b, an interface of this appliance[^]*only-here, which it does not have/.test(out),
    );
    assert.equal(pair.textOf('b'), other);
    assert.doesNotMatch(pair.say('a', 'get').out, /only-here/);
    await pair.agents.a.until(({ health }) =>
      health.reasons.some((reason) => /the settings in force stay: .*only-here/.test(reason)),
    );
    writeFileSync(pair.homes.a.settingsFile, former ?? '');
    await done('a', 'reload');
    for (const name of NAMES) await pair.inState(name, 'in-sync');
  });

  it('leave the file as it was when the other refuses what is set', async () => {
    const [former, other] = NAMES.map((name) => pair.textOf(name));
    // Edited there, and not reloaded: nobody writes over it.
    writeFileSync(pair.homes.b.settingsFile, `${other}# edited\n`.replace('vrid: 51', 'vrid: 52'));
    await until(
      'the refusal of b',
      () => pair.say('a', 'set', 'maximum-flaps', '9'),
      ({ code, out }) =>
        code !== 0 && /on b, the settings file as the agent runs with it/.test(out),
    );
    assert.equal(pair.textOf('a'), former);
    writeFileSync(pair.homes.b.settingsFile, other ?? '');
    await done('a', 'set', 'maximum-flaps', '9');
  });
});
