// `scripts/deployments`: runs the systems of docs/deployments in a private sandbox, fails every part in
// turn and prints what a client noticed. What each deployment is: deployment/.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { apiPortal } from './api-portal.js';
import { runChapter, type Chapter } from './chapter.js';
import { chosen, type Choice } from './choice.js';
import { measureAgentStart } from './machine.js';
import { mitigation } from './mitigation.js';
import { octopus } from './octopus.js';
import { orion } from './orion.js';
import { complaintsOf, merged, sectionText, tablesOf, type Section } from './report.js';
import { tessera } from './tessera.js';
import { ROOT } from '../../scripts/lab/program.js';
import { enterSandbox, mappedUser } from '../../scripts/lab/sandbox.js';

/** The longest first: what is short fills the end. */
const DEPLOYMENTS: Readonly<Record<string, readonly Chapter[]>> = {
  octopus,
  tessera,
  orion,
  'api-portal': apiPortal,
  mitigation,
};

const PARTS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(DEPLOYMENTS).map(([name, chapters]) => [
    name,
    chapters.flatMap(({ parts }) => Object.keys(parts)),
  ]),
);

/** Sites at a time: each keeps a good quarter of two cores busy, and mostly waits. */
const SIDE_BY_SIDE = 3;

const USAGE = `usage: scripts/deployments [--write | --alone] [NAME | NAME/PART]...

Runs the systems of docs/deployments (all unless named) in a private sandbox: fails every part in turn while
a client asks 200 times a second, and prints what it noticed. Judged is who served, what ended each outage,
and that no request of planned work failed: exit code 1 when anything was not as it must be. Milliseconds are
printed beside their aims and beside how fast the machine is, and judged by nobody. Needs root, and nginx
(Debian: nginx-light).

  --alone   one site at a time instead of ${SIDE_BY_SIDE}: for the milliseconds
  --write   puts the tables into the pages; one site at a time, too

${Object.entries(PARTS)
  .map(([name, parts]) => `  ${name.padEnd(11)} ${parts.join(', ')}`)
  .join('\n')}
`;

const TABLES = /<!-- outcomes -->[\s\S]*<!-- end of outcomes -->/;

function writeTables(name: string, sections: readonly Section[]): void {
  const page = `${ROOT}docs/deployments/${name}.md`;
  const text = readFileSync(page, 'utf8');
  if (!TABLES.test(text))
    throw new Error(`${page}: the marks of the outcomes expected, found none`);
  const tables = sections.map((section) =>
    sections.length === 1 ? tablesOf(section) : `### ${section.title}\n\n${tablesOf(section)}`,
  );
  const whole = `<!-- outcomes -->\n\n${tables.join('\n\n')}\n\n<!-- end of outcomes -->`;
  writeFileSync(
    page,
    text.replace(TABLES, () => whole),
  );
}

/** Runs all chapters; `onDone` is given the sections of each deployment when its last chapter has ended. */
async function runAll(
  wanted: Choice,
  workers: number,
  onDone: (name: string, sections: readonly Section[]) => void,
): Promise<void> {
  const agentStartMs = await measureAgentStart();
  const deployments = [...wanted].map(([name, parts]) => {
    const chapters = (DEPLOYMENTS[name] ?? []).filter((chapter) =>
      Object.keys(chapter.parts).some((part) => parts.includes(part)),
    );
    return { name, parts, chapters, found: new Map<Chapter, Section>() };
  });
  const jobs = deployments.flatMap((deployment) =>
    deployment.chapters.map((chapter) => ({ deployment, chapter })),
  );
  const worker = async (): Promise<void> => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const { deployment, chapter } = job;
      const { name, parts, chapters, found } = deployment;
      const tell = (part: string, tookMs: number): unknown =>
        process.stderr.write(`${name}/${part}: ${(tookMs / 1000).toFixed(0)} s\n`);
      found.set(chapter, { ...(await runChapter(chapter, parts, tell)), agentStartMs });
      if (found.size < chapters.length) continue;
      onDone(name, merged(chapters.flatMap((one) => found.get(one) ?? [])));
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
}

async function main({ wanted, write, alone }: Arguments): Promise<number> {
  const failed: string[] = [];
  await runAll(wanted, alone ? 1 : SIDE_BY_SIDE, (name, sections) => {
    const complaints = sections.flatMap(complaintsOf).map((text) => `${name}/${text}`);
    failed.push(...complaints);
    if (complaints.length === 0 && write) writeTables(name, sections);
    process.stdout.write(`\n${sections.map(sectionText).join('\n\n')}\n`);
  });
  // Once more, at the end: they stand far up by then.
  const end = [...failed, `${failed.length} FAILED`].join('\n');
  process.stdout.write(failed.length === 0 ? '\nall as it must be\n' : `\n${end}\n`);
  return failed.length === 0 ? 0 : 1;
}

interface Arguments {
  readonly wanted: Choice;
  readonly write: boolean;
  readonly alone: boolean;
}

/** Reads the arguments, or ends the program: 0 with the usage, 2 with a complaint. */
function readArguments(): Arguments {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        write: { type: 'boolean', default: false },
        alone: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { write, alone, help } = values;
    if (help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    if (write && positionals.some((word) => word.includes('/'))) {
      throw new Error('--write: whole deployments expected, found a part');
    }
    return { wanted: chosen(positionals, PARTS), write, alone: alone || write };
  } catch (error) {
    process.stderr.write(`deployments: ${(error as Error).message}\n${USAGE}`);
    return process.exit(2);
  }
}

const wishes = readArguments();
const refusal = await enterSandbox();
if (refusal === null && !mappedUser()) process.exit(await main(wishes));
process.stderr.write(`deployments: ${refusal ?? 'root expected: nginx changes to its own user'}\n`);
process.exit(1);
