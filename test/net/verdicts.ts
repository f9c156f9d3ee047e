// Verdicts on what a client, the kernels, the wire and the records of the appliances saw: by cause and
// order, never by milliseconds, which a busy machine makes longer. How fast it was is printed beside the aim,
// and judged by scripts/bench alone. Nothing is observed here.
import assert from 'node:assert/strict';
import type { Frame } from '../../scripts/lab/frame-log.js';
import type { HeldChange, HeldTimes } from '../../scripts/lab/held-time.js';
import { STATIONS, type ApplianceName } from '../../scripts/lab/network.js';
import type { ProbeReport } from '../../scripts/lab/probe-record.js';
import type { TransitionReason } from '../../src/model/reasons.js';
import type { EventRecord } from '../../src/model/status.js';

/** What happened to one address while it was observed, in order of time. */
export interface Course {
  readonly address: string;
  /** The appliances that held it when the observation began. */
  readonly holders: readonly string[];
  readonly changes: readonly HeldChange[];
  /** On the switch; null where nothing may be captured. */
  readonly frames: readonly Frame[] | null;
}

export interface Seen {
  /** Of the address that lost most. */
  readonly probes: ProbeReport;
  readonly held: HeldTimes;
  /** When the observed part began, on the lab's clock. */
  readonly from: number;
  readonly courses: readonly Course[];
  /** The events of each appliance meanwhile. */
  readonly events: Readonly<Record<ApplianceName, readonly EventRecord[]>>;
}

/** One line for whoever reads the test's output. */
export function describeSeen(
  what: string,
  { probes, held }: Pick<Seen, 'probes' | 'held'>,
): string {
  return (
    `${what}: ${probes.lost} of ${probes.sent} lost, longest outage ${probes.longestOutageMs.toFixed(1)} ms, ` +
    `both held ${held.bothHeldMs.toFixed(1)} ms, nobody ${held.nobodyHeldMs.toFixed(1)} ms ` +
    `(client late by ${probes.scheduleLatenessMs.toFixed(1)} ms)`
  );
}

/** No more lost than this; `seen` says it all when it fails. */
export function assertLost({ probes }: Pick<Seen, 'probes'>, atMost: number): void {
  const found = JSON.stringify(probes);
  assert.ok(probes.sent > 0, `probes expected: ${found}`);
  assert.ok(probes.lost <= atMost, `at most ${atMost} lost expected: ${found}`);
}

/** Who was alone with the address in the end; null when not one was. */
export function holderAtEnd({ holders, changes }: Course): string | null {
  const end = new Set(holders);
  for (const { appliance, present } of changes) {
    if (present) end.add(appliance);
    else end.delete(appliance);
  }
  const [only, another] = [...end];
  return another === undefined ? (only ?? null) : null;
}

/**
 * What ended an outage, by the record of the one that took over: it was told so by the one before it; or a
 * peer check or a monitor found it out, here or there. In neither case the Active_Down_Timer of VRRP.
 */
const CAUSES: Readonly<Record<'told' | 'checked', readonly TransitionReason[]>> = {
  told: ['peer-released', 'priority-zero'],
  checked: ['peer-dead', 'peer-released', 'priority-zero', 'better-placed'],
};

export type Cause = keyof typeof CAUSES;

/** The outage ended, and for the reason given; prints what was aimed at and what was measured. */
export function assertSwift(
  print: (line: string) => void,
  seen: Seen,
  cause: Cause,
  aimMs: number,
): void {
  const { probes, courses, events } = seen;
  const verdict = probes.lost <= aimMs ? 'met' : 'NOT met';
  print(`aim: at most ${aimMs} lost; measured: ${probes.lost}, ${verdict}`);
  const found = JSON.stringify(probes);
  assert.ok(probes.sent > 0, `probes expected: ${found}`);
  assert.ok(probes.lost === 0 || probes.goodAgainAt !== null, `answers again expected: ${found}`);
  const heirs = new Set(courses.filter(hasMoved).map(holderAtEnd));
  assert.ok(heirs.size > 0, `a role that moves expected: ${JSON.stringify(courses)}`);
  for (const heir of heirs) {
    assert.ok(heir === 'a' || heir === 'b', `one holder expected: ${JSON.stringify(courses)}`);
    const reasons = transitions(events[heir])
      .filter(({ to }) => to === 'Active')
      .map(({ reason }) => reason as TransitionReason);
    const all = reasons.length > 0 && reasons.every((reason) => CAUSES[cause].includes(reason));
    const wanted = CAUSES[cause].join(' or ');
    assert.ok(all, `${heir} Active by ${wanted} expected; found: ${reasons.join() || 'nothing'}`);
  }
}

