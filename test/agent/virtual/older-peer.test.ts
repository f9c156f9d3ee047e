// A pair of which one is of an earlier release, which says and understands less: what was added to the messages of
// the HA port since is missing, either way. How the role moves all the same. A real pair of two releases is no test:
// it needs the earlier one.
import assert from 'node:assert/strict';
import { haKey } from '../../../src/peer-channel/ha-key.js';
import { MAC_LENGTH, PEER_FIELDS } from '../../../src/wire/peer-message.js';
import { describe, it } from '../../support/test.js';
import { inPlace, KEY, makePair, rests, started, type Pair } from './pair.js';
import { otherOf, SIDES, type Side } from './story.js';

/** A minor, the last type of TLV that it knows, and the length of the instance TLV in it. */
const RELEASES = {
  'minor 1': { minor: 1, lastType: 4, instance: 26 },
  'minor 0': { minor: 0, lastType: 4, instance: 18 },
} as const;
type Release = (typeof RELEASES)[keyof typeof RELEASES];

const TLV_HEADER = 3;
const INSTANCE = 2;
/** Of the flags of the instance those of the first release: P, F, S, L and the gateway. */
const FLAGS = 0b0011_1111;
const key = haKey(KEY);

/** The message without what the release does not have, signed anew. */
function asOf({ minor, lastType, instance }: Release, datagram: Uint8Array): Uint8Array {
  const kept = [...datagram.subarray(0, PEER_FIELDS.report)];
  kept[PEER_FIELDS.minor] = minor;
  let at: number = PEER_FIELDS.report;
  while (at < datagram.length - MAC_LENGTH) {
    const type = datagram[at] ?? 0;
    const length = ((datagram[at + 1] ?? 0) << 8) | (datagram[at + 2] ?? 0);
    const value = [...datagram.subarray(at + TLV_HEADER, at + TLV_HEADER + length)];
    at += TLV_HEADER + length;
    if (type > lastType) continue;
    if (type === INSTANCE) {
      value.length = instance;
      value[1] = (value[1] ?? 0) & FLAGS;
    }
    kept.push(type, value.length >> 8, value.length & 0xff, ...value);
  }
  const made = Uint8Array.from([...kept, ...Array.from({ length: MAC_LENGTH }, () => 0)]);
  key.sign(made, made.length - MAC_LENGTH);
  return made;
}

async function start(release: Release): Promise<Pair> {
  const pair = makePair({ intervalMs: 1_000, checkMs: 100 });
  let shortened = 0;
  pair.world.rewrite = (datagram) => {
    const made = asOf(release, datagram);
    if (made.length < datagram.length) shortened += 1;
    return made;
  };
  await started(pair);
  assert.ok(shortened > 0, 'there is something that the release does not have');
  return pair;
}

for (const [name, release] of Object.entries(RELEASES)) {
  describe(`beside a peer that speaks ${name}`, () => {
    it('nothing more is discarded than at the first contact, and the settings agree', async () => {
      const { world, a, b } = await start(release);
      const discarded = (): unknown => [a, b].map((one) => one.status().haPort?.discarded);
      const before = discarded();
      await world.run(2_000);
      assert.deepEqual(discarded(), before);
      for (const one of [a, b]) {
        assert.deepEqual(one.status().health.reasons, []);
        const [readiness] = one.status().readiness ?? [];
        assert.deepEqual(readiness?.hindrances, []);
      }
    });

    it('failover moves the role there and back, and somebody has the address at every instant', async () => {
      const pair = await start(release);
      for (const from of ['a', 'b'] as const satisfies readonly Side[]) {
        const held = pair.world.watch();
        assert.equal(pair[from].operate('failover'), null);
        await inPlace(pair, otherOf(from));
        await pair.world.run(1_500);
        assert.equal(held().nobody, 0);
      }
    });

    for (const dying of SIDES) {
      it(`the other one takes over when ${dying} dies, and nobody moves when it is back`, async () => {
        const pair = await start(release);
        if (dying === 'b') {
          assert.equal(pair.a.operate('failover'), null);
          await inPlace(pair, 'b');
        }
        const heir = otherOf(dying);
        pair[dying].kill();
        await rests(pair, heir);
        assert.equal(pair[heir].router().state, 'Active');
      });
    }

    it('a stop hands over first', async () => {
      const pair = await start(release);
      const held = pair.world.watch();
      await pair.a.stop();
      await rests(pair, 'b');
      assert.equal(held().nobody, 0);
    });
  });
}
