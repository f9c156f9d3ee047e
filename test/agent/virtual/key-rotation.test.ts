// The key of the HA port changed under a running pair, in virtual time: with both drivers and real key
// files. No role moves, no check goes unanswered, and the former key is refused once it is over.
import assert from 'node:assert/strict';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '../../support/test.js';
import { keyWords, type KeyWords } from '../../../src/agent/key-words.js';
import { retireKey, rotateKey } from '../../../src/host/peer-key.js';
import { formatDigest, haKey } from '../../../src/peer-channel/ha-key.js';
import { folderOfThisProcess, inPlace, makePair, started, type Pair } from './pair.js';
import { otherOf, SIDES, type Side } from './story.js';

const OLD = '1a'.repeat(32);
const NEW = '2b'.repeat(32);
const WRONG = '3c'.repeat(32);
const digestOf = (hex: string): string => formatDigest(haKey(Buffer.from(hex, 'hex')).digest);

const fileOf = (side: Side): string => join(folderOfThisProcess(), `${side}.key`);
const write = (side: Side, ...keys: readonly string[]): void => {
  rmSync(fileOf(side), { force: true });
  writeFileSync(fileOf(side), `${keys.join('\nformer: ')}\n`, { mode: 0o600 });
};
const copy = (from: Side): void => copyFileSync(fileOf(from), fileOf(otherOf(from)));

/** Sixteen checks: what was said before them is forgotten. */
const SETTLED_MS = 1_000;

async function pairWithFiles(): Promise<Pair> {
  const pair = makePair({ intervalMs: 100, checkMs: 50 });
  for (const side of SIDES) {
    write(side, OLD);
    const { settings } = pair[side];
    pair[side].settings = { ...settings, ha: { ...settings.ha, keyFile: fileOf(side) } };
  }
  await started(pair);
  await pair.world.run(SETTLED_MS);
  return pair;
}

const reload = (pair: Pair, side: Side): Promise<void> => pair[side].configure(pair[side].settings);

const discarded = (pair: Pair, side: Side): number =>
  pair[side].channel.counters()?.discarded['authentic'] ?? 0;

const digests = (pair: Pair, side: Side): string[] =>
  pair[side].channel.keys().map(({ digest, place }) => `${digest} ${place}`);

const words = (pair: Pair, side: Side): KeyWords => {
  const other = otherOf(side);
  const keys = pair[side].channel.keysOf(other);
  return keyWords(pair[side].channel.keys(), [{ name: other, ...(keys === null ? {} : { keys }) }]);
};

/** What has happened to roles and paths since: nothing, if all is well. */
function watch(pair: Pair): () => unknown {
  const from = pair.world.story.end;
  const records = { a: pair.a.records.length, b: pair.b.records.length };
  return () => ({
    moved: pair.world.story.lines(from, 'address', 'transition'),
    discarded: SIDES.map((side) => discarded(pair, side)),
    told: SIDES.flatMap((side) =>
      pair[side].records
        .slice(records[side])
        .filter(({ event }) => event !== 'ha-key')
        .map(({ event, detail }) => `${side} ${event}: ${detail}`),
    ),
  });
}
const NOTHING = { moved: [], discarded: [0, 0], told: [] };

/** Until the two have lost each other: 3 checks of 50 ms, and what is under way. */
const untilSilent = async (pair: Pair, side: Side): Promise<void> => {
  await pair.world.until(`${side} finds its peer silent`, () => !pair[side].knowsPeer);
};