const hasMoved = ({ changes }: Course): boolean => changes.some(({ present }) => present);

const transitions = (events: readonly EventRecord[]): EventRecord[] =>
  events.filter(({ event }) => event === 'transition');

/** Who has said nothing for so long was kept from it: an agent speaks every 100 ms, at the HA port alone. */
const STOOD_STILL_MS = 200;

/** How an agent takes the role of one that is silent; its executor says farewell for it. */
export const OF_THE_SILENT: ReadonlySet<string> = new Set([
  'peer-dead',
  'no-response',
  'priority-zero',
]);

/**
 * Whether somebody, by all of its own words, said nothing in the last moments before `at`, and spoke again: one that is
 * not heard any more, or not yet, is no witness of a silence.
 */
export function pausedBefore(words: readonly { readonly at: number }[], at: number): boolean {
  const last = words.findLast((word) => word.at <= at);
  return last !== undefined && at - last.at >= STOOD_STILL_MS && words.at(-1) !== last;
}

/**
 * Whether an appliance said nothing in the last moments before `at`, by the wire: not even that it lives. What
 * its executor says for it, the farewell, is no word of its own.
 */
export function wasSilent(frames: readonly Frame[] | null, name: string, at: number): boolean {
  if (frames === null) return false;
  const isWord = ({ what }: Frame): boolean =>
    what.kind === 'ha-message' || (what.kind === 'advertisement' && what.priority > 0);
  const words = frames.filter((frame) => frame.sender === macOf(name) && isWord(frame));
  return pausedBefore(words, at);
}

/**
 * No address moves, and nothing is lost. The machine itself may stand still, and then a role moves rightly: that
 * the one that had it was silent on the wire, and nothing else, has to be what began it.
 */
export function assertStill(print: (line: string) => void, seen: Seen): void {
  const [first] = (['a', 'b'] as const)
    .flatMap((name) => transitions(seen.events[name]).map((record) => ({ name, record })))
    .filter(({ record: { from, to } }) => from === 'Active' || to === 'Active')
    .sort((one, other) => Date.parse(one.record.time) - Date.parse(other.record.time));
  const changes = seen.courses.flatMap((course) => course.changes);
  if (first === undefined) {
    assert.deepEqual(changes, [], 'no address moves');
    assertLost(seen, 0);
    return;
  }
  const { name, record } = first;
  const other = name === 'a' ? 'b' : 'a';
  const frames = seen.courses[0]?.frames ?? null;
  const excused =
    record.to === 'Active' &&
    OF_THE_SILENT.has(record.reason) &&
    wasSilent(frames, other, Date.parse(record.time));
  const found = JSON.stringify({ events: seen.events, changes });
  assert.ok(
    excused,
    `a role that stays, or ${other} silent on the wire before, expected: ${found}`,
  );
  print(`this machine stood still, and the role moved rightly: ${record.detail}`);
}

/**
 * A planned handover: nothing lost, and never nobody. Where what was lost had itself been sent late by as long as the outage,
 * the machine stood still in that moment: then the order of what happened says whether it was a handover.
 */
export function assertSeamless(seen: Seen): void {
  const { longestOutageMs, lostLatenessMs, goodAgainAt } = seen.probes;
  const isShort = longestOutageMs > 0 && longestOutageMs <= lostLatenessMs;
  if (!isShort || goodAgainAt === null) assertLost(seen, 0);
  for (const course of seen.courses) assertNeverNobody(course);
  assertHandover(seen);
}

/**
 * Make before break: who lets go does so once the other one has the address and has told the hosts, and
 * since it has heard of it: nobody has asked in vain, and one has the address in the end.
 */
