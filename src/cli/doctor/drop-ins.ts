// What `understudy doctor --fix` writes: new files only, which add to a configuration and change none. What they hold
// is in src/doctor.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DoctorFinding, DropIn } from '../../doctor/finding.js';

export interface Written {
  readonly path: string;
  /** The command that makes it count; null when it was not written. */
  readonly apply: string | null;
  readonly problem?: string;
}

/** New files only, one for each path: what stands is somebody's. */
export function writeDropIns(findings: readonly DoctorFinding[]): Written[] {
  const byPath = new Map<string, DropIn>();
  for (const { dropIn } of findings) {
    if (dropIn === undefined) continue;
    const before = byPath.get(dropIn.path);
    const text = before === undefined ? dropIn.text : joined(before.text, dropIn.text);
    byPath.set(dropIn.path, { ...dropIn, text });
  }
  return [...byPath.values()].map(({ path, text, apply }) => {
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { flag: 'wx', mode: 0o644 });
      return { path, apply };
    } catch (error) {
      const { code = '', message, path: at } = error as NodeJS.ErrnoException;
      const stands = code === 'EEXIST' && at === path;
      if (stands && readQuietly(path) === text) return { path, apply };
      const problem = stands ? 'it stands already, with another content' : message;
      return { path, apply: null, problem };
    }
  });
}

/** The lines of both, each once. */
const joined = (one: string, other: string): string =>
  `${[...new Set([...one.split('\n'), ...other.split('\n')])].filter((line) => line !== '').join('\n')}\n`;

function readQuietly(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
