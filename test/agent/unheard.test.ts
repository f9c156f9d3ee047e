// Who is loud and not heard: from which packet on, for how long, and how many are remembered.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { MAXIMUM_SOURCES, Unheard } from '../../src/agent/unheard.js';
import { linkReasons } from '../../src/agent/link-reasons.js';
import { instant } from '../../src/model/units.js';
import { activeRouter } from '../cli/statuses.js';
import { VRRP_GROUP } from '../../src/wire/advertisement.js';
import { address } from '../support/fake-kernel.js';
import { INDEX, rig, routerSettings, settingsOf, settle } from './rig.js';

const SECOND = 1_000_000;

/** So many packets of each source, a second apart, from 0 on. */
function after(count: number, sources = ['10.99.0.9']): Unheard {
  const unheard = new Unheard();
  for (let at = 0; at < count; at += 1) {
    for (const source of sources) {
      unheard.note('lan', source, 'version', '2', instant(at * SECOND));
    }
  }
  return unheard;
}

describe('a router that is loud and not heard', () => {
  it('is one from its third packet on: one may be a slip', () => {
    assert.deepEqual(after(2).loud('lan', instant(SECOND)), []);
    assert.deepEqual(after(3).loud('lan', instant(2 * SECOND)), [
      { source: '10.99.0.9', reason: 'version', detail: '2' },
    ]);
  });

  it('is none any more when ten seconds have passed without it, and begins anew', () => {
    const unheard = after(3);
    assert.equal(unheard.loud('lan', instant(12 * SECOND)).length, 1);
    assert.deepEqual(unheard.loud('lan', instant(12 * SECOND + 1)), []);
    unheard.note('lan', '10.99.0.9', 'version', '2', instant(13 * SECOND));
    assert.deepEqual(unheard.loud('lan', instant(13 * SECOND)), []);
  });

  it('is of its virtual router', () => {
    assert.deepEqual(after(3).loud('wan', instant(2 * SECOND)), []);
  });

  it('has what is wrong with it now, and no detail where there is none', () => {
    const unheard = after(3);
    unheard.note('lan', '10.99.0.9', 'ownPacket', undefined, instant(3 * SECOND));
    assert.deepEqual(unheard.loud('lan', instant(3 * SECOND)), [
      { source: '10.99.0.9', reason: 'ownPacket' },
    ]);
  });

  it('sources that somebody invents are forgotten, the oldest first', () => {
    const invented = Array.from({ length: 100 }, (_, index) => `10.99.1.${index}`);
    const loud = after(3, invented).loud('lan', instant(2 * SECOND));
    assert.equal(loud.length, 0, 'each was pushed out before it came again');
    const few = after(3, invented.slice(0, MAXIMUM_SOURCES)).loud('lan', instant(2 * SECOND));
    assert.equal(few.length, MAXIMUM_SOURCES);
    const reasons = linkReasons({ ...activeRouter, discarding: few }, []);
    assert.equal(reasons.length, 4);
    assert.match(reasons[0] ?? '', /10\.99\.1\.0 sends on VRID \d+ and is not heard: version 2: /);
    assert.equal(reasons[3], 'lan: 5 more are not heard');
  });

  it('VRRP version 2 on our VRID, through the driver: by virtual router, source and reason', async () => {
    const { driver, kernel } = rig({ settings: settingsOf([routerSettings({})]) });
    driver.start();
    await settle();
    // As keepalived sends it: version 2, VRID 51, priority 100, one address, no authentication.
    const message = Uint8Array.from([0x21, 51, 100, 1, 0, 1, 0, 0, 10, 99, 0, 100]);
    const packet = {
      family: 'ipv4' as const,
      linkIndex: INDEX,
      source: address('10.99.0.9'),
      destination: VRRP_GROUP.ipv4,
      hopLimit: 255,
      message,
    };
    for (let count = 0; count < 3; count += 1) kernel.deliver(packet);
    for (let count = 0; count < 3; count += 1) {
      kernel.deliver({ ...packet, message: message.with(1, 77) });
    }
    await settle();
    assert.deepEqual(driver.reception.unheardBy('lan', kernel.now()), [
      { source: '10.99.0.9', reason: 'version', detail: '2' },
    ]);
  });
});
