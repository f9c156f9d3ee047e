// A changed text of a settings file that is not written yet, and its writing. How the text comes about: save.ts, change.ts.
import { atomicWriteFile, type AtomicWriteOptions } from '../files/atomic-write.js';
import type { SettingsError } from './errors.js';
import { refusal } from './faults.js';
import { digestOfText, readSettingsText, type LoadResult } from './load.js';

export type Loaded = Extract<LoadResult, { ok: true }>;

export interface Draft {
  /** The digest of the file that it was made of. */
  readonly base: string;
  /** The whole file, with the byte order mark that it had. */
  readonly text: string;
  /** What it says. */
  readonly loaded: Loaded;
}

/** Every reason why a draft is not in the file; none when it is. The file is as it was otherwise. */
export type WriteOutcome =
  | { readonly ok: true; readonly file: string }
  | { readonly ok: false; readonly file: string; readonly errors: readonly SettingsError[] };

/** Replaces the file at `path`, unless it is another one than the draft was made of. Never rejects. */
export async function writeDraft(
  path: string,
  { base, text }: Pick<Draft, 'base' | 'text'>,
  options: AtomicWriteOptions = {},
): Promise<WriteOutcome> {
  const refuse = (errors: readonly SettingsError[]): WriteOutcome => ({
    ok: false,
    file: path,
    errors,
  });
  const now = readSettingsText(path);
  if (!now.ok) return refuse(now.errors);
  if (digestOfText(now.text) !== base) {
    return refuse([refusal('changedMeanwhile', 'another version', { path })]);
  }
  const failure = await replaceSettings(path, text, options);
  return failure === null ? { ok: true, file: path } : refuse([failure]);
}

/** Writes the whole file at once. @returns the error when it cannot be; the file is as it was then. */
async function replaceSettings(
  path: string,
  text: string,
  options: AtomicWriteOptions,
): Promise<SettingsError | null> {
  try {
    await atomicWriteFile(path, text, options);
    return null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const remedy =
      code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
        ? 'run as root, or give this user the right to write the file and its folder'
        : 'see to the file system, then try again';
    const found = `it cannot be written (${code}); the file is as it was`;
    return refusal('notWritten', found, { path, remedy });
  }
}
