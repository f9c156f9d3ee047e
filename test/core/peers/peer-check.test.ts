// One path to a peer: successes, failures, thresholds, and what the paths amount to. No instance.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import {
  excused,
  fellSilent,
  heard,
  lastHeard,
  newPath,
  peerState,
  silent,
  tolerance,
  type Path,
  type PeerCheckParameters,
} from '../../../src/core/peers/peer-check.js';
import { instant, microseconds } from '../../../src/model/units.js';
import { HA } from '../pair-bench.js';

const INTERVAL = 100_000;
const PARAMETERS: PeerCheckParameters = {
  interval: microseconds(INTERVAL),
  failureThreshold: 3,
  recoveryThreshold: 5,
};
/** An interval and its tolerance. */
const TERM = 140_000;
/** Three intervals and the tolerance. */
const SILENCE = 340_000;

const fresh = (at = 0): Path => newPath(PARAMETERS, HA, instant(at));
const answeredAt = (path: Path, at: number): Path => heard(PARAMETERS, path, true, instant(at));
const spokenAt = (path: Path, at: number): Path => heard(PARAMETERS, path, false, instant(at));
const silentAt = (path: Path, at: number): Path => silent(PARAMETERS, path, instant(at));

/** Answers every 100 ms, `count` of them, the first one at `from`. */
function answers(path: Path, count: number, from = 0): Path {
  let next = path;
  for (let answer = 0; answer < count; answer += 1) {
    next = answeredAt(next, from + answer * INTERVAL);
  }
  return next;
}

/** What follows when nothing is heard any more: each failure as it is due. */
function failures(path: Path, count: number): Path {
  let next = path;
  for (let failure = 0; failure < count; failure += 1) next = silentAt(next, next.failAt);
  return next;
}

