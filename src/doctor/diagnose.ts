// All that the doctor says of a host, in one list. Pure: the facts are given.
import { clockFindings } from './clocks.js';
import type { DoctorFacts, Known } from './facts.js';
import { sound, type DoctorFinding } from './finding.js';
import { networkFindings } from './network.js';
import { processFindings } from './processes.js';
import { sysctlFindings } from './sysctls.js';
import { wireFindings } from './wire.js';
import { witnessFindings } from './witness.js';

/** Each thing that was looked at, sound ones too. */
export function diagnose(facts: DoctorFacts): readonly DoctorFinding[] {
  return [
    ...knownFindings(facts),
    ...processFindings(facts),
    ...networkFindings(facts),
    ...sysctlFindings(facts),
    ...wireFindings(facts),
    ...clockFindings(facts),
    ...witnessFindings(facts),
  ];
}

/** What check and the agent's health say; they know how it is mended, and say so. */
function knownFindings({ known, agent }: DoctorFacts): readonly DoctorFinding[] {
  const commands = { check: 'understudy check', health: 'understudy status' } as const;
  return (['check', 'health'] as const).flatMap((from) => {
    const all = known.filter((one) => one.from === from);
    if (all.length === 0) {
      if (from === 'health' && agent === null) return [];
      return [sound(from, `${commands[from]} has nothing to say`)];
    }
    const remedyFor = ({ message }: Known): string =>
      remedyIn(message) ?? `${commands[from]}; what it says there has to be mended by hand`;
    if (from === 'health' && all.length > 1) return [unwell(all, commands.health, remedyFor)];
    return all.map((one) => ({
      id: from,
      level: one.level,
      message: one.message,
      evidence: [commands[from]],
      remedy: [remedyFor(one)],
    }));
  });
}

/** One state of health is one finding, however many reasons it has. */
const unwell = (
  all: readonly Known[],
  command: string,
  remedyFor: (one: Known) => string,
): DoctorFinding => ({
  id: 'health',
  level: all.some(({ level }) => level === 'failure') ? 'failure' : 'warning',
  message: `the agent says that ${all.length} things are not as they should be`,
  evidence: all.map(({ message }) => `${command}: ${message}`),
  remedy: [...new Set(all.map(remedyFor))],
});

/** What stands behind the last semicolon of such a message, where it is an order. */
const remedyIn = (message: string): string | null =>
  /; ("?(?:ip|chmod|chown|sysctl|systemctl|understudy|write|create|install|remove|give|set|list|add|run|start)\b[^;]*)$/.exec(
    message,
  )?.[1] ?? null;
