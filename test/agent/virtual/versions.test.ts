// The version of the shared settings on its way from one peer channel to the other, in virtual time. What follows from
// a difference is test/sync.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import type { AnnouncedVersion } from '../../../src/model/settings-version.js';
import { HA_TRAFFIC } from './world.js';
import { startPair } from './pair.js';

const version = (generation: number, digest: string): AnnouncedVersion => ({
  generation,
  author: 'a',
  digest: digest.repeat(16),
  previous: generation === 1 ? null : { generation: generation - 1, digest: '0'.repeat(16) },
});

describe('the version of the shared settings', () => {
  it('that changes is told at once, without a move and without waiting for a check', async () => {
    const { world, a, b } = await startPair({ checkMs: 1_000 });
    const from = world.story.end;
    const told = world.now;
    a.channel.tellVersion(version(1, 'a'));
    await world.until('the version at b', () => b.versions.at(-1)?.generation === 1);
    // Of the time of this world: a check is a second.
    assert.ok((b.versionsAt.at(-1) ?? 0) - told < 100_000);
    a.channel.tellVersion(version(2, 'b'));
    await world.until('the next one', () => b.versions.at(-1)?.generation === 2);
    assert.deepEqual(b.versions, [version(1, 'a'), version(2, 'b')]);
    assert.deepEqual(world.story.lines(from, 'address', 'transition'), []);
  });

  it('that changed while no message came through is known with the first one that does', async () => {
    const { world, a, b } = await startPair();
    a.channel.tellVersion(version(1, 'a'));
    await world.until('the version at b', () => b.versions.length === 1);
    const mend = world.cut(HA_TRAFFIC);
    a.channel.tellVersion(version(2, 'b'));
    await world.run(1_000);
    assert.equal(b.versions.length, 1);
    mend();
    await world.until('the next one', () => b.versions.at(-1)?.generation === 2);
  });
});
