// What whoever can send on the link can do to a pair, with both drivers in virtual time: docs/SECURITY.md has the table.
// Strangers with `sources: peers` are strangers.test.ts, signatures are signed.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import type { VirtualRouterSettings } from '../../../src/config/settings.js';
import { centiseconds } from '../../../src/model/units.js';
import { encodeAdvertisement, VRRP_GROUP } from '../../../src/wire/advertisement.js';
import { address } from '../../support/fake-kernel.js';
import { startPair, type Pair } from './pair.js';

const SLOW = { intervalMs: 1_000, checkMs: 500 } as const;
const STRANGER = '10.99.0.66';
const OUTSIDE = '10.98.7.7';
const A = '10.99.0.1';
const B = '10.99.0.2';

function message(source: string, priority: number, change: { vrid?: number; to?: string } = {}) {
  const { vrid = 51, to } = change;
  const destination = to === undefined ? VRRP_GROUP.ipv4 : address(to);
  const envelope = { source: address(source), destination };
  const advertisement = {
    vrid,
    priority,
    maxAdvertiseInterval: centiseconds(100),
    addresses: [address('10.99.0.100')],
  };
  return {
    ...envelope,
    message: encodeAdvertisement(advertisement, { ...envelope, dialect: 'rfc9568' }),
  };
}

type Forged = ReturnType<typeof message>;

/** Once a second for ten seconds, to both; what moved, and whether nobody, and both, had the address meanwhile. */
async function suffers(router: Partial<VirtualRouterSettings>, sent: Forged) {
  const pair: Pair = await startPair({ ...SLOW, router });
  const { world, a, b } = pair;
  const from = world.story.end;
  const held = world.watch();
  for (let second = 0; second < 10; second += 1) {
    for (const one of [a, b]) one.receive('ipv4', sent);
    await world.run(1_000);
  }
  const moves = world.story.lines(from, 'transition');
  const { nobody, both } = held();
  const told = [a, b].flatMap((one) => one.status().health.reasons).join('; ');
  return { moves, nobody: nobody > 0, both: both > 0, told };
}

const STILL = { moves: [], nobody: false, both: false };

for (const sources of ['any', 'peers'] as const) {
  describe(`with sources: ${sources}, ten forged advertisements`, () => {
    const harmless: readonly (readonly [string, Forged, RegExp])[] = [
      ["of priority 0 from an address that is nobody's", message(STRANGER, 0), /^$|stranger/],
      ['of priority 0 from the Backup', message(B, 0), /10\.99\.0\.2 .*ownPacket/],
      ['of priority 255 from the Active', message(A, 255), /10\.99\.0\.1 .*ownPacket/],
      ['of another VRID', message(STRANGER, 255, { vrid: 52 }), /^$/],
      ['by unicast from outside', message(OUTSIDE, 255, { to: A }), /10\.98\.7\.7 .*notForUs/],
    ];
    for (const [what, sent, expected] of harmless) {
      it(`${what} move nothing`, async () => {
        const { told, ...seen } = await suffers({ sources }, sent);
        assert.deepEqual(seen, STILL);
        assert.match(told, expected);
      });
    }

    it('of priority 255 from the Backup depose the Active; the Backup, which knows better, takes over by its timer, and names the forgery', async () => {
      const { told, ...seen } = await suffers({ sources }, message(B, 255));
      assert.deepEqual(seen, {
        moves: ['a lan Active → Backup, preempted', 'b lan Backup → Active, no-response'],
        nobody: true,
        both: false,
      });
      assert.match(told, /10\.99\.0\.2 sends on VRID 51 and is not heard \(ownPacket\)/);
    });

    it('of priority 0 from the Active have the Backup take the addresses beside it again and again; the Active names the forgery', async () => {
      const { told, moves, ...seen } = await suffers({ sources }, message(A, 0));
      assert.deepEqual(seen, { nobody: false, both: true });
      assert.ok(moves.every((move) => move.startsWith('b lan ')) && moves.length > 1);
      assert.match(told, /10\.99\.0\.1 sends on VRID 51 and is not heard \(ownPacket\)/);
    });
  });
}

it("with sources: any, one of priority 255 from an address that is nobody's takes the role, and nobody holds the address", async () => {
  const { told, ...seen } = await suffers({}, message(STRANGER, 255));
  const moves = ['a lan Active → Backup, preempted'];
  assert.deepEqual(seen, { moves, nobody: true, both: false });
  assert.match(told, /the Active is 10\.99\.0\.66, which is no peer/);
});
