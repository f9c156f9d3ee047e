// Shared settings between two real agents, each in a network namespace of its own, with their services, TLS and files.
// What follows from what: keeper.test.ts; which version is newer: test/sync. In CI only: it starts programs.
import assert from 'node:assert/strict';
import { after, before, describe, it } from '../support/test.js';
import { enterNamespace, ip } from '../support/namespace.js';
import { until } from '../support/limits.js';
import { RealPair, servicesOf, textFor, type Name } from './real-pair.js';

const skip =
  process.env['CI'] === 'true' ? enterNamespace(import.meta.url) : 'starts programs: in CI only';

describe('shared settings of two agents, ha.sync: offer', { skip }, () => {
  const pair = new RealPair();
  const say: RealPair['say'] = (name, ...words) => pair.say(name, ...words);
  const textOf = (name: Name): string => pair.textOf(name);
  const edit: RealPair['edit'] = (name, from, to) => pair.edit(name, from, to);
  const inState: RealPair['inState'] = (name, state) => pair.inState(name, state);

  before(() => pair.start('offer'));
  after(() => pair.end());

  it('are the same version; a change is seen, shown, and taken over by pull', async () => {
    edit('a', 'advertisementIntervalMs: 1000', 'advertisementIntervalMs: 2000');
    const status = await inState('b', 'differs');
    const [peer] = status.sync?.peers ?? [];
    assert.deepEqual(peer?.differing, ['virtualRouters[lan].advertisementIntervalMs']);
    const shown = say('b', 'sync', 'diff');
    assert.equal(shown.code, 1);
    assert.match(shown.out, /advertisementIntervalMs +1000 +1000 +2000 +a/);
    const pulled = say('b', 'sync', 'pull');
    assert.deepEqual(
      [pulled.code, pulled.out],
      [0, 'taken from a: virtualRouters[lan].advertisementIntervalMs\n'],
    );
    for (const name of ['a', 'b'] as const) await inState(name, 'in-sync');
    assert.equal(
      textOf('b'),
      textFor(pair.homes.b, 'b', 'offer').replace('IntervalMs: 1000', 'IntervalMs: 2000'),
    );
    assert.match(say('b', 'status').out, /settings +in sync with a/);
    assert.equal(say('b', 'sync', 'diff').code, 0);
  });

  it('are pushed; what the other refuses is named, and nothing is changed there', async () => {
    edit('a', 'vrid: 51', 'vrid: 51\n    checksum: rfc5798');
    await inState('b', 'differs');
    assert.deepEqual(say('a', 'sync', 'push', 'b'), { code: 0, out: 'b has what is here\n' });
    assert.match(textOf('b'), /checksum: rfc5798/);
    await inState('a', 'in-sync');
    ip('link add only-here type veth peer name its-end');
    edit('a', 'ha:\n', 'linkMonitoring: { pairs: [[only-here, lan]], minimumActive: 0 }\nha:\n');
    await inState('b', 'differs');
    const unchanged = textOf('b');
    const refused = say('a', 'sync', 'push');
    assert.equal(refused.code, 1);
    assert.match(refused.out, /only-here, which it does not have/);
    assert.equal(textOf('b'), unchanged);
    edit('a', 'linkMonitoring: { pairs: [[only-here, lan]], minimumActive: 0 }\n', '');
    for (const name of ['a', 'b'] as const) await inState(name, 'in-sync');
  });

  it('go on after the service was killed: another one takes its place', async () => {
    // A change that is not confirmed would be taken back by the next service.
    await pair.agents.b.until(({ sync }) => sync !== undefined && sync.unconfirmed === undefined);
    const pid = servicesOf(pair.agents.b.pid)[0];
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    await until(
      'another service',
      () => servicesOf(pair.agents.b.pid),
      (found) => found.length === 1 && found[0] !== pid,
    );
    edit('a', 'advertisementIntervalMs: 2000', 'advertisementIntervalMs: 1000');
    await inState('b', 'differs');
    await until(
      'the outcome of a pull',
      () => say('b', 'sync', 'pull'),
      ({ code }) => code === 0,
    );
    for (const name of ['a', 'b'] as const) await inState(name, 'in-sync');
  });
});
