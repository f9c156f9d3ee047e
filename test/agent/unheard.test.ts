// Who is loud and not heard: from which packet on, for how long, and how many are remembered.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { MAXIMUM_SOURCES, REMEMBERED_SOURCES, Unheard } from '../../src/agent/unheard.js';
import { linkReasons } from '../../src/agent/link-reasons.js';
import type { UnheardStatus } from '../../src/model/status.js';
import { instant } from '../../src/model/units.js';
import { activeRouter } from '../cli/statuses.js';
import { VRRP_GROUP } from '../../src/wire/advertisement.js';
import { INJECTOR_MAC, readCapture, type CapturedAdvertisement } from '../golden/captures.js';
import { injectionCases } from '../golden/injection-cases.js';
import { address } from '../support/fake-kernel.js';
import { SECOND } from './active-rig.js';
import { INDEX, rig, routerSettings, settingsOf, settle } from './rig.js';

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

  const invented = (count: number, from = 0): string[] =>
    Array.from(
      { length: count },
      (_, index) => `10.98.${(from + index) >> 8}.${(from + index) & 255}`,
    );

  it('many are: the loudest are told, three by address', () => {
    const loud = after(3, invented(100)).loud('lan', instant(2 * SECOND));
    assert.equal(loud.length, MAXIMUM_SOURCES);
    const reasons = linkReasons({ ...activeRouter, discarding: loud }, []);
    assert.equal(reasons.length, 4);
    assert.match(
      reasons[0] ?? '',
      /10\.98\.0\.0 sends on VRID \d+ and is not heard \(version 2\): /,
    );
    assert.equal(reasons[3], 'lan: 5 more are not heard');
  });

  it('is found among sources that somebody invents for each packet, and they are not told', () => {
    const unheard = new Unheard();
    const most = REMEMBERED_SOURCES - 1;
    for (let second = 0; second < 60; second += 1) {
      unheard.note('lan', '10.99.0.9', 'version', '2', instant(second * SECOND));
      for (const source of invented(most, second * most)) {
        unheard.note('lan', source, 'checksum', undefined, instant(second * SECOND + 1));
      }
      const told = unheard.loud('lan', instant(second * SECOND + 1)).map(({ source }) => source);
      assert.deepEqual(told, second < 2 ? [] : ['10.99.0.9'], `second ${second}`);
    }
  });

  it('keeps its place whatever is invented once it is known, each loud by itself too', () => {
    const unheard = after(6);
    let at = 5 * SECOND;
    for (const source of invented(10 * REMEMBERED_SOURCES)) {
      for (let count = 0; count < 3; count += 1) {
        unheard.note('lan', source, 'checksum', undefined, instant((at += 1)));
      }
    }
    const told = unheard.loud('lan', instant(at)).map(({ source }) => source);
    assert.equal(told.length, MAXIMUM_SOURCES);
    assert.ok(told.includes('10.99.0.9'), told.join(' '));
  });

  it('is forgotten first when it has gone', () => {
    const unheard = after(6, invented(REMEMBERED_SOURCES));
    const later = 30 * SECOND;
    for (let count = 0; count < 3; count += 1) {
      for (const source of ['10.99.0.9', '10.99.0.8']) {
        unheard.note('lan', source, 'version', '2', instant(later + count));
      }
    }
    const told = unheard.loud('lan', instant(later + 2)).map(({ source }) => source);
    assert.deepEqual(told, ['10.99.0.8', '10.99.0.9']);
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

  /** What the driver says of packets that routers of other make have sent, each three times. */
  async function heardOf(packets: readonly CapturedAdvertisement[]): Promise<UnheardStatus[]> {
    const [first] = packets;
    assert.ok(first !== undefined);
    const vrid = first.packet.message[1] ?? 0;
    const { driver, kernel } = rig({ settings: settingsOf([routerSettings({ vrid })]) });
    driver.start();
    await settle();
    for (const { packet } of packets) {
      for (let count = 0; count < 3; count += 1) kernel.deliver({ linkIndex: INDEX, ...packet });
    }
    await settle();
    return driver.reception.unheardBy('lan', kernel.now());
  }

  const captured = (name: string): CapturedAdvertisement[] =>
    readCapture(`keepalived-2.2.7-${name}.pcap`).flatMap((one) =>
      one.kind === 'vrrp' ? [one] : [],
    );

  for (const name of ['v2-ipv4-noauth', 'v2-ipv4-authpass']) {
    it(`keepalived as captured, ${name}: VRRP version 2, by its address`, async () => {
      const all = captured(name);
      assert.ok(all.length >= 3);
      const sources = [...new Set(all.map(({ packet }) => packet.source))].sort();
      assert.deepEqual(
        await heardOf(all),
        sources.map((source) => ({ source, reason: 'version', detail: '2' })),
      );
    });
  }

  for (const [what, reason] of [
    ['TTL 254', 'hopLimit'],
    ['TTL 1', 'hopLimit'],
    ['bad checksum', 'checksum'],
    ['checksum 0', 'checksum'],
    ['version 4', 'version'],
    ['last address cut', 'length'],
    ['4 trailing bytes in the IP length', 'length'],
    ['to 224.0.0.1', 'notForUs'],
    ['VRRPv2 without authentication', 'version'],
    ['VRRPv2 with a password', 'version'],
  ] as const) {
    it(`as captured, ${what}: ${reason}`, async () => {
      const capture = 'keepalived-2.2.7-v3-ipv4-injection.pcap';
      const at = injectionCases(capture).findIndex(([name]) => name === what);
      const injected = captured('v3-ipv4-injection').filter(
        ({ sourceMac }) => sourceMac === INJECTOR_MAC,
      );
      const one = injected[at];
      assert.ok(one !== undefined, what);
      const told = await heardOf([one]);
      assert.deepEqual(
        told.map(({ source, reason: why }) => [source, why]),
        [[one.packet.source, reason]],
      );
      assert.equal(linkReasons({ ...activeRouter, discarding: told }, []).length, 1);
    });
  }
});
