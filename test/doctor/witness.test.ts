// What usually goes wrong with a witness, planted into a sound pair: found with its evidence and a remedy, and nothing
// else is. What the endpoints answer is made up; a server answers in the last tests.
import assert from 'node:assert/strict';
import { TTL_SECONDS } from '../../src/config/schema-ha.js';
import type { Settings } from '../../src/config/settings.js';
import { askWitness } from '../../src/doctor/witness-look.js';
import { EtcdServer } from '../witness/etcd-server.js';
import { until } from '../support/limits.js';
import { describe, it } from '../support/test.js';
import { examine, settingsOf, wrong } from './bench.js';
import { peerActive, settings, sound, textOf, TWO, WITNESS_PLANTS } from './witness-plants.js';

/** Waits for an answer as long as may be: how long a busy machine takes for one is judged nowhere here. */
const patient = (those: Settings): Settings => ({
  ...those,
  witness: those.witness && { ...those.witness, ttlSeconds: TTL_SECONDS[1] },
});

describe('what the doctor says of a witness', () => {
  it('one that is sound has nothing wrong, and where the settings name none nothing is said', async () => {
    const found = await examine({ settings, witness: sound });
    assert.deepEqual(wrong(found), []);
    assert.ok(found.some(({ id, level }) => id === 'witness' && level === 'ok'));
    const byPeer = [{ holder: 'b' }, { endpoint: TWO, holder: 'b' }];
    assert.deepEqual(wrong(await examine({ settings, witness: byPeer, status: peerActive })), []);
    assert.ok(!(await examine()).some(({ id }) => id === 'witness'));
  });

  for (const [what, plant, expected, evidence, remedy] of WITNESS_PLANTS) {
    it(`finds ${what}, and nothing else`, async () => {
      const found = await examine({ settings, ...plant });
      assert.deepEqual(wrong(found), expected);
      const finding = found.find(({ id, level }) => id === 'witness' && level !== 'ok');
      assert.match(finding?.evidence.join('\n') ?? '', evidence);
      assert.match(finding?.remedy.join('\n') ?? '', remedy);
    });
  }

  it('asks each endpoint who has the lease, and takes nothing', async (t) => {
    const server = await EtcdServer.start(t);
    server.key = { value: 'b boot-2', lease: '9' };
    const [one, other] = await askWitness(
      patient(settingsOf(textOf([`http://${server.place}`, 'http://127.0.0.1:1']))),
    );
    assert.equal(one?.why, null);
    assert.equal(one.holder, 'b');
    assert.equal(one.cluster, server.clusterId);
    assert.match(other?.why ?? '', /^connect ECONNREFUSED/);
    // One that is slow to answer is asked twice, and for its state; an order would be any other word.
    const asked = new Set(server.paths());
    for (const path of ['kv/range', 'lease/timetolive']) assert.ok(asked.delete(path), path);
    asked.delete('maintenance/status');
    assert.deepEqual([...asked], []);
  });

  it('learns that there is no leader', async (t) => {
    const server = await EtcdServer.start(t);
    server.leader = '0';
    server.answer = (path) => (path === '/v3/maintenance/status' ? undefined : null);
    const asked = settingsOf(textOf([`http://${server.place}`]));
    await until(
      'no leader, by its own word',
      () => askWitness(asked),
      ([one]) => one?.why?.includes('has no leader') === true,
    );
  });
});
