// The arithmetic of who held an address when, and the reading of the kernel's notices. No kernel.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { parseNotice } from '../../scripts/lab/address-watch.js';
import {
  heldTimes,
  holdersAt,
  takeOver,
  Untold,
  type HeldChange,
} from '../../scripts/lab/held-time.js';

const VIP = '10.99.0.100';
const change = (at: number, appliance: string, present: boolean, address = VIP): HeldChange => ({
  at,
  appliance,
  address,
  present,
});

/** a holds from 10; b joins at 20; a leaves at 23; b leaves at 30; a comes back at 37. */
const STORY = [
  change(10, 'a', true),
  change(12, 'b', true, '10.99.0.2'),
  change(20, 'b', true),
  change(23, 'a', false),
  change(30, 'b', false),
  change(37, 'a', true),
];

describe('held times', () => {
  it('counts both and nobody between the changes', () => {
    assert.deepEqual(heldTimes(STORY, VIP, 10, 40), { bothHeldMs: 3, nobodyHeldMs: 7 });
  });

  it('cuts at the ends of the window', () => {
    assert.deepEqual(heldTimes(STORY, VIP, 21, 22), { bothHeldMs: 1, nobodyHeldMs: 0 });
    assert.deepEqual(heldTimes(STORY, VIP, 0, 5), { bothHeldMs: 0, nobodyHeldMs: 5 });
    assert.deepEqual(heldTimes(STORY, VIP, 31, 50), { bothHeldMs: 0, nobodyHeldMs: 6 });
  });

  it('takes a repeated notice for what it is', () => {
    const renewed = [change(10, 'a', true), change(15, 'a', true), change(20, 'a', false)];
    assert.deepEqual(heldTimes(renewed, VIP, 10, 25), { bothHeldMs: 0, nobodyHeldMs: 5 });
  });

  it('knows the holders of every moment', () => {
    assert.deepEqual(holdersAt(STORY, VIP, 9), []);
    assert.deepEqual(holdersAt(STORY, VIP, 21), ['a', 'b']);
    assert.deepEqual(holdersAt(STORY, VIP, 25), ['b']);
  });
});

describe('a take-over', () => {
  it('has an instant at which the heir held, and one since which it holds alone', () => {
    const until30 = STORY.filter(({ at }) => at < 30);
    assert.deepEqual(takeOver(until30, VIP, 'b', 11), { takenAt: 20, aloneAt: 23 });
  });

  it('has no end while the other holds on, or holds again', () => {
    const held = [change(10, 'a', true), change(20, 'b', true)];
    assert.deepEqual(takeOver(held, VIP, 'b', 11), { takenAt: 20, aloneAt: null });
    const again = [...held, change(23, 'a', false), change(25, 'a', true)];
    assert.deepEqual(takeOver(again, VIP, 'b', 11), { takenAt: 20, aloneAt: null });
    const gone = [...again, change(27, 'a', false)];
    assert.deepEqual(takeOver(gone, VIP, 'b', 11), { takenAt: 20, aloneAt: 27 });
  });

  it('is over when it begins with the heir, and never happens without it', () => {
    assert.deepEqual(takeOver(STORY, VIP, 'b', 25), { takenAt: 25, aloneAt: null });
    assert.deepEqual(takeOver(STORY.slice(0, 1), VIP, 'b', 11), { takenAt: null, aloneAt: null });
  });
});

describe('notices of ip monitor', () => {
  it('reads an added IPv4 address', () => {
    const line =
      '[2026-01-02T03:04:05.678901] 2: eth0    inet 10.99.0.100/24 scope global secondary eth0\\       valid_lft forever preferred_lft forever';
    assert.deepEqual(parseNotice(line), {
      at: Date.parse('2026-01-02T03:04:05Z') + 678.901,
      interface: 'eth0',
      index: 2,
      address: '10.99.0.100',
      present: true,
    });
  });

  it('reads a deleted IPv6 address', () => {
    const line =
      '[2026-01-02T03:04:05.000001] Deleted 2: eth0    inet6 fe80::64/64 scope link deprecated nodad';
    const notice = parseNotice(line);
    assert.deepEqual([notice?.address, notice?.present], ['fe80::64', false]);
  });

  it('passes over what tells of no address', () => {
    assert.equal(parseNotice('[2026-01-02T03:04:05.000001] 2: eth0: <UP> mtu 1500'), null);
    assert.equal(parseNotice(''), null);
  });
});

describe('changes that are told', () => {
  it('are told once, one that is known later than a younger one too', () => {
    const untold = new Untold();
    const [taken, left, last] = [
      change(20, 'b', true),
      change(23, 'a', false),
      change(30, 'b', false),
    ];
    const before = change(10, 'a', true);
    assert.deepEqual(untold.of([before, left]), [before, left]);
    assert.deepEqual(untold.of([before, taken, left]), [taken]);
    assert.deepEqual(untold.of([before, left, last, taken]), [last]);
  });

  it('are no renewals of a lifetime', () => {
    const untold = new Untold();
    const taken = change(10, 'a', true);
    assert.deepEqual(untold.of([taken, change(11, 'a', true), change(11, 'b', false)]), [taken]);
  });
});
