// The verdicts of the network tests on made-up courses: what each of them notices. No network.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { Frame } from '../../scripts/lab/frame-log.js';
import type { HeldChange } from '../../scripts/lab/held-time.js';
import type { Standstill } from '../../scripts/lab/processor-watch.js';
import type { ProbeReport } from '../../scripts/lab/probe-record.js';
import type { TransitionReason } from '../../src/model/reasons.js';
import type { EventRecord } from '../../src/model/status.js';
import {
  assertHandover,
  assertHeardBefore,
  assertSeamless,
  assertStill,
  assertSwift,
  causesOf,
  macOf,
  type Course,
  type Seen,
} from '../net/verdicts.js';

const ADDRESS = '10.99.0.100';

type Happening =
  | { readonly has: 'a' | 'b' }
  | { readonly lost: 'a' | 'b' }
  | { readonly announces: 'a' | 'b' }
  | { readonly advertises: 'a' | 'b' };

/** A course that begins with `a` holding the address: one happening a millisecond. */
function course(happenings: readonly Happening[]): Course {
  const changes: HeldChange[] = [];
  const frames: Frame[] = [];
  happenings.forEach((one, at) => {
    if ('has' in one) changes.push({ at, appliance: one.has, address: ADDRESS, present: true });
    if ('lost' in one) changes.push({ at, appliance: one.lost, address: ADDRESS, present: false });
    if ('announces' in one) {
      const what = { kind: 'announcement' as const, address: ADDRESS };
      frames.push({ at, sender: macOf(one.announces), what });
    }
    if ('advertises' in one) {
      const what = { kind: 'advertisement' as const, vrid: 51, priority: 100 };
      frames.push({ at, sender: macOf(one.advertises), what });
    }
  });
  return { address: ADDRESS, holders: ['a'], changes, frames };
}

const record = (change: Partial<EventRecord>): EventRecord => ({
  time: '2026-01-01T00:00:00.000Z',
  event: 'transition',
  reason: 'startup',
  detail: '',
  ...change,
});

function seen(happenings: readonly Happening[], change: Partial<ProbeReport> = {}): Seen {
  const probes: ProbeReport = {
    sent: 100,
    lost: 0,
    longestOutageMs: 0,
    firstLostAt: null,
    goodAgainAt: null,
    scheduleLatenessMs: 0,
    lostLatenessMs: 0,
    slowestMs: 0,
    longestGapMs: 0,
    answeredFirst: [],
    answeredLast: [],
    reasons: {},
    ...change,
  };
  const held = { bothHeldMs: 0, nobodyHeldMs: 0 };
  const courses = [course(happenings)];
  return { probes, held, from: 0, courses, events: { a: [], b: [] }, standstills: [] };
}

const HANDED_OVER = [{ has: 'b' }, { announces: 'b' }, { advertises: 'b' }, { lost: 'a' }] as const;

/** What is printed of it. */
function seamless(what: Seen): string[] {
  const printed: string[] = [];
  assertSeamless((line) => printed.push(line), what);
  return printed;
}

