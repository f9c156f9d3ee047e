// What the hook nginx-upstream has made of a host's file of upstreams. Reads only: the hook writes.
import { existsSync, readFileSync } from 'node:fs';

/**
 * The first checks of the servers that are marked as down, sorted and joined by commas; while nginx has not
 * read the file yet, something else.
 */
export function markedDown(directory: string): string {
  const file = `${directory}/nginx/understudy-upstreams.conf`;
  if (existsSync(`${file}.understudy-reload`)) return '(not read yet)';
  const marked = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => / down *;/.test(line))
    .map((line) => line.replace(/.*# checks: *(\S+).*/, '$1'));
  return [...new Set(marked)].sort().join();
}
