// Whether a setting matters: the same thing is done to a pair with the files of its page, and with one line
// of them changed; the outcomes must be the ones expected, and must differ. Which settings: the deployments.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Status } from '../../src/model/status.js';
import { APPLIANCES } from '../../scripts/lab/lab.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { ROOT } from '../../scripts/lab/program.js';
import { causesOf, movesText, type Moves } from './ending.js';
import type { SettingRow } from './report.js';
import { reread } from '../support/reread.js';
import { rest } from './client.js';
import type { Site } from './site.js';
import { movesSince } from './witness.js';

/** `value` on the page, `other` in its place; the comment behind it stays. */
export interface Change {
  /** The last name of the setting, as the line has it. */
  readonly key: string;
  readonly value: string;
  readonly other: string;
}

export interface Expected {
  readonly outcome: string;
  /** Why node 1 gives up the role: a reason of its transition, or the name of the monitor that failed. */
  readonly because?: string;
  /** The outcome is that nothing comes of it: looked at only after so long. Else it is awaited. */
  readonly stillAfterMs?: number;
}

export interface Variant extends Expected {
  /** `ha.mode` */
  readonly setting: string;
  readonly changes: Readonly<Partial<Record<ApplianceName, Change>>>;
}

export interface Experiment {
  /** What is done to the pair. */
  readonly done: string;
  act(site: Site): Promise<unknown>;
  /** What came of it, by what both agents say (null: no agent) and what the lab knows. */
  look(site: Site, a: Status | null, b: Status | null): string;
  /** Whether what was looked at could still be so: else the same is done once more. True unless given. */
  conclusive?(site: Site): boolean;
  /** Mends what `act` broke; the files of the page are in place again. */
  mend(site: Site): Promise<unknown>;
  readonly page: Expected;
  readonly variants: readonly Variant[];
}

/** Only to end the wait for an outcome that does not come. */
const PATIENCE_MS = 60_000;

interface Found {
  readonly outcome: string;
  readonly moves: Moves;
}

/** The same change on both appliances. */
export const onBoth = (key: string, value: string, other: string): Variant['changes'] => ({
  a: { key, value, other },
  b: { key, value, other },
});

/** Runs them one after the other; `onRow` is given a row for each variant. */
export async function tryOut(
  site: Site,
  experiments: readonly Experiment[],
  onRow: (row: SettingRow) => unknown,
): Promise<void> {
  for (const experiment of experiments) {
    const found = await outcomeOf(site, experiment, {}, experiment.page);
    for (const variant of experiment.variants) {
      const other = await outcomeOf(site, experiment, variant.changes, variant);
      onRow(rowOf(experiment, variant, found, other));
    }
  }
}

/** How often something is done until the machine was quick enough to look in time. */
const LOOKS = 5;

async function outcomeOf(
  site: Site,
  experiment: Experiment,
  changes: Variant['changes'],
  expected: Expected,
): Promise<Found> {
  for (let look = 1; look <= LOOKS; look += 1) {
    const found = await tried(site, experiment, changes, expected);
    if (found !== null) return found;
  }
  throw new Error(`${experiment.done}: a look in time expected, found ${LOOKS} that came too late`);
}

/** null: it took too long to tell. */
async function tried(
  site: Site,
  experiment: Experiment,
  changes: Variant['changes'],
  { outcome, stillAfterMs }: Expected,
): Promise<Found | null> {
  await useFiles(site, changes);
  const moves = movesSince(site.lab);
  await experiment.act(site);
  const look = async (): Promise<string> =>
    experiment.look(site, await site.status('a'), await site.status('b'));
  if (stillAfterMs !== undefined) await rest(stillAfterMs);
  else {
    const sees = (a: Status | null, b: Status | null): boolean =>
      experiment.look(site, a, b) === outcome;
    // One that does not come is found below, and told in the table.
    await site.waitFor(outcome, sees, PATIENCE_MS).catch(() => {});
  }
  const found = { outcome: await look(), moves: moves() };
  const conclusive = experiment.conclusive?.(site) ?? true;
  await useFiles(site, {});
  await experiment.mend(site);
  await home(site);
  return conclusive ? found : null;
}