describe('a planned handover', () => {
  it('is seamless when the new one has announced itself before the old one lets go', () => {
    seamless(seen(HANDED_OVER));
  });

  it('is not when a request failed, though the kernels say that all is well', () => {
    assert.throws(() => seamless(seen(HANDED_OVER, { lost: 1, goodAgainAt: 1 })), /0 lost/);
  });

  it('is when what was lost was sent late by as long as the outage, not by less, nor without an end', () => {
    const lost = { lost: 3, longestOutageMs: 3, goodAgainAt: 4 };
    seamless(seen(HANDED_OVER, { ...lost, lostLatenessMs: 3 }));
    const others = [
      { ...lost, lostLatenessMs: 2, scheduleLatenessMs: 9 },
      { ...lost, lostLatenessMs: 3, goodAgainAt: null },
    ];
    for (const other of others) assert.throws(() => seamless(seen(HANDED_OVER, other)), /0 lost/);
  });

  it('is not when the old one let go before the hosts were told', () => {
    const silent = seen([{ has: 'b' }, { advertises: 'b' }, { lost: 'a' }, { announces: 'b' }]);
    assert.throws(() => assertHandover(silent), /b announces .* before a lets go/);
  });

  it('is not when nobody had the address in between', () => {
    const gap = seen([{ lost: 'a' }, { has: 'b' }, { announces: 'b' }]);
    assert.throws(() => seamless(gap), /all the time/);
  });

  it('is when the notice of the new one came late, but its announcement did not', () => {
    seamless(seen([{ announces: 'b' }, { lost: 'a' }, { has: 'b' }]));
  });

  it('is not while both hold the address, or when somebody asked in vain', () => {
    assert.throws(() => assertHandover(seen([{ has: 'b' }, { announces: 'b' }])), /one holder/);
    const refused = seen(HANDED_OVER);
    const events = { a: [record({ event: 'refused' })], b: [] };
    assert.throws(() => assertHandover({ ...refused, events }), /got one/);
  });

  it('may be one that was begun and given up: who stayed has the address all the time', () => {
    assertHandover(seen([{ has: 'b' }, { lost: 'b' }]));
  });
});

describe('a handover on a machine that stood still', () => {
  const DETAIL = 'a said nothing';
  const word = (at: number): Frame => ({ at, sender: macOf('a'), what: { kind: 'ha-message' } });
  const change = (at: number, appliance: 'a' | 'b', present: boolean): HeldChange => ({
    at,
    appliance,
    address: ADDRESS,
    present,
  });
  const announced = (at: number, name: 'a' | 'b'): Frame => ({
    at,
    sender: macOf(name),
    what: { kind: 'announcement', address: ADDRESS },
  });
  const move = (at: number, reason: string): EventRecord =>
    record({
      time: new Date(at).toISOString(),
      from: 'Backup',
      to: 'Active',
      reason,
      detail: DETAIL,
    });

  /**
   * `a` has its role back at 100 ms, `b` lets go at 110. From 500 to 900 `a` says nothing; `b` takes the role at 830 when
   * `a` has lost it, and gives it back. 300 probes are lost.
   */
  const MOVED: Seen = {
    ...seen([], { lost: 300, longestOutageMs: 330, firstLostAt: 520, goodAgainAt: 850 }),
    courses: [
      {
        address: ADDRESS,
        holders: ['b'],
        changes: [
          change(100, 'a', true),
          change(110, 'b', false),
          change(820, 'a', false),
          change(830, 'b', true),
          change(1_300, 'a', true),
          change(1_310, 'b', false),
        ],
        frames: [
          announced(101, 'a'),
          ...[200, 300, 400, 500].map(word),
          announced(831, 'b'),
          ...[900, 1_000].map(word),
          announced(1_301, 'a'),
        ],
      },
    ],
    events: { a: [move(99, 'priority')], b: [move(829, 'peer-dead')] },
  };
  const still = (from: number, to: number, processor = 1): Standstill => ({ processor, from, to });
  const WITNESSED: Seen = { ...MOVED, standstills: [still(510, 854)] };

  it('is judged by what came before, and the machine is named', () => {
    assert.deepEqual(seamless(WITNESSED), [
      `this machine stood still for 344 ms, and the role moved rightly: ${DETAIL}`,
    ]);
    // In several pieces, or longer than the silence; of the others nothing is added.
    seamless({ ...MOVED, standstills: [still(510, 620), still(640, 760), still(510, 560, 0)] });
    assert.match(seamless({ ...MOVED, standstills: [still(450, 950)] }).join(), / for 400 ms/);
  });

  it('is not excused without a processor that stood still, for half of the silence, at that time', () => {
    const others = [
      [],
      [still(510, 700)],
      [still(100, 480)],
      [still(910, 1_300)],
      [still(510, 650, 0), still(650, 800, 1)],
    ];
    for (const standstills of others)
      assert.throws(() => seamless({ ...MOVED, standstills }), /0 lost expected/);
  });

  it('is not excused where the one that had the role spoke, or for a reason that is not its silence', () => {
    const [whole] = WITNESSED.courses;
    assert.ok(whole?.frames);
    const frames = [...whole.frames, word(700)].sort((one, other) => one.at - other.at);
    const spoke = { ...WITNESSED, courses: [{ ...whole, frames }] };
    assert.throws(() => seamless(spoke), /0 lost expected/);
    const unseen = { ...WITNESSED, courses: [{ ...whole, frames: null }] };
    assert.throws(() => seamless(unseen), /0 lost expected/);
    const told = { ...WITNESSED, events: { a: [], b: [move(829, 'peer-released')] } };
    assert.throws(() => seamless(told), /0 lost expected/);
  });

  it('is red by a loss, a disorder or a refusal that came before', () => {
    const probes = { ...MOVED.probes, firstLostAt: 105 };
    assert.throws(() => seamless({ ...WITNESSED, probes }), /0 lost expected/);
    const [whole] = WITNESSED.courses;
    assert.ok(whole?.frames);
    const late = whole.frames.filter((frame) => frame.at !== 101);
    const untold = {
      ...WITNESSED,
      courses: [{ ...whole, frames: [...late, announced(115, 'a')] }],
    };
    untold.courses[0]?.frames?.sort((one, other) => one.at - other.at);
    assert.throws(() => seamless(untold), /a announces .* before b lets go/);
    const gap = [change(90, 'b', false), ...whole.changes.filter(({ at }) => at !== 110)];
    const nobody = { ...WITNESSED, courses: [{ ...whole, changes: gap }] };
    assert.throws(() => seamless(nobody), /all the time/);
    const refused = record({ event: 'refused', time: new Date(98).toISOString() });
    const events = { ...WITNESSED.events, b: [refused, ...WITNESSED.events.b] };
    assert.throws(() => seamless({ ...WITNESSED, events }), /got one/);
  });

  it('ends with one holder, and with answers', () => {
    const [whole] = WITNESSED.courses;
    assert.ok(whole);
    const both = { ...whole, changes: whole.changes.slice(0, -1) };
    assert.throws(() => seamless({ ...WITNESSED, courses: [both] }), /one holder/);
    const probes = { ...MOVED.probes, goodAgainAt: null };
    assert.throws(() => seamless({ ...WITNESSED, probes }), /answers again/);
  });
});

