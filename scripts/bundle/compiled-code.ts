// Where the code is that V8 has made of a file of the bundle, and what it was made of. The start of a program reads
// it: nothing slow is loaded here.
import { readFileSync, statSync } from 'node:fs';

/** `digest`: of the file's text, so that code of another release is never taken for this one's. */
export const codeFile = (file: string, digest: string): string => `${file}.${digest}.code`;

/** The code for the file at this path; undefined where there is none, or the file has been changed since. */
export function codeFor(file: string, digest: string): Buffer | undefined {
  try {
    const code = codeFile(file, digest);
    return statSync(code).mtimeMs >= statSync(file).mtimeMs ? readFileSync(code) : undefined;
  } catch {
    return undefined;
  }
}