export function assertHandover(seen: Seen): void {
  for (const course of seen.courses) {
    const found = JSON.stringify(course);
    assert.ok(holderAtEnd(course) !== null, `one holder in the end expected: ${found}`);
    assertToldBefore(course);
  }
  for (const events of Object.values(seen.events)) {
    const refused = events.filter(({ event }) => event === 'refused');
    assert.deepEqual(refused, [], 'who asked for a successor got one');
  }
}

/** After a failure: who is left without the address has heard the advertisement of the one that has the role. */
export function assertHeardBefore({ courses }: Seen): void {
  for (const course of courses) {
    const heir = holderAtEnd(course);
    assert.ok(heir !== null, `one holder in the end expected: ${JSON.stringify(course)}`);
    for (const { appliance, present, at } of course.changes) {
      if (present || appliance === heir || course.frames === null) continue;
      const heard = course.frames.some(
        (frame) =>
          frame.at <= at && frame.sender === macOf(heir) && frame.what.kind === 'advertisement',
      );
      assert.ok(heard, `${heir} advertises before ${appliance} lets go: ${JSON.stringify(course)}`);
    }
  }
}

/** Each removal that leaves the address to one that has taken it meanwhile: that one has announced it. */
function assertToldBefore(course: Course): void {
  const holders = new Set(course.holders);
  for (const { appliance, present, at } of course.changes) {
    if (present) holders.add(appliance);
    else holders.delete(appliance);
    if (present || holders.size === 0) continue;
    const told = [...holders].some(
      (name) => course.holders.includes(name) || hasAnnounced(course, name, at),
    );
    assert.ok(
      told,
      `${[...holders].join()} announces ${course.address} before ${appliance} lets go: ${JSON.stringify(course)}`,
    );
  }
}

/**
 * Two watchers report, each a little late: an appliance that has announced the address has it, whatever the
 * time of the notice says.
 */
function assertNeverNobody(course: Course): void {
  const holders = new Set(course.holders);
  for (const [index, { appliance, present, at }] of course.changes.entries()) {
    if (present) holders.add(appliance);
    else holders.delete(appliance);
    if (holders.size > 0) continue;
    const next = course.changes.slice(index + 1).find((change) => change.present);
    const had =
      next !== undefined && course.frames !== null && hasAnnounced(course, next.appliance, at);
    assert.ok(had, `somebody holds ${course.address} all the time: ${JSON.stringify(course)}`);
  }
}

function hasAnnounced({ frames, address }: Course, name: string, before: number): boolean {
  if (frames === null) return true;
  const sender = macOf(name);
  return frames.some(
    ({ at, sender: from, what }) =>
      at <= before && from === sender && what.kind === 'announcement' && what.address === address,
  );
}

export const macOf = (name: string): string => STATIONS[name === 'a' ? 'a' : 'b'].mac;

/** An advertisement of the other router. */
export interface Heard {
  readonly at: number;
  readonly priority: number;
}

export const heardFrom = (frames: readonly Frame[], mac: string): Heard[] =>
  frames.flatMap(({ at, sender, what }) =>
    sender === mac && what.kind === 'advertisement' ? [{ at, priority: what.priority }] : [],
  );

/**
 * The reasons for a takeover that the wire bears out, by the other one's last advertisements. What arrives
 * in the very moment of the decision may stand behind the silence that was its cause.
 */
export function causesOf(
  heard: readonly Heard[],
  at: number,
  intervalMs: number,
  priority: number,
): string[] {
  const [before, last] = [heard.at(-2), heard.at(-1)];
  // Less than Active_Down_Interval, which is three intervals and Skew_Time; event times are whole.
  const silence = 3 * intervalMs - 1;
  const silent =
    last === undefined ||
    at - last.at >= silence ||
    (before !== undefined && last.at - before.at >= silence);
  const causes = silent ? ['no-response'] : [];
  const recent = [before, last].filter((one) => one !== undefined);
  if (recent.some((one) => one.priority === 0)) causes.push('priority-zero');
  if (recent.some((one) => one.priority > 0 && one.priority < priority)) causes.push('priority');
  return causes;
}
