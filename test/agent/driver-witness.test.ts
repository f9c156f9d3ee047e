// What the driver does with a witness: facts reach the core, orders its client, and the executor hears until when the
// addresses may stand, before there are any.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { Settings } from '../../src/config/settings.js';
import { instant, microseconds } from '../../src/model/units.js';
import { address } from '../core/machine/virtual-router-bench.js';
import { SECOND } from './active-rig.js';
import { INDEX, rig, routerSettings, settingsOf, settle, type Rig } from './rig.js';

const TTL = 6 * SECOND;
const ADDRESS = '10.99.0.100/24';

function witnessed(): Settings {
  const settings = settingsOf([routerSettings({})]);
  const peers = [{ name: 'b', addresses: [address('10.98.0.2')] }];
  return {
    ...settings,
    ha: { ...settings.ha, peers },
    witness: {
      type: 'etcd',
      endpoints: ['http://10.98.0.9:2379'],
      key: '/understudy/test',
      ttlSeconds: 6,
      caFile: null,
      certificateFile: null,
      privateKeyFile: null,
      user: null,
      passwordFile: null,
    },
  };
}

const routerOf = ({ driver }: Rig) => driver.snapshot().virtualRouters[0];

/** The lease is ours, as of now. @returns until when. */
function grant({ driver, kernel }: Rig): number {
  const until = kernel.now() + 0.99 * TTL;
  driver.deliver({
    kind: 'witness',
    fact: { kind: 'ours', token: '1', until: instant(until), ttl: microseconds(TTL) },
  });
  return until;
}

/** Alone since it started, with the lease. */
async function holder(): Promise<{ readonly made: Rig; readonly until: number }> {
  const made = rig({ settings: witnessed() });
  made.kernel.suspendedFor = 3_000;
  made.driver.start();
  await settle();
  made.driver.deliver({ kind: 'witness', fact: { kind: 'free' } });
  made.kernel.advance(3_700_000);
  await settle();
  assert.equal(routerOf(made)?.state, 'Backup');
  made.kernel.advance(1_300_000);
  const until = grant(made);
  made.kernel.advance(TTL - 5 * SECOND);
  await settle();
  assert.equal(routerOf(made)?.reason, 'witness-granted');
  return { made, until };
}

describe('a driver with a witness', () => {
  it('asks for the lease, and tells the executor its end before it has an address', async () => {
    const { made, until } = await holder();
    const lines = made.trace.lines(0, 'witness', 'hold-until', 'script', 'will');
    assert.ok(lines.includes('witness hold'), lines.join('\n'));
    const told = lines.indexOf(`hold until ${until + 3_000}`);
    assert.ok(told >= 0, lines.join('\n'));
    assert.ok(told < lines.findIndex((line) => line.startsWith('script')), lines.join('\n'));
    assert.ok(made.kernel.has(INDEX, ADDRESS));
  });

  it('puts that off when the lease is renewed, and lets go in time when it is not', async () => {
    const { made } = await holder();
    const mark = made.trace.length;
    const until = grant(made);
    await settle();
    assert.deepEqual(made.trace.lines(mark, 'hold-until'), [`hold until ${until + 3_000}`]);
    made.kernel.advance(until - made.kernel.now() - SECOND);
    await settle();
    assert.deepEqual([routerOf(made)?.state, routerOf(made)?.reason], ['Backup', 'witness-lost']);
    assert.equal(made.kernel.has(INDEX, ADDRESS), false);
  });

  it('lets go at once after a suspension in which the lease ended', async () => {
    const { made } = await holder();
    made.kernel.suspendedFor += TTL;
    made.kernel.advance(SECOND);
    await settle();
    assert.equal(routerOf(made)?.reason, 'witness-lost');
  });
});