describe('a new key beside the former one', () => {
  for (const first of SIDES) {
    it(`begun at ${first}: at no step does a role move or a message go unheard`, async () => {
      const second = otherOf(first);
      const pair = await pairWithFiles();
      const { world } = pair;
      const happened = watch(pair);

      const key = rotateKey(fileOf(first)).key.toString('hex');
      await reload(pair, first);
      await world.run(SETTLED_MS);
      assert.deepEqual(pair[first].channel.keysOf(second), {
        accepts: [digestOf(OLD)],
        speaksUnder: digestOf(OLD),
        settled: false,
      });
      assert.deepEqual(words(pair, first), {
        lacks: [],
        remarks: [
          `${second} does not have the new key ${digestOf(key)} yet: copy the key file there and reload its agent`,
        ],
      });
      assert.deepEqual(words(pair, second).remarks, [
        `${first} has the new key ${digestOf(key)}: copy its key file here and reload this agent`,
      ]);

      copy(first);
      await reload(pair, second);
      await world.run(SETTLED_MS);
      for (const side of SIDES) {
        assert.deepEqual(pair[side].channel.keysOf(otherOf(side)), {
          accepts: [digestOf(key), digestOf(OLD)],
          speaksUnder: digestOf(key),
          settled: true,
        });
        assert.deepEqual(words(pair, side).remarks, [
          `the former key ${digestOf(OLD)} is accepted, and no peer needs it: understudy key retire`,
        ]);
      }

      for (const side of [first, second]) {
        retireKey(fileOf(side));
        await reload(pair, side);
        await world.run(SETTLED_MS);
        assert.deepEqual(digests(pair, side), [`${digestOf(key)} key`]);
      }
      assert.deepEqual(words(pair, 'a'), { lacks: [], remarks: [] });
      assert.deepEqual(happened(), NOTHING);
    });
  }

  it('whatever the instant between two checks at which the other one reloads', async () => {
    const pair = await pairWithFiles();
    const { world } = pair;
    const happened = watch(pair);
    for (let offset = 0; offset < 60; offset += 7) {
      rotateKey(fileOf('a'));
      copy('a');
      await reload(pair, 'b');
      await world.run(offset);
      await reload(pair, 'a');
      await world.run(SETTLED_MS + offset);
      for (const side of SIDES) {
        assert.equal(pair[side].channel.keysOf(otherOf(side))?.settled, true);
        retireKey(fileOf(side));
        await reload(pair, side);
        await world.run(offset);
      }
    }
    assert.deepEqual(happened(), NOTHING);
  });

  it('the old key is refused once it is retired: an appliance that still has it is a stranger', async () => {
    const pair = await pairWithFiles();
    const { world, a, b } = pair;
    write('a', NEW, OLD);
    copy('a');
    await reload(pair, 'a');
    await reload(pair, 'b');
    await world.run(SETTLED_MS);
    write('a', NEW);
    await reload(pair, 'a');

    write('b', OLD);
    await b.stop();
    await b.start();
    await world.run(SETTLED_MS);
    assert.ok(!b.knowsPeer && !a.knowsPeer);
    assert.ok(discarded(pair, 'a') > 0 && discarded(pair, 'b') > 0);
    assert.equal(
      a.channel.problem(a.settings.ha.peers[0]?.addresses[0] ?? assert.fail()),
      `what comes from 10.98.0.2 is discarded: the HMAC is wrong: another key, or a forged message (it names key ${digestOf(OLD)}; here is ${digestOf(NEW)}: copy one key file to both, and reload)`,
    );
  });

  it('in the middle of it a third key is discarded as ever', async () => {
    const pair = await pairWithFiles();
    const { world, a, b } = pair;
    write('a', NEW, OLD);
    await reload(pair, 'a');
    write('b', WRONG);
    await b.stop();
    await b.start();
    await world.run(SETTLED_MS);
    assert.ok(!a.knowsPeer && !b.knowsPeer);
    assert.ok(discarded(pair, 'a') > 0);
    assert.equal(a.channel.keysOf('b')?.speaksUnder, digestOf(OLD), 'nothing else was believed');
  });
});

describe('a rotation that is interrupted', () => {
  it('an appliance that was down has the old key: it is heard at once, and gets the new one later', async () => {
    const pair = await pairWithFiles();
    const { world, b } = pair;
    await b.stop();
    rotateKey(fileOf('a'));
    await reload(pair, 'a');
    await world.run(SETTLED_MS);
    const wrong = discarded(pair, 'a');
    await b.start();
    await inPlace(pair);
    await world.run(SETTLED_MS);
    assert.equal(discarded(pair, 'a'), wrong, 'nothing that it said was discarded');
    assert.match(words(pair, 'a').remarks.join(), /b does not have the new key/);
    const happened = watch(pair);
    copy('a');
    await reload(pair, 'b');
    await world.run(SETTLED_MS);
    assert.equal(pair.a.channel.keysOf('b')?.settled, true);
    assert.deepEqual(happened(), NOTHING);
  });

  for (const side of SIDES) {
    it(`${side} is killed and started again between the steps: both keys are in its file`, async () => {
      const pair = await pairWithFiles();
      write('a', NEW, OLD);
      await reload(pair, 'a');
      await pair.world.run(SETTLED_MS);
      pair[side].kill();
      await pair.world.run(500);
      await pair[side].start();
      await inPlace(pair);
      copy('a');
      await reload(pair, 'b');
      await pair.world.run(SETTLED_MS);
      assert.equal(pair.a.channel.keysOf('b')?.settled, true);
      assert.equal(pair.b.channel.keysOf('a')?.settled, true);
      assert.deepEqual(
        SIDES.map((one) => discarded(pair, one)),
        [0, 0],
      );
    });
  }

  it('a file that cannot be read in the middle of it leaves both keys in force', async () => {
    const pair = await pairWithFiles();
    const happened = watch(pair);
    write('a', NEW, OLD);
    await reload(pair, 'a');
    write('a', NEW, OLD, WRONG);
    await reload(pair, 'a');
    assert.match(pair.a.said.at(-1) ?? '', /the key in force stays: .*expected one former key/);
    assert.deepEqual(digests(pair, 'a'), [`${digestOf(NEW)} key`, `${digestOf(OLD)} former`]);
    await pair.world.run(SETTLED_MS);
    assert.deepEqual(happened(), NOTHING);
  });
});

