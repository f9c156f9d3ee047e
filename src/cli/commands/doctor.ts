// `understudy doctor`: looks at this host, its agent and the wire, and says what usually goes wrong and is wrong
// here. What is judged, and how, is in src/doctor.
import { loadSettings } from '../../config/load.js';
import type { Settings } from '../../config/settings.js';
import { controlSocketPath } from '../../control/protocol.js';
import { AgentNotReachable, createControlClient } from '../../control/client.js';
import { diagnose } from '../../doctor/diagnose.js';
import { ownEyes, type Eyes } from '../../doctor/eyes.js';
import type { DoctorFacts, Known } from '../../doctor/facts.js';
import type { DoctorFinding, Level } from '../../doctor/finding.js';
import { listen } from '../../doctor/listen.js';
import { lookAt } from '../../doctor/look.js';
import { hostFindings } from '../../host/findings.js';
import {
  agentIdentity,
  networkHere,
  notesOf,
  observeHost,
  recordedBy,
} from '../../host/observe.js';
import { resourceAgentFindings } from '../../host/resource-agents.js';
import type { Status } from '../../model/status.js';
import { writeDropIns, type Written } from '../doctor/drop-ins.js';
import { failSettings } from '../failures.js';
import { usesColour, type ConfigChoice, type Surroundings } from '../surroundings.js';
import { packageVersion } from '../version.js';

export interface DoctorChoice {
  readonly json?: boolean;
  readonly fix?: boolean;
}

/** What a test gives otherwise. */
export interface DoctorMeans {
  readonly eyes: Eyes;
  readonly listen: typeof listen;
}

/** 0: nothing is wrong. 1: warnings. 2: failures, or settings that cannot be used. */
const CODES: Readonly<Record<Level, number>> = { ok: 0, warning: 1, failure: 2 };

/** @returns the exit code. */
export async function runDoctor(
  surroundings: Surroundings,
  config: ConfigChoice,
  choice: DoctorChoice,
  means: DoctorMeans = { eyes: ownEyes, listen },
): Promise<number> {
  const loaded = loadSettings(config.path);
  if (!loaded.ok) return failSettings(surroundings, loaded.errors, config.path);
  const { settings, warnings } = loaded;
  const { eyes } = means;
  const asked = await statusOf(settings);
  const looked = await lookAt(settings, asked, eyes);
  const facts: DoctorFacts = {
    ...looked,
    ...(await means.listen(settings, looked.interfaces)),
    version: packageVersion(),
    known: [
      ...warnings.map(({ path, message }) => fromCheck('warning', path, message)),
      ...(await checked(settings)),
      ...(asked?.health.reasons ?? []).map((message): Known => {
        const level = asked?.health.state === 'fault' ? 'failure' : 'warning';
        return { from: 'health', level, message };
      }),
    ],
  };
  const findings = diagnose(facts);
  const written = choice.fix === true ? writeDropIns(findings) : [];
  const worst = findings.reduce<Level>(
    (level, one) => (CODES[one.level] > CODES[level] ? one.level : level),
    'ok',
  );
  if (choice.json === true) {
    const answer = { level: worst, findings, ...(choice.fix === true ? { written } : {}) };
    surroundings.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  } else surroundings.stdout.write(screen(surroundings, findings, written));
  return CODES[worst];
}

async function statusOf({ runtimeDirectory }: Settings): Promise<Status | null> {
  try {
    return await createControlClient(controlSocketPath(runtimeDirectory)).status();
  } catch (error) {
    if (error instanceof AgentNotReachable) return null;
    throw error;
  }
}

const fromCheck = (level: Known['level'], path: string, message: string): Known => ({
  from: 'check',
  level,
  message: path === '' ? message : `${path}: ${message}`,
});

/** What check says of this host. What only may come later is a warning. */
async function checked(settings: Settings): Promise<Known[]> {
  const agent = agentIdentity(settings);
  const facts = await observeHost(settings, agent, {
    ...(await networkHere()),
    ...recordedBy(settings),
    ...notesOf(settings),
  });
  return [...hostFindings(settings, facts), ...(await resourceAgentFindings(settings, agent))].map(
    ({ level, path, message }) =>
      fromCheck(level === 'wrong' ? 'failure' : 'warning', path, message),
  );
}

const COLOURS: Readonly<Record<Level, string>> = { ok: '32', warning: '33', failure: '31' };

function screen(
  surroundings: Surroundings,
  findings: readonly DoctorFinding[],
  written: readonly Written[],
): string {
  const colour = usesColour(surroundings);
  const label = (level: Level): string => {
    const text = level.padEnd(7);
    return colour ? `\u001B[${COLOURS[level]}m${text}\u001B[0m` : text;
  };
  // What is wrong first; what is sound in a line each.
  const order = [...findings].toSorted((one, other) => CODES[other.level] - CODES[one.level]);
  const blocks = order.map(({ id, level, message, evidence, remedy }) =>
    [
      `${label(level)}  ${id}: ${message}`,
      ...evidence.map((line) => `         seen    ${line}`),
      ...remedy.map((line) => `         remedy  ${line}`),
    ].join('\n'),
  );
  const count = (level: Level): number => findings.filter((one) => one.level === level).length;
  const files = written.map(({ path, apply, problem }) =>
    apply === null ? `not written: ${path}: ${problem ?? ''}` : `written: ${path}; now: ${apply}`,
  );
  const counted = (level: 'failure' | 'warning'): string =>
    `${count(level)} ${level}${count(level) === 1 ? '' : 's'}`;
  const sum = `${counted('failure')}, ${counted('warning')}, ${count('ok')} in order`;
  return `${[...blocks, ...files, sum].join('\n')}\n`;
}
