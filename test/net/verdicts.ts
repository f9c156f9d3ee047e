// Verdicts on what a client, the kernels, the wire and the records of the appliances saw: by cause and
// order, never by milliseconds, which a busy machine makes longer. How fast it was is printed beside the aim,
// and judged by scripts/bench alone. Nothing is observed here.
import assert from 'node:assert/strict';
import type { Frame } from '../../scripts/lab/frame-log.js';
import type { HeldChange, HeldTimes } from '../../scripts/lab/held-time.js';
import { STATIONS, type ApplianceName } from '../../scripts/lab/network.js';
import type { Standstill } from '../../scripts/lab/processor-watch.js';
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
  /** Of this machine's processors meanwhile; none where nobody watches them. */
  readonly standstills: readonly Standstill[];
}

type Print = (line: string) => void;

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
export function assertSwift(print: Print, seen: Seen, cause: Cause, aimMs: number): void {
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

/** From somebody's last word to its next one. */
interface Silence {
  readonly from: number;
  readonly to: number;
}

/**
 * The silence, by all of somebody's own words, that had begun well before `at`, and ended after it: one that is
 * not heard any more, or not yet, is no witness of a silence.
 */
function silenceAt(words: readonly { readonly at: number }[], at: number): Silence | null {
  const index = words.findLastIndex((word) => word.at <= at);
  const [last, next] = [words[index], words[index + 1]];
  if (last === undefined || next === undefined || at - last.at < STOOD_STILL_MS) return null;
  return { from: last.at, to: next.at };
}

/** Whether somebody said nothing in the last moments before `at`, and spoke again. */
export const pausedBefore = (words: readonly { readonly at: number }[], at: number): boolean =>
  silenceAt(words, at) !== null;

/**
 * The silence of an appliance in the last moments before `at`, by the wire: not even that it lives. What
 * its executor says for it, the farewell, is no word of its own.
 */
function silenceOf(frames: readonly Frame[] | null, name: string, at: number): Silence | null {
  if (frames === null) return null;
  const isWord = ({ what }: Frame): boolean =>
    what.kind === 'ha-message' || (what.kind === 'advertisement' && what.priority > 0);
  const words = frames.filter((frame) => frame.sender === macOf(name) && isWord(frame));
  return silenceAt(words, at);
}

export const wasSilent = (frames: readonly Frame[] | null, name: string, at: number): boolean =>
  silenceOf(frames, name, at) !== null;

/** A role that began or ended, by the record of an appliance. */
interface Move {
  readonly name: ApplianceName;
  readonly record: EventRecord;
}

const movesOf = ({ events }: Seen): Move[] =>
  (['a', 'b'] as const)
    .flatMap((name) => transitions(events[name]).map((record) => ({ name, record })))
    .filter(({ record: { from, to } }) => from === 'Active' || to === 'Active')
    .sort((one, other) => Date.parse(one.record.time) - Date.parse(other.record.time));

/** The silence on the wire that made a move right; null when it was taken from one that spoke, or otherwise. */
function silenceBehind({ name, record }: Move, { courses }: Seen): Silence | null {
  if (record.to !== 'Active' || !OF_THE_SILENT.has(record.reason)) return null;
  const frames = courses[0]?.frames ?? null;
  return silenceOf(frames, name === 'a' ? 'b' : 'a', Date.parse(record.time));
}

/** How long a processor stood still in that time: of several the one that did longest. */
function stoodStillMs(standstills: readonly Standstill[], { from, to }: Silence): number {
  const each = new Map<number, number>();
  for (const one of standstills) {
    const within = Math.max(0, Math.min(one.to, to) - Math.max(one.from, from));
    each.set(one.processor, (each.get(one.processor) ?? 0) + within);
  }
  return Math.max(0, ...each.values());
}

/** A move that was this machine's doing. */
interface MoveByStandstill {
  readonly move: Move;
  readonly silence: Silence;
  readonly ms: number;
}

/**
 * The first move from one that was silent while a processor provably stood still, for at least half of the silence:
 * an agent that keeps itself from speaking has no such witness.
 */
function moveByStandstill(seen: Seen): MoveByStandstill | null {
  for (const move of movesOf(seen)) {
    const silence = silenceBehind(move, seen);
    if (silence === null) continue;
    const ms = stoodStillMs(seen.standstills, silence);
    if (2 * ms >= silence.to - silence.from) return { move, silence, ms };
  }
  return null;
}

/** What was seen before then: a loss that began later is none of it. */
function seenBefore(seen: Seen, at: number): Seen {
  const { firstLostAt } = seen.probes;
  const isLater = firstLostAt !== null && firstLostAt >= at;
  const before = (records: readonly EventRecord[]): EventRecord[] =>
    records.filter(({ time }) => Date.parse(time) < at);
  return {
    ...seen,
    probes: isLater ? { ...seen.probes, lost: 0, longestOutageMs: 0 } : seen.probes,
    courses: seen.courses.map((course) => ({
      ...course,
      changes: course.changes.filter((change) => change.at < at),
      frames: course.frames?.filter((frame) => frame.at < at) ?? null,
    })),
    events: { a: before(seen.events.a), b: before(seen.events.b) },
  };
}

function printRightly(print: Print, { record }: Move, ms: number): void {
  const long = ms > 0 ? ` for ${ms.toFixed(0)} ms` : '';
  print(`this machine stood still${long}, and the role moved rightly: ${record.detail}`);
}

/**
 * No address moves, and nothing is lost. The machine itself may stand still, and then a role moves rightly: that
 * the one that had it was silent on the wire, and nothing else, has to be what began it.
 */
export function assertStill(print: Print, seen: Seen): void {
  const [first] = movesOf(seen);
  const changes = seen.courses.flatMap((course) => course.changes);
  if (first === undefined) {
    assert.deepEqual(changes, [], 'no address moves');
    assertLost(seen, 0);
    return;
  }
  const silence = silenceBehind(first, seen);
  const found = JSON.stringify({ events: seen.events, changes });
  const other = first.name === 'a' ? 'b' : 'a';
  assert.ok(
    silence !== null,
    `a role that stays, or ${other} silent on the wire before, expected: ${found}`,
  );
  printRightly(print, first, stoodStillMs(seen.standstills, silence));
}

/**
 * A planned handover: nothing lost, and never nobody. Where what was lost had itself been sent late by as long as the outage,
 * the machine stood still in that moment: then the order of what happened says whether it was a handover. Where a role
 * moved since a processor stood still, the handover is what came before that.
 */
export function assertSeamless(print: Print, seen: Seen): void {
  const moved = moveByStandstill(seen);
  const planned = moved === null ? seen : seenBefore(seen, moved.silence.from);
  assertNothingLost(planned);
  for (const course of planned.courses) assertNeverNobody(course);
  assertInOrder(planned);
  assertOneHolder(seen);
  if (moved === null) return;
  const { lost, goodAgainAt } = seen.probes;
  const found = JSON.stringify(seen.probes);
  assert.ok(lost === 0 || goodAgainAt !== null, `answers again expected: ${found}`);
  printRightly(print, moved.move, moved.ms);
}

function assertNothingLost(seen: Seen): void {
  const { longestOutageMs, lostLatenessMs, goodAgainAt } = seen.probes;
  const isShort = longestOutageMs > 0 && longestOutageMs <= lostLatenessMs;
  if (!isShort || goodAgainAt === null) assertLost(seen, 0);
}

/**
 * Make before break: who lets go does so once the other one has the address and has told the hosts, and
 * since it has heard of it: nobody has asked in vain, and one has the address in the end.
 */
export function assertHandover(seen: Seen): void {
  assertOneHolder(seen);
  assertInOrder(seen);
}

function assertOneHolder({ courses }: Seen): void {
  for (const course of courses) {
    const found = JSON.stringify(course);
    assert.ok(holderAtEnd(course) !== null, `one holder in the end expected: ${found}`);
  }
}

function assertInOrder({ courses, events }: Seen): void {
  for (const course of courses) assertToldBefore(course);
  for (const records of Object.values(events)) {
    const refused = records.filter(({ event }) => event === 'refused');
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
