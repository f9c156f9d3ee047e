// What an appliance says of its witness: in its status, in health and as events.
import assert from 'node:assert/strict';
import { WitnessDesk } from '../../src/agent/witness-desk.js';
import { instant, microseconds } from '../../src/model/units.js';
import type { WitnessFact } from '../../src/model/witness.js';
import { describe, it } from '../support/test.js';

const SETTINGS = {
  type: 'etcd' as const,
  endpoints: ['http://10.0.0.9:2379'],
  key: '/understudy',
  ttlSeconds: 6,
  caFile: null,
  certificateFile: null,
  privateKeyFile: null,
  user: null,
  passwordFile: null,
};

function bench() {
  const events: string[] = [];
  const clock = { now: 1_000_000, wall: Date.UTC(2026, 0, 1) };
  const desk = new WitnessDesk({
    journal: {
      recordChange: (_, __, { reason, detail }) => events.push(`${reason}: ${detail}`) > 0,
    },
    now: () => instant(clock.now),
    wallClock: () => clock.wall,
  });
  desk.configure(SETTINGS);
  return { desk, events, clock };
}

const ours = (token: string, until: number): WitnessFact => ({
  kind: 'ours',
  token,
  until: instant(until),
  ttl: microseconds(6_000_000),
});
const away: WitnessFact = { kind: 'away', why: 'no answer' };

describe('what is said of the witness', () => {
  it('nothing where the settings name none', () => {
    const { desk } = bench();
    desk.configure(null);
    desk.take(away);
    assert.equal(desk.status(), undefined);
    assert.deepEqual(desk.problems(), []);
  });

  it('is unknown before it was asked, which is no problem', () => {
    const { desk } = bench();
    const { state, lease, since } = desk.status() ?? {};
    assert.deepEqual([state, lease, since], ['unknown', 'unknown', undefined]);
    assert.deepEqual(desk.problems(), []);
  });

  it('a lease of ours is told with what remains of it, also when the witness goes away', () => {
    const { desk, clock } = bench();
    desk.take(ours('1', 6_000_000));
    assert.deepEqual(desk.status(), {
      endpoints: ['http://10.0.0.9:2379'],
      ttlSeconds: 6,
      state: 'seen',
      since: '2026-01-01T00:00:00.000Z',
      lease: 'ours',
      remainingMs: 5_000,
    });
    clock.now = 4_000_000;
    clock.wall += 3_000;
    assert.ok(desk.take(away));
    const { state, since, detail, lease, remainingMs } = desk.status() ?? {};
    assert.deepEqual(
      [state, since, detail, lease, remainingMs],
      ['away', '2026-01-01T00:00:03.000Z', 'no answer', 'ours', 2_000],
    );
    assert.deepEqual(desk.problems(), ['the witness does not answer: no answer']);
    clock.now = 6_000_000;
    assert.equal(desk.status()?.lease, 'unknown');
  });

  it('events tell when the lease comes and goes, once, and news is more than a renewal', () => {
    const { desk, events } = bench();
    assert.ok(desk.take({ kind: 'free' }));
    assert.ok(desk.take(ours('1', 6_000_000)));
    assert.ok(!desk.take(ours('1', 7_000_000)), 'a renewal');
    desk.take(away);
    desk.take(ours('1', 8_000_000));
    desk.take(ours('2', 9_000_000));
    const others = { kind: 'others', holder: 'b', token: '3', expiresIn: microseconds(1) } as const;
    assert.ok(desk.take(others));
    assert.ok(!desk.take({ ...others, expiresIn: microseconds(2) }));
    assert.equal(desk.status()?.holder, 'b');
    desk.take(ours('4', 9_000_000));
    desk.take({ kind: 'free' });
    assert.deepEqual(events, [
      'held: the lease of the witness: it is ours (1)',
      'held: the lease of the witness: it is ours (2)',
      'not-held: the lease of the witness: b has it',
      'held: the lease of the witness: it is ours (4)',
      'not-held: the lease of the witness: nobody has it',
    ]);
  });

  it('another witness is another story', () => {
    const { desk } = bench();
    desk.take(ours('1', 6_000_000));
    desk.configure({ ...SETTINGS });
    assert.equal(desk.status()?.lease, 'ours', 'nothing has changed');
    desk.configure({ ...SETTINGS, key: '/other' });
    assert.deepEqual([desk.status()?.state, desk.status()?.lease], ['unknown', 'unknown']);
  });
});
