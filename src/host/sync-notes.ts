// sync.json, the notes of shared settings, as it stands on the disk: whether it can be used, and why not. What it means:
// sync-service/store.ts. No writing.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const syncNotesPath = (stateDirectory: string): string => join(stateDirectory, 'sync.json');

export const NOTES_FORMAT = 1;

/** Of versions, a settings file and the documents of versions before it is never longer, in bytes. */
const LONGEST_NOTES = 8 * 1024 * 1024;

/** `value`: null where there are none. `found`: what stands there instead of notes. */
export type NotesRead =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly found: string };

/** Reads the notes at `path`; never throws, and never waits for a writer. */
export function readSyncNotes(path: string): NotesRead {
  let text: string;
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const status = fstatSync(file);
      if (status.isDirectory()) return not('a directory');
      if (!status.isFile()) return not('a special file');
      if (status.size > LONGEST_NOTES) return not(`${status.size} bytes`);
      text = readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT') return { ok: true, value: null };
    return not(`what cannot be read (${code})`);
  }
  return parsed(text);
}

function parsed(text: string): NotesRead {
  if (text.trim() === '') return not('an empty file');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return not('half of them, or something else');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return OTHER_FORM;
  const { format } = value as { format?: unknown };
  if (format === NOTES_FORMAT) return { ok: true, value };
  return typeof format === 'number' ? not(`format ${format}, of another release`) : OTHER_FORM;
}

const not = (found: string): NotesRead => ({ ok: false, found });

export const OTHER_FORM: NotesRead & { readonly ok: false } = {
  ok: false,
  found: 'something of another form',
};

/** What is said of notes that cannot be used, in front of what becomes of them. */
export const notesProblem = (path: string, found: string): string =>
  `${path}: expected the notes of shared settings, found ${found}`;