describe('a path', () => {
  it('nothing is known of a new one; it has a full term', () => {
    assert.deepEqual(fresh(7), {
      address: HA,
      interface: null,
      state: 'unknown',
      successes: 0,
      failures: 0,
      heardAt: null,
      failAt: 7 + TERM,
      silentAt: 7 + SILENCE,
    });
  });

  it('peerRecoveryThreshold answers: healthy, one fewer: not yet', () => {
    assert.equal(answers(fresh(), 4).state, 'unknown');
    assert.equal(answers(fresh(), 5).state, 'healthy');
    assert.equal(answers(fresh(), 50).successes, 5, 'counted no further');
  });

  it('a message that is no answer is a sign of life, and no success', () => {
    let path = fresh();
    for (let message = 0; message < 20; message += 1) path = spokenAt(path, message * INTERVAL);

    assert.deepEqual([path.state, path.successes, path.heardAt], ['unknown', 0, 19 * INTERVAL]);
    assert.equal(path.failAt, TERM, 'no answer: the failure is due all the same');
    assert.equal(path.silentAt, 19 * INTERVAL + SILENCE);
  });

  it('the peer asks but does not answer: unhealthy, and not silent', () => {
    const well = answers(fresh(), 5);
    const last = 4 * INTERVAL;

    const asking = failures(spokenAt(well, last + 50_000), 2);
    const path = silentAt(spokenAt(asking, last + 330_000), last + SILENCE);

    assert.equal(path.state, 'unhealthy');
    assert.equal(fellSilent([path], instant(last + SILENCE)), false);
    assert.equal(fellSilent([path], instant(last + 330_000 + SILENCE)), true);
  });

  it('a sign of life between answers does not break their row', () => {
    const path = answers(spokenAt(answers(fresh(), 2), 150_000), 3, 200_000);

    assert.equal(path.state, 'healthy');
  });

  it('peerFailureThreshold silent intervals since the last answer: unhealthy, not earlier', () => {
    const well = answers(fresh(), 5);
    const last = 4 * INTERVAL;

    const first = silentAt(well, last + TERM);
    const second = silentAt(first, last + TERM + INTERVAL);
    const third = silentAt(second, last + TERM + 2 * INTERVAL);

    assert.deepEqual(
      [first, second, third].map(({ state, failures: count }) => [state, count]),
      [
        ['healthy', 1],
        ['healthy', 2],
        ['unhealthy', 3],
      ],
    );
    assert.equal(silentAt(third, third.failAt).failures, 3, 'counted no further');
  });

  it('before a failure is due nothing is counted', () => {
    const well = answers(fresh(), 5);

    assert.equal(silentAt(well, well.failAt - 1), well);
  });

  it('whoever looks late has counted one failure: there may be an answer in the socket', () => {
    const well = answers(fresh(), 5);

    const late = silentAt(well, 10_000_000);

    assert.deepEqual([late.state, late.failures], ['healthy', 1]);
    assert.equal(late.failAt, 10_000_000 + INTERVAL);
  });

  it('whoever looks a little late keeps the beat', () => {
    const well = answers(fresh(), 5);

    assert.equal(silentAt(well, well.failAt + 50_000).failAt, well.failAt + INTERVAL);
  });

  it('a failure begins the row of successes anew', () => {
    const path = answers(failures(answers(fresh(), 4), 1), 4, 600_000);

    assert.equal(path.state, 'unknown');
  });

  it('an answer begins the row of failures anew', () => {
    const path = failures(answeredAt(failures(answers(fresh(), 5), 2), 800_000), 2);

    assert.equal(path.state, 'healthy');
  });

  it('unhealthy until it has recovered, whatever else it says', () => {
    const dead = failures(answers(fresh(), 5), 3);

    const speaking = spokenAt(dead, 2_000_000);
    const recovering = answers(speaking, 4, 2_000_000);
    const recovered = answers(speaking, 5, 2_000_000);

    assert.deepEqual([speaking.state, speaking.failures], ['unhealthy', 3]);
    assert.equal(recovering.state, 'unhealthy');
    assert.equal(recovered.state, 'healthy');
  });

  it('excused: a full term from now, the rest as it was', () => {
    const half = failures(answers(fresh(), 5), 2);

    const path = excused(PARAMETERS, half, instant(9_000_000));

    assert.deepEqual(path, {
      ...half,
      failAt: 9_000_000 + TERM,
      silentAt: 9_000_000 + SILENCE,
    });
  });

  it('thresholds of one: one is enough', () => {
    const eager = { ...PARAMETERS, failureThreshold: 1, recoveryThreshold: 1 };

    const well = heard(eager, fresh(), true, instant(0));
    const dead = silent(eager, well, well.failAt);

    assert.deepEqual([well.state, dead.state], ['healthy', 'unhealthy']);
  });

  it('the tolerance is half an interval, 40 ms at most', () => {
    const of = (interval: number): number =>
      tolerance({ ...PARAMETERS, interval: microseconds(interval) });

    assert.deepEqual(
      [of(10_000), of(80_000), of(100_000), of(60_000_000)],
      [5_000, 40_000, 40_000, 40_000],
    );
  });
});

describe('the paths of a peer together', () => {
  const unknown = fresh();
  const well = answers(fresh(), 5);
  const dead = failures(fresh(), 3);

  it('healthy when any is', () => {
    assert.equal(peerState([dead, well]), 'healthy');
    assert.equal(peerState([unknown, well]), 'healthy');
  });

  it('unhealthy when all are', () => {
    assert.equal(peerState([dead, dead]), 'unhealthy');
  });

  it('between: not known', () => {
    assert.equal(peerState([unknown]), 'unknown');
    assert.equal(peerState([dead, unknown]), 'unknown');
  });

  it('silent when nothing comes on any: one that recovers is not', () => {
    const now = instant(1_000_000);
    assert.equal(fellSilent([dead, dead], now), true);
    assert.equal(fellSilent([dead, spokenAt(dead, 1_000_000)], now), false);
    assert.equal(fellSilent([dead, well], now), false);
    assert.equal(fellSilent([failures(fresh(), 2)], now), false);
    assert.equal(fellSilent([dead], instant(SILENCE - 1)), false);
  });

  it('the last message on any of them; null when there was none', () => {
    assert.equal(lastHeard([unknown, dead]), null);
    assert.equal(lastHeard([well, spokenAt(unknown, 123_456), spokenAt(dead, 777_777)]), 777_777);
  });
});
