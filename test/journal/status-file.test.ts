// When status.json is written: on a clock that is moved by hand, with a file that only counts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { QUIET_GAP_MS, StatusFile, STATUS_GAP_MS } from '../../src/journal/status-file.js';
import type { Status } from '../../src/model/status.js';
import { pair } from '../cli/pair-statuses.js';
import { manualClock } from '../support/manual-clock.js';
import { settle } from '../agent/rig.js';

function bench() {
  const clock = manualClock();
  const written: Status[] = [];
  let status: Status = pair;
  const background = {
    write: (text: string) => void written.push(JSON.parse(text) as Status),
    problem: () => null,
    abandon: () => Promise.resolve(),
    flush: () => Promise.resolve(),
  };
  const file = new StatusFile(background, () => status, clock.later);
  return {
    file,
    clock,
    written,
    become: (change: Partial<Status>): void => void (status = { ...status, ...change }),
    /** Something was heard, and the gap is over. */
    look: (): void => {
      file.stirred();
      clock.advance(STATUS_GAP_MS);
    },
  };
}

/** A bench whose file is up to date and at rest. */
async function rested() {
  const made = bench();
  made.file.changed();
  await settle();
  made.clock.advance(STATUS_GAP_MS);
  assert.equal(made.written.length, 1);
  return made;
}

const [peer] = pair.peers;
assert.ok(peer !== undefined);

/** The pair with another first path to its peer. */
const withPath = (change: object): Partial<Status> => ({
  peers: [
    { ...peer, paths: peer.paths.map((path, at) => (at === 0 ? { ...path, ...change } : path)) },
  ],
});

const withMonitors = (change: object): Partial<Status> => ({
  monitors: pair.monitors.map((one) => ({ ...one, ...change })),
});

describe('status.json', () => {
  it('is looked at less often the more virtual routers there are, but written at once', async () => {
    const [router] = pair.virtualRouters;
    assert.ok(router !== undefined);
    const virtualRouters = Array.from({ length: 100 }, () => router);
    const { file, clock, written, become } = await rested();
    become({ virtualRouters });
    file.stirred();
    clock.advance(STATUS_GAP_MS);
    assert.equal(written.length, 2);
    clock.advance(STATUS_GAP_MS);
    become({ primary: !pair.primary });
    file.stirred();
    clock.advance(999);
    assert.equal(written.length, 2);
    clock.advance(1);
    assert.equal(written.length, 3);
    clock.advance(STATUS_GAP_MS);
    file.stirred();
    file.changed();
    await settle();
    assert.equal(written.length, 4);
  });

  const news: readonly [string, Partial<Status>][] = [
    ['a path to a peer', withPath({ state: 'unhealthy' })],
    ['the state of a monitor', withMonitors({ state: 'failed' })],
    ['how a peer reports itself', { peers: [{ ...peer, fitness: 'soft-fault' }] }],
    ['settings that differ', { peers: [{ ...peer, differences: ['mode is off'] }] }],
    ['the role of the peer', { peers: [{ ...peer, virtualRouters: [] }] }],
    ['what the relay reads', { bypass: { ...pair.bypass, actual: 'unknown' } }],
  ];
  for (const [what, change] of news) {
    it(`is written anew when nothing has changed but ${what}`, async () => {
      const { file, clock, written, become } = await rested();
      become(change);
      file.stirred();
      assert.equal(written.length, 1);
      clock.advance(STATUS_GAP_MS);
      assert.deepEqual(written[1], { ...pair, ...change });
    });
  }

  const measurements: readonly [string, Partial<Status>][] = [
    ['round trip', withPath({ rttMs: 17 })],
    ['detail of a monitor', withMonitors({ detail: '12 Mbit/s' })],
    ['doubt of a monitor', withMonitors({ doubtful: true })],
    [
      'age of an advertisement',
      {
        virtualRouters: pair.virtualRouters.map((one) => ({ ...one, lastAdvertisementAgeMs: 1 })),
      },
    ],
  ];
  for (const [what, change] of measurements) {
    it(`is left alone by another ${what}`, async () => {
      const { written, become, look } = await rested();
      become(change);
      look();
      assert.equal(written.length, 1);
    });
  }

  it('is written in the turn in which something changes, when it was at rest', async () => {
    const { file, written } = await rested();
    file.stirred();
    file.changed();
    file.changed();
    await settle();
    assert.equal(written.length, 2);
  });

  it('is written four times a second at most, and then as things are last', async () => {
    const { file, clock, written, become } = await rested();
    for (let ms = 0; ms < 1_000; ms += 1) {
      become(withPath({ state: ms % 2 === 0 ? 'unhealthy' : 'healthy' }));
      file.changed();
      file.stirred();
      await settle();
      clock.advance(1);
    }
    assert.ok(written.length <= 1 + 1 + 1_000 / STATUS_GAP_MS, `${written.length} writes`);
    clock.advance(STATUS_GAP_MS);
    assert.equal(written.at(-1)?.peers[0]?.paths[0]?.state, 'healthy');
  });

  it('is looked at seldom while what is heard is nothing new, and soon when there is news', async () => {
    const { file, clock, written, become } = await rested();
    become(withPath({ state: 'unhealthy' }));
    file.stirred(false);
    clock.advance(QUIET_GAP_MS - 1);
    file.stirred(false);
    assert.equal(written.length, 1);
    clock.advance(1);
    assert.equal(written.length, 2);
    clock.advance(STATUS_GAP_MS);
    become(withPath({ state: 'healthy' }));
    file.stirred(false);
    file.stirred(true);
    file.stirred(false);
    clock.advance(STATUS_GAP_MS);
    assert.equal(written.length, 3);
  });

  it('with many virtual routers, and nothing new, it is looked at half as often, at most every 5 s', async () => {
    const [router] = pair.virtualRouters;
    assert.ok(router !== undefined);
    for (const [count, gap] of [
      [150, 3_000],
      [400, 5_000],
      [800, 8_000],
    ] as const) {
      const { file, clock, written, become } = await rested();
      become({ virtualRouters: Array.from({ length: count }, () => router) });
      file.stirred();
      clock.advance(STATUS_GAP_MS);
      clock.advance(STATUS_GAP_MS);
      become({ primary: !pair.primary });
      file.stirred(false);
      clock.advance(gap - 1);
      assert.equal(written.length, 2, `${count}`);
      clock.advance(1);
      assert.equal(written.length, 3, `${count}`);
    }
  });

  it('needs no timer while nothing is heard', async () => {
    const { clock } = await rested();
    clock.advance(STATUS_GAP_MS);
    assert.equal(clock.pending(), 0);
  });

  it('has the last word at the end, and nothing after it', async () => {
    const { file, clock, written, become } = await rested();
    become({ maintenance: true });
    file.stirred();
    await file.end();
    assert.equal(written.at(-1)?.maintenance, true);
    become({ maintenance: false });
    file.changed();
    file.stirred();
    await settle();
    clock.advance(STATUS_GAP_MS);
    assert.equal(written.at(-1)?.maintenance, true);
    assert.equal(clock.pending(), 0);
  });
});
