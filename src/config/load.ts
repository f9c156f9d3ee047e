// The one way from a settings file to Settings: read, parse, check, complete; every error at once.
// Text to value: document.ts. Form, by the schema: compile.ts, form.ts. Meaning, on what has the right form: validate.ts;
// texts of both in faults.ts. Defaults: defaults.ts. Every setting one by one: listed.ts.
// The agent, `check` and `set` all come through here. No writing: see save.ts.
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { completeFile, settingsOf, thisHost, type Host } from './defaults.js';
import { readDocument, type SettingsDocument } from './document.js';
import {
  formatPath,
  type Finding,
  type SettingsError,
  type SettingsErrorCode,
  type SettingsWarning,
} from './errors.js';
import { refusal } from './faults.js';
import { checkForm } from './form.js';
import { listSettings, type ListedSetting } from './listed.js';
import type { SettingsFile } from './schema.js';
import type { Settings } from './settings.js';
import { checkMeaning } from './validate.js';
import { warningsOf } from './warnings.js';

/** Larger files are refused before they are read: 1 MiB. */
export const LARGEST_FILE_BYTES = 1024 * 1024;

export type LoadResult =
  | {
      readonly ok: true;
      readonly file: string;
      readonly settings: Settings;
      /** Every setting by itself, in force or not. */
      readonly listed: readonly ListedSetting[];
      /** Of the text: what tells this version of the file from another. */
      readonly digest: string;
      readonly warnings: readonly SettingsWarning[];
    }
  | { readonly ok: false; readonly file: string; readonly errors: readonly SettingsError[] };

type TextResult =
  /** `mark`: the byte order mark before the text, or nothing. */
  | { readonly ok: true; readonly text: string; readonly mark: string }
  | { readonly ok: false; readonly errors: readonly SettingsError[] };

/** Loads and checks the settings file at `path`. Never throws for anything a file can contain. */
export function loadSettings(path: string, host: Host = thisHost): LoadResult {
  const read = readSettingsText(path);
  return read.ok ? parseSettings(read.text, path, host) : { ...read, file: path };
}

/** Checks `text`, the content of a settings file called `fileName`. */
export function parseSettings(text: string, fileName: string, host: Host = thisHost): LoadResult {
  const read = readDocument(text);
  if (!read.ok) return { ok: false, file: fileName, errors: read.errors };
  // Also of a text that is about to be written: the next who reads the file would refuse it.
  const size = Buffer.byteLength(text);
  if (size > LARGEST_FILE_BYTES) return { ok: false, file: fileName, errors: [largeFile(size)] };
  const { document } = read;
  // Before the form fills defaults in.
  const written = structuredClone(document.value);
  const { findings, remainder } = checkForm(document.value);
  const complained = new Set(findings.map(({ at }) => formatPath(at)));
  const meaning = checkMeaning(remainder, host.hostName()).filter(
    ({ at }) => !complained.has(formatPath(at)),
  );
  const found = [...findings, ...meaning].map((finding) => placed(finding, document));
  const errors = inOrderOfText([...document.errors, ...found]);
  if (errors.length > 0) return { ok: false, file: fileName, errors: bounded(errors) };
  // Nothing was refused, so nothing is missing.
  const whole = remainder as SettingsFile;
  const file = completeFile(whole, host);
  return {
    ok: true,
    file: fileName,
    settings: settingsOf(file),
    listed: listSettings(file, written),
    digest: digestOfText(text),
    warnings: [...document.warnings, ...warningsOf(whole, written)],
  };
}

/** What tells one version of a file from another: 16 hexadecimal digits. */
export const digestOfText = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16);

/** What a person reads, and a control socket carries. */
const MOST_ERRORS = 100;

function bounded(errors: readonly SettingsError[]): readonly SettingsError[] {
  const more = errors.length - MOST_ERRORS;
  if (more <= 0) return errors;
  const words = { most: MOST_ERRORS };
  return [...errors.slice(0, MOST_ERRORS), refusal('moreErrors', `at least ${more} more`, words)];
}

function placed({ at, ...error }: Finding, document: SettingsDocument): SettingsError {
  const part = KEY_FAULTS.has(error.code) ? 'key' : 'value';
  return { path: formatPath(at), ...document.place(at, part), ...error };
}

/** The faults that lie in the name of a setting, not in its value. */
const KEY_FAULTS: ReadonlySet<SettingsErrorCode> = new Set(['unknown-setting', 'wrong-unit']);

const inOrderOfText = (errors: readonly SettingsError[]): SettingsError[] =>
  errors.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));

/** Reads the file as text, or says why it cannot be read. */
export function readSettingsText(path: string): TextResult {
  try {
    return decode(readBounded(path));
  } catch (error) {
    return { ok: false, errors: [accessError(error, path)] };
  }
}

/** A refusal on the way to the text that is not the system's. */
class FileRefusal extends Error {
  readonly error: SettingsError;
  constructor(error: SettingsError) {
    super(error.found);
    this.error = error;
  }
}

function readBounded(path: string): Buffer {
  // O_NONBLOCK: opening a FIFO would otherwise wait for a writer.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw notAFile(status.isDirectory() ? 'a directory' : 'a special file');
    if (status.size > LARGEST_FILE_BYTES) throw tooLarge(status.size);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const notAFile = (found: string): FileRefusal => new FileRefusal(refusal('notAFile', found, {}));

const tooLarge = (size: number): FileRefusal => new FileRefusal(largeFile(size));

const largeFile = (size: number): SettingsError =>
  refusal('largeFile', `${size} bytes`, { most: LARGEST_FILE_BYTES });

/** Some editors begin a file with it; it is no part of the text. */
const BYTE_ORDER_MARK = '\ufeff';

function decode(bytes: Buffer): TextResult {
  try {
    const whole = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const mark = whole.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
    return { ok: true, text: whole.slice(mark.length), mark };
  } catch {
    return { ok: false, errors: [refusal('encoding', 'bytes that are not UTF-8', {})] };
  }
}

function accessError(error: unknown, path: string): SettingsError {
  if (error instanceof FileRefusal) return error.error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return refusal('noFile', `no such file (${code})`, { path });
  }
  const remedy =
    code === 'EACCES' || code === 'EPERM'
      ? 'run as root, or give this user the right to read it'
      : 'see what the error code says about the file system';
  return refusal('unreadable', `it cannot be read (${code})`, { path, remedy });
}
