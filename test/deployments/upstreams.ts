// Who of a host leaves out back ends: what the hook nginx-upstream has made of the file of upstreams, and what
// nginx itself has found. Reads only: they write.
import { existsSync, readFileSync } from 'node:fs';

/**
 * The first checks of the servers that are marked as down, sorted and joined by commas; while nginx has not
 * read the file yet, something else. Empty where there is no such file.
 */
export function markedDown(directory: string): string {
  const file = `${directory}/nginx/understudy-upstreams.conf`;
  if (!existsSync(file)) return '';
  if (existsSync(`${file}.understudy-reload`)) return '(not read yet)';
  const marked = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => / down *;/.test(line))
    .map((line) => line.replace(/.*# checks: *(\S+).*/, '$1'));
  return [...new Set(marked)].sort().join();
}

/** How often nginx has written that a back end failed it: refused, silent, or too slow. */
export function upstreamErrors(directory: string): number {
  const file = `${directory}/log/error.log`;
  if (!existsSync(file)) return 0;
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line.includes(', upstream: "')).length;
}
