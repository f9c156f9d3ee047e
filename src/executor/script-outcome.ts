// Which virtual routers a failed netlink script concerns. The runner names each failing line.
import type { RunResult } from './executor.js';

/** One line of a script and the virtual router it was written for; null for nobody's any more. */
export interface PlannedLine {
  readonly line: string;
  readonly owner: string | null;
}

/**
 * The failure of each owner, by the `vip: line N: …` messages of the runner. A run that failed
 * without naming a line failed for all.
 */
export function failuresOf(
  result: RunResult,
  lines: readonly PlannedLine[],
): Map<string | null, string> {
  const failures = new Map<string | null, string>();
  if (result.outcome.kind === 'exited' && result.outcome.code === 0) return failures;
  if (result.outcome.kind === 'exited') {
    for (const match of result.stderr.matchAll(/^vip: line (\d+): (.*)$/gm)) {
      const planned = lines[Number(match[1]) - 1];
      if (planned !== undefined && !failures.has(planned.owner)) {
        failures.set(planned.owner, match[2] ?? '');
      }
    }
  }
  if (failures.size > 0) return failures;
  const detail = describeResult(result);
  return new Map(lines.map(({ owner }) => [owner, detail]));
}

/** What went wrong with a run, in one line. */
export function describeResult({ outcome, stderr }: RunResult): string {
  const said = stderr.trim().split('\n').slice(0, 3).join('; ');
  const suffix = said === '' ? '' : `: ${said}`;
  switch (outcome.kind) {
    case 'exited':
      return `exit code ${outcome.code}${suffix}`;
    case 'signalled':
      return `killed by signal ${outcome.signal}${suffix}`;
    case 'timed-out':
      return `killed at its deadline${suffix}`;
    case 'failed':
      return outcome.message;
  }
}
