// One change of this appliance's settings that comes from a peer, and its taking back: every step in its order, so that
// whoever is killed between two of them leaves the file as it was or as it is to be, and a note that tells which. No
// choice whether there is a change: see keeper.ts.
import { createHash } from 'node:crypto';
import type { SettingsError } from '../config/errors.js';
import { refusal } from '../config/faults.js';
import { mergeShared } from '../sync/merge.js';
import { digestOf, sorted } from '../sync/shared.js';
import type { Written } from './exchange.js';
import type { Ledger } from './ledger.js';
import {
  fileText,
  SettingsRefused,
  sharedIn,
  type FileText,
  type SettingsFile,
} from './settings-file.js';
import type { Pending } from './store.js';

/** Between these a test kills: `intended` is on the disk, `written` is the file, `applied` is in force, `recorded` is done. */
export type Step = 'intended' | 'written' | 'applied' | 'recorded';

export interface ChangeTools {
  readonly file: SettingsFile;
  readonly ledger: Ledger;
  /** Has the agent read the file again; what it refuses. */
  readonly apply: () => Promise<readonly SettingsError[]>;
  /** Keeps the file as it was beside the state; never rejects. */
  readonly keepGood: (text: FileText) => Promise<void>;
  /** Called after each step. */
  readonly onStep?: (step: Step) => Promise<void>;
}

/** What is wrong with a change; empty when it can be made, or was made. */
type Refusals = readonly SettingsError[];

interface Prepared {
  readonly before: FileText;
  readonly after: FileText;
  readonly unknown: Pending['unknown'];
}

/** What would become of the file. @returns why not, as errors. */
export async function prepareChange(
  { file, ledger }: Pick<ChangeTools, 'file' | 'ledger'>,
  { document }: Written,
): Promise<Prepared | Refusals> {
  try {
    const before = file.read();
    if (digestOf(ledger.whole(sharedIn(before.text))) !== ledger.digest) return [EDITED];
    const merged = mergeShared(before.text, document);
    if (!merged.ok) return merged.errors;
    const errors = await file.check(merged.text, before.text);
    if (errors.length > 0) return errors;
    return { before, after: { ...before, text: merged.text }, unknown: merged.unknown };
  } catch (error) {
    return errorsOf(error);
  }
}

const EDITED: SettingsError = {
  path: '',
  code: 'contradiction',
  expected: 'the settings file as the agent runs with it',
  found: 'one that was edited since, and is not in force',
  remedy: 'understudy reload on that appliance, or undo the edit',
};

/**
 * Makes the change: the note, the file, the agent, the record. What fails is undone.
 * @param peer whose document it is.
 * @param isBack whether it is what was there before a change that is not confirmed: then nothing is to be confirmed.
 * @returns what was refused; the settings are then as they were.
 */
export async function makeChange(
  tools: ChangeTools,
  written: Written,
  peer: string,
  isBack = false,
): Promise<Refusals> {
  const { file, ledger, apply, keepGood, onStep } = tools;
  const prepared = await prepareChange(tools, written);
  if (!('after' in prepared)) return prepared;
  const { before, unknown } = prepared;
  const after = (isBack ? formerText(ledger.pending, before) : null) ?? prepared.after;
  const note: Pending = {
    // A change on top of one that is not confirmed: all of it is taken back.
    from: ledger.pending?.from ?? ledger.digest,
    text: ledger.pending?.text ?? `${before.mark}${before.text}`,
    unknown: ledger.pending?.unknown ?? ledger.state?.unknown ?? new Map(),
    to: written.lineage.version.digest,
    written: hashOf(after),
    peer,
    givenTo: [],
  };
  const made: Made = { before, after, former: ledger.pending };
  try {
    await keepGood(before);
    await ledger.intend(note);
    await onStep?.('intended');
    await file.write(after);
    await onStep?.('written');
    const errors = await apply();
    await onStep?.('applied');
    if (errors.length > 0) return await undo(tools, made, errors);
    const now = sharedIn(file.read().text);
    if (digestOf(sorted([...unknown, ...now])) !== note.to) {
      return await undo(tools, made, [NOT_READ_BACK]);
    }
    await ledger.adopt(written, unknown, isBack ? null : note);
    await onStep?.('recorded');
    return [];
  } catch (error) {
    return undo(tools, made, errorsOf(error));
  }
}

/** The very file that was there before, where nothing was edited since. */
const formerText = (pending: Pending | null, now: FileText): FileText | null =>
  pending !== null && hashOf(now) === pending.written ? fileText(pending.text) : null;

export const NOT_READ_BACK: SettingsError = {
  path: '',
  code: 'write-failed',
  expected: 'the file to have, read again, what was written',
  found: 'another digest: somebody else has written it meanwhile',
  remedy: 'see who edits the file, then try again',
};

interface Made {
  readonly before: FileText;
  readonly after: FileText;
  /** What was to be confirmed already. */
  readonly former: Pending | null;
}

async function undo(
  { file, ledger, apply, keepGood }: ChangeTools,
  { before, after, former }: Made,
  errors: Refusals,
): Promise<Refusals> {
  try {
    const now = file.read();
    if (hashOf(now) !== hashOf(before)) {
      let back = before;
      if (hashOf(now) !== hashOf(after)) {
        // Somebody has edited it meanwhile: that is kept, but for what is shared.
        const merged = mergeShared(now.text, ledger.written.document);
        if (!merged.ok) return [...errors, ...merged.errors];
        back = { ...now, text: merged.text };
        await keepGood(now);
      }
      await file.write(back);
      await apply();
    }
    await ledger.intend(former);
    return errors;
  } catch (error) {
    return [...errors, ...errorsOf(error)];
  }
}

/**
 * Puts back what was there before the pending change; where the file was edited since, what is shared alone.
 * @returns what was refused; then the note stays.
 */
export async function takeBack(
  { file, ledger, apply, keepGood }: ChangeTools,
  pending: Pending,
): Promise<Refusals> {
  try {
    const now = file.read();
    const former = sorted([...pending.unknown, ...sharedIn(pending.text.replace(/^\ufeff/, ''))]);
    let back: FileText = { text: pending.text, mark: '' };
    if (hashOf(now) !== hashOf(back)) {
      if (hashOf(now) !== pending.written) {
        const merged = mergeShared(now.text, former);
        if (!merged.ok) return merged.errors;
        back = { ...now, text: merged.text };
      }
      await keepGood(now);
      await file.write(back);
    }
    const errors = await apply();
    if (errors.length > 0) return errors;
    await ledger.back(former, pending);
    return [];
  } catch (error) {
    return errorsOf(error);
  }
}

export const hashOf = ({ mark, text }: FileText): string =>
  createHash('sha256').update(`${mark}${text}`).digest('hex');

/** What went wrong, in the form in which settings are refused. */
export function errorsOf(error: unknown): Refusals {
  if (error instanceof SettingsRefused) return error.errors;
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const remedy =
    code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
      ? "give the agent's user the right to write the settings file and its folder"
      : 'see to the file system, then try again';
  return [
    refusal('notWritten', `it cannot be written (${code}); the file is as it was`, {
      path: 'the settings file',
      remedy,
    }),
  ];
}