function rowOf(
  { done, page }: Experiment,
  variant: Variant,
  found: Found,
  varied: Found,
): SettingRow {
  const complaints = [
    ...judged(page, found, "the page's value"),
    ...judged(variant, varied, 'the other value'),
    ...(found.outcome === varied.outcome ? ['another outcome expected with another value'] : []),
  ];
  const changes = Object.entries(variant.changes);
  const values = (of: (change: Change) => string): string => {
    const texts = [...new Set(changes.map(([, change]) => of(change)))];
    return texts.join(' / ');
  };
  const only = changes.length === 1 ? ` on node ${changes[0]?.[0] === 'a' ? 1 : 2} only` : '';
  return {
    setting: variant.setting,
    page: values(({ value }) => value),
    other: values(({ other }) => other) + only,
    done,
    outcome: found.outcome,
    otherOutcome: varied.outcome,
    complaints,
  };
}

/** Whether it came to what was expected, and because of what. */
function judged(expected: Expected, { outcome, moves }: Found, value: string): string[] {
  const { because } = expected;
  if (outcome !== expected.outcome) {
    const found = `${outcome} (${movesText(moves)})`;
    return [`${expected.outcome} expected with ${value}, found ${found}`];
  }
  const causes = causesOf(moves);
  if (because === undefined || causes.includes(because)) return [];
  return [
    `${because} expected as the cause with ${value}, found ${causes.join(', ') || 'nothing'}`,
  ];
}

/** The files of the page, each with at most one line changed, in their places and read. */
async function useFiles(site: Site, changes: Variant['changes']): Promise<void> {
  for (const name of APPLIANCES) {
    const { directory, running, control } = site.lab.appliance(name);
    const file = site.plan.files[name]['etc/understudy.yaml'] ?? '';
    const page = readFileSync(`${ROOT}docs/deployments/${site.plan.name}/${file}`, 'utf8');
    const change = changes[name];
    const text = change === undefined ? page : changed(page, change);
    writeFileSync(`${directory}/etc/understudy.yaml`, text);
    if (!running) continue;
    await site.waitFor(`${name} answers`, (a, b) => (name === 'a' ? a : b) !== null);
    await reread(control);
  }
}

/** @throws Error unless exactly one line of the page says what is to be changed. */
function changed(page: string, { key, value, other }: Change): string {
  const lines = page.split('\n');
  const says = (line: string): boolean => line.replace(/ #.*/, '').trim() === `${key}: ${value}`;
  const places = lines.flatMap((line, index) => (says(line) ? [index] : []));
  const [place] = places;
  if (place === undefined || places.length > 1) {
    throw new Error(`expected one line "${key}: ${value}", found ${places.length}`);
  }
  return lines.with(place, (lines[place] ?? '').replace(value, other)).join('\n');
}

/** How often the role is handed back: traffic that stalls for a moment moves it again. */
const TRIES = 3;
const TRY_MS = 30_000;

/** All well, and the role where it belongs, without waiting for a preemption where one order does it. */
async function home(site: Site): Promise<void> {
  const { addresses, holders } = site.plan;
  if (holders !== undefined) return site.settled(holders);
  for (let attempt = 1; ; attempt += 1) {
    await site.clearFlaps();
    await site.bothAble();
    const { control } = site.lab.appliance('b');
    // A preemption may come first: then there is nothing to hand over. Forced: a monitor that judges the
    // Active only cannot have recovered at one that stands by.
    if (!site.heldBy('a')) await control.command('failover', undefined, true).catch(() => {});
    const settled = site.settled(
      addresses.map(() => 'a'),
      TRY_MS,
    );
    if (attempt === TRIES) return settled;
    const well = await settled.then(
      () => true,
      () => false,
    );
    if (well) return;
  }
}