describe('an outage', () => {
  const swift = (reasons: readonly TransitionReason[], cause: 'told' | 'checked'): string[] => {
    const printed: string[] = [];
    const away = seen([{ lost: 'a' }, { has: 'b' }, { announces: 'b' }], {
      lost: 30,
      goodAgainAt: 40,
    });
    const b = reasons.map((reason) => record({ from: 'Backup', to: 'Active', reason }));
    assertSwift((line) => printed.push(line), { ...away, events: { a: [], b } }, cause, 20);
    return printed;
  };

  it('is judged by the reason of the takeover, and its milliseconds are printed', () => {
    assert.deepEqual(swift(['peer-released'], 'told'), [
      'aim: at most 20 lost; measured: 30, NOT met',
    ]);
    swift(['peer-dead'], 'checked');
  });

  it('that a timer of VRRP ended was neither told nor checked', () => {
    assert.throws(() => swift(['no-response'], 'checked'), /found: no-response/);
    assert.throws(() => swift(['peer-dead'], 'told'), /found: peer-dead/);
    assert.throws(() => swift([], 'told'), /found: nothing/);
  });

  it('that has no end is none', () => {
    const lasting = seen([{ lost: 'a' }, { has: 'b' }], { lost: 30, goodAgainAt: null });
    assert.throws(() => assertSwift(() => undefined, lasting, 'told', 20), /answers again/);
  });
});

describe('after a failure', () => {
  it('who is left without the address has heard the successor', () => {
    assertHeardBefore(seen([{ advertises: 'b' }, { lost: 'a' }, { has: 'b' }]));
    assert.throws(
      () => assertHeardBefore(seen([{ lost: 'a' }, { advertises: 'b' }, { has: 'b' }])),
      /b advertises before a lets go/,
    );
  });
});

