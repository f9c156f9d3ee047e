// `scripts/deployments`: runs the systems of docs/deployments in a private sandbox, fails every part in
// turn and prints what a client noticed. What each deployment is: deployment/.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { octopus } from './deployment/octopus.js';
import { apiPortal } from './deployment/api-portal.js';
import { mitigation } from './deployment/mitigation.js';
import { orion } from './deployment/orion.js';
import { complaintsOf, sectionText, tablesOf, type Section } from './deployment/report.js';
import { ROOT } from './lab/program.js';
import { tessera } from './deployment/tessera.js';
import { enterSandbox, mappedUser } from './lab/sandbox.js';

const DEPLOYMENTS: Readonly<Record<string, () => Promise<Section[]>>> = {
  orion,
  tessera,
  'api-portal': apiPortal,
  octopus,
  mitigation,
};

/** Each keeps a good quarter of two cores busy. */
const SIDE_BY_SIDE = 2;

const USAGE = `usage: scripts/deployments [--write] [NAME]...

Runs the systems of docs/deployments (${Object.keys(DEPLOYMENTS).join(', ')}; all unless named) in a
private sandbox: fails every part in turn while a client asks 200 times a second, and prints what it
noticed. Needs root, and nginx (Debian: nginx-light). Exit code 1 when anything was not as it must be.

  --write   puts the tables into the pages
`;

interface Ran {
  readonly text: string;
  readonly good: boolean;
}

const TABLES = /<!-- outcomes -->[\s\S]*<!-- end of outcomes -->/;

async function runDeployment(name: string, write: boolean): Promise<Ran> {
  try {
    const sections = (await DEPLOYMENTS[name]?.()) ?? [];
    const good = sections.every((section) => complaintsOf(section).length === 0);
    if (good && write) writeTables(name, sections);
    return { text: `\n${sections.map(sectionText).join('\n\n')}\n`, good };
  } catch (error) {
    return { text: `\n${name}: ${(error as Error).message}\n`, good: false };
  }
}

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

async function main(names: readonly string[], write: boolean): Promise<number> {
  const waiting = [...names];
  let failed = 0;
  const worker = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const { text, good } = await runDeployment(name, write);
      process.stdout.write(text);
      if (!good) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  process.stdout.write(failed === 0 ? '\nall as it must be\n' : `\n${failed} FAILED\n`);
  return failed === 0 ? 0 : 1;
}

/** Reads the arguments, or ends the program: 0 with the usage, 2 with a complaint. */
function readArguments(): { readonly names: readonly string[]; readonly write: boolean } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    const stranger = positionals.find((name) => !Object.hasOwn(DEPLOYMENTS, name));
    if (stranger !== undefined) {
      const known = Object.keys(DEPLOYMENTS).join(', ');
      throw new Error(`one of ${known} expected, found "${stranger}"`);
    }
    return {
      names: positionals.length > 0 ? positionals : Object.keys(DEPLOYMENTS),
      write: values.write,
    };
  } catch (error) {
    process.stderr.write(`deployments: ${(error as Error).message}\n${USAGE}`);
    return process.exit(2);
  }
}

const { names, write } = readArguments();
const refusal = await enterSandbox();
if (refusal === null && !mappedUser()) process.exit(await main(names, write));
process.stderr.write(`deployments: ${refusal ?? 'root expected: nginx changes to its own user'}\n`);
process.exit(1);
