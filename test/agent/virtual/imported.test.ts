// Two keepalived.conf, imported, run as a pair in virtual time: the role moves when keepalived would move it. What
// the lines become is in test/import.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { FILE, importText, loaded } from '../../import/bench.js';
import { parseAddress } from '../../../src/model/address.js';
import type { Settings } from '../../../src/config/settings.js';
import { describe, it } from '../../support/test.js';
import { Appliance } from './appliance.js';
import { folderOfThisProcess, inPlace, type Pair } from './pair.js';
import { otherOf, type Side } from './story.js';
import { ADDRESSES, World } from './world.js';

/** Two load balancers: a has 101, b 100, and haproxy counts for two points. */
const conf = (side: Side, weight: string, more = ''): string => `
vrrp_script haproxy {
  script "/usr/bin/killall -0 haproxy"
  ${weight}
}
vrrp_instance lan {
  state ${side === 'a' ? 'MASTER' : 'BACKUP'}
  interface eth0
  virtual_router_id 51
  priority ${side === 'a' ? 101 : 100}
  advert_int 0.05
  ${more}
  virtual_ipaddress {
    10.99.0.100/24
  }
  track_script {
    haproxy
  }
}`;

function settingsFor(side: Side, text: string, peers: boolean): Settings {
  const other = otherOf(side);
  const addresses = [ADDRESSES[other].ha, ADDRESSES[other].lan].flatMap(
    (one) => parseAddress(one) ?? [],
  );
  const peer = peers ? { name: other, addresses } : null;
  const result = importText(text, { name: side, primary: side === 'a', peer });
  assert.ok(result.ok, FILE);
  const settings = loaded(result);
  const keyFile = peers ? join(folderOfThisProcess(), 'ha.key') : null;
  return {
    ...settings,
    name: side,
    ha: { ...settings.ha, keyFile },
    realtime: { ...settings.realtime, enabled: false },
  };
}

async function startImported(
  weight: string,
  { peers = true, more = '' } = {},
): Promise<Pair & { fail: (side: Side, failed: boolean) => void }> {
  const world = new World();
  const make = (side: Side): Appliance =>
    new Appliance(world, side, settingsFor(side, conf(side, weight, more), peers));
  const pair = { world, a: make('a'), b: make('b') };
  for (const side of ['a', 'b'] as const) {
    report(pair[side], false);
    await pair[side].start();
    await world.until('a holds', () => world.holders().join() === 'a');
  }
  return { ...pair, fail: (side, failed) => report(pair[side], failed) };
}

/** What the prober says of the imported check. */
function report(appliance: Appliance, failed: boolean): void {
  const [check] = appliance.settings.monitors.checks;
  assert.ok(check !== undefined);
  const { name, weight = 'soft' } = check;
  appliance.monitor({ name, state: failed ? 'failed' : 'ok', detail: '', weight });
}

const holds = ({ world }: Pair, side: Side): Promise<number> =>
  world.until(`${side} holds`, () => world.holders().join() === side);

describe('two imported sides', () => {
  for (const peers of [true, false]) {
    const how = peers ? 'with an HA port' : 'by advertisements alone';
    for (const weight of ['weight 2', 'weight -2', '']) {
      it(`${weight || 'no weight'}, ${how}: the failed side gives the role, and takes it back`, async () => {
        const pair = await startImported(weight, { peers });
        pair.fail('a', true);
        await holds(pair, 'b');
        pair.fail('a', false);
        await holds(pair, 'a');
      });
    }

    it(`a difference that the weight does not outweigh moves nothing, ${how}`, async () => {
      const pair = await startImported('weight 1', { peers });
      pair.fail('b', true);
      await pair.world.run(2_000);
      assert.deepEqual(pair.world.holders(), ['a']);
    });
  }

  it('nopreempt beside state MASTER is not heeded, as with keepalived: a comes back', async () => {
    const pair = await startImported('weight 2', { more: 'nopreempt' });
    const { a } = pair;
    a.kill();
    await holds(pair, 'b');
    await a.start();
    await inPlace(pair, 'a');
  });

  it('nopreempt beside state BACKUP: the other keeps the role', async () => {
    const world = new World();
    const make = (side: Side): Appliance => {
      const text = conf(side, 'weight 2', 'nopreempt').replace('state MASTER', 'state BACKUP');
      return new Appliance(world, side, settingsFor(side, text, true));
    };
    const pair = { world, a: make('a'), b: make('b') };
    await pair.a.start();
    await holds(pair, 'a');
    await pair.b.start();
    await inPlace(pair, 'a');
    pair.a.kill();
    await holds(pair, 'b');
    await pair.a.start();
    await world.run(5_000);
    assert.deepEqual(world.holders(), ['b']);
  });
});