describe('a key file replaced by another, without a word of the former key', () => {
  it('the former one is kept until every peer has the new one, and refused from then on', async () => {
    const pair = await pairWithFiles();
    const { world } = pair;
    const happened = watch(pair);
    write('a', NEW);
    write('b', NEW);
    await reload(pair, 'a');
    await world.run(SETTLED_MS);
    assert.deepEqual(digests(pair, 'a'), [`${digestOf(NEW)} key`, `${digestOf(OLD)} memory`]);
    // Another setting is changed meanwhile: every reload reads the file again.
    await reload(pair, 'a');
    await world.run(SETTLED_MS);
    assert.deepEqual(words(pair, 'a').lacks, [
      `the key file here and that of b differ (${digestOf(NEW)}, ${digestOf(OLD)}): they speak under ${digestOf(OLD)} until one of the two agents ends; copy one file to both and reload`,
    ]);
    await reload(pair, 'b');
    await world.run(SETTLED_MS);
    for (const side of SIDES) {
      assert.deepEqual(digests(pair, side), [`${digestOf(NEW)} key`]);
      assert.deepEqual(
        pair[side].events('ha-key').map(({ reason }) => reason),
        ['replaced', 'everywhere'],
      );
      assert.match(
        pair[side].events('ha-key').at(-1)?.detail ?? '',
        new RegExp(`every peer speaks under key ${digestOf(NEW)}; ${digestOf(OLD)} is refused`),
      );
    }
    assert.deepEqual(happened(), NOTHING);
  });

  it('mistyped on one side: they go on under the former one, both say so, and it can be mended', async () => {
    const pair = await pairWithFiles();
    const { world } = pair;
    const happened = watch(pair);
    write('a', NEW);
    write('b', WRONG);
    await reload(pair, 'a');
    await reload(pair, 'b');
    await world.run(SETTLED_MS);
    for (const side of SIDES) {
      assert.match(words(pair, side).lacks.join(), /differ .*they speak under/);
      assert.equal(pair[side].channel.keysOf(otherOf(side))?.speaksUnder, digestOf(OLD));
    }
    copy('a');
    await reload(pair, 'b');
    await world.run(SETTLED_MS);
    for (const side of SIDES) assert.deepEqual(digests(pair, side), [`${digestOf(NEW)} key`]);
    assert.deepEqual(happened(), NOTHING);
  });

  it('an agent that ends in the middle of it has the new one only: they are parted until the other reloads', async () => {
    const pair = await pairWithFiles();
    const { world, b } = pair;
    write('b', NEW);
    await reload(pair, 'b');
    await world.run(SETTLED_MS);
    await b.stop();
    await b.start();
    await untilSilent(pair, 'a');
    write('a', NEW);
    await reload(pair, 'a');
    await inPlace(pair);
  });

  it('one that was started with a mistyped key is heard again when its file is right, without a restart', async () => {
    const pair = await pairWithFiles();
    const { world, a } = pair;
    write('b', NEW);
    await reload(pair, 'b');
    await world.run(SETTLED_MS);
    await a.stop();
    write('a', WRONG);
    await a.start();
    await world.run(SETTLED_MS);
    assert.ok(!pair.a.knowsPeer && !pair.b.knowsPeer);
    write('a', NEW);
    await reload(pair, 'a');
    await inPlace(pair);
  });
});
