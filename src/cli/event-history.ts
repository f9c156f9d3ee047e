// The events that an agent left in its state directory: events.jsonl and the one before it. Nothing
// is written; the agent is not asked.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isEventRecord, type EventRecord } from '../model/status.js';

/** As many as a running agent keeps. */
export const KEPT_BY_AGENT = 1_000;
/** The agent begins another file at 8 MiB. */
const LARGEST_FILE = 64 * 1024 * 1024;

type EventHistory =
  | {
      readonly ok: true;
      readonly file: string;
      /** The last ones, oldest first. */
      readonly records: readonly EventRecord[];
      /** Lines that are no events, such as a last one cut off by a power failure. */
      readonly unreadable: number;
    }
  | { readonly ok: false; readonly message: string; readonly remedy: string };

/** The last `most` events of the files in this directory. */
export function readEvents(stateDirectory: string, most: number): EventHistory {
  const file = join(stateDirectory, 'events.jsonl');
  try {
    const lines = [...linesOf(`${file}.1`), ...linesOf(file)].slice(-most);
    const records = lines.map(recordOf).filter((record) => record !== null);
    return { ok: true, file, records, unreadable: lines.length - records.length };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return {
      ok: false,
      message: `no agent is running, and its events in ${file} cannot be read (${code})`,
      remedy:
        code === 'EACCES' || code === 'EPERM'
          ? 'run as root, or start the agent: systemctl start understudy'
          : 'see stateDirectory in the settings, or start the agent: systemctl start understudy',
    };
  }
}

/** @throws the system's error, but for a file that is not there: it has no lines. */
function linesOf(path: string): string[] {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return [];
  if (!status.isFile() || status.size > LARGEST_FILE) {
    throw Object.assign(new Error(path), { code: status.isFile() ? 'EFBIG' : 'ENOTREG' });
  }
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

function recordOf(line: string): EventRecord | null {
  try {
    const value: unknown = JSON.parse(line);
    return isEventRecord(value) ? value : null;
  } catch {
    return null;
  }
}