describe('a role that is to stay', () => {
  type Word = readonly [at: number, sender: 'a' | 'b', what: Frame['what']];
  const alive = (at: number, sender: 'a' | 'b' = 'a'): Word => [at, sender, { kind: 'ha-message' }];
  const told = (at: number, priority: number): Word => [
    at,
    'a',
    { kind: 'advertisement', vrid: 51, priority },
  ];
  const taken = (reason: string): EventRecord =>
    record({ time: new Date(1_000).toISOString(), from: 'Backup', to: 'Active', reason });
  /** `b` has taken the role of `a` at 1000 ms, as it says. */
  function still(b: readonly EventRecord[], words: readonly Word[] | null): string[] {
    const printed: string[] = [];
    const frames =
      words?.map(([at, name, what]): Frame => ({ at, sender: macOf(name), what })) ?? null;
    const moved = seen(b.length === 0 ? [] : [{ has: 'b' }, { lost: 'a' }], { lost: b.length });
    const courses = moved.courses.map((one) => ({ ...one, frames }));
    assertStill((line) => printed.push(line), { ...moved, courses, events: { a: [], b } });
    return printed;
  }
  const SILENT = [alive(700), alive(800), alive(1_300)];

  it('stays, and no request is lost', () => {
    assert.deepEqual(still([], SILENT), []);
    assert.throws(() => assertStill(() => undefined, seen([{ has: 'b' }])), /no address moves/);
    assert.throws(() => assertStill(() => undefined, seen([], { lost: 1 })), /0 lost expected/);
  });

  it('may move when the one that had it was silent on the wire, which is printed', () => {
    for (const reason of ['peer-dead', 'no-response', 'priority-zero']) {
      assert.match(still([taken(reason)], SILENT).join(), /^this machine stood still/);
    }
    // Its executor says farewell for it.
    still([taken('priority-zero')], [...SILENT, told(990, 0)]);
  });

  it('may not when that one spoke all the while, is never heard again, or nothing was recorded', () => {
    for (const last of [alive(900), told(950, 200)]) {
      assert.throws(() => still([taken('peer-dead')], [...SILENT, last]), /a silent on the wire/);
    }
    still([taken('peer-dead')], [...SILENT, alive(950, 'b')]);
    assert.throws(() => still([taken('peer-dead')], [alive(700), alive(800)]), /a silent/);
    assert.throws(() => still([taken('peer-dead')], [alive(1_300)]), /a silent/);
    assert.throws(() => still([taken('peer-dead')], null), /a silent/);
  });

  it('may not for another reason, however silent that one was', () => {
    assert.throws(() => still([taken('peer-released')], SILENT), /a silent/);
    assert.throws(() => still([record({ from: 'Active', to: 'Backup' })], SILENT), /a silent/);
  });
});

describe('a takeover beside another router, at 10 ms', () => {
  /** The other one's advertisements at these times; the takeover is at 100. */
  const causes = (...heard: readonly (readonly [at: number, priority: number])[]): string[] =>
    causesOf(
      heard.map(([at, priority]) => ({ at, priority })),
      100,
      10,
      150,
    );

  it('is rightful after three intervals of silence, and not before', () => {
    assert.deepEqual(causes([60, 200], [70, 200]), ['no-response']);
    assert.deepEqual(causes([80, 200], [90, 200]), []);
    assert.deepEqual(causes([70, 200], [80, 200]), []);
    assert.deepEqual(causes(), ['no-response']);
  });

  it('is rightful when the other one spoke again in the moment of the decision', () => {
    assert.deepEqual(causes([60, 200], [99, 200]), ['no-response']);
  });

  it('is rightful after priority 0, and from a lower priority', () => {
    assert.deepEqual(causes([88, 200], [98, 0]), ['priority-zero']);
    assert.deepEqual(causes([88, 100], [98, 100]), ['priority']);
  });
});
