// `scripts/deployments`: runs the systems of docs/deployments in a private sandbox, fails every part in
// turn and prints what a client noticed. What each deployment is: deployment/.
import process from 'node:process';
import { orion } from './deployment/orion.js';
import { outcomeTable, type Section } from './deployment/report.js';
import { enterSandbox, mappedUser } from './lab/sandbox.js';

const DEPLOYMENTS: Readonly<Record<string, () => Promise<Section[]>>> = { orion };

const USAGE = `usage: scripts/deployments [NAME]...

Runs the systems of docs/deployments (${Object.keys(DEPLOYMENTS).join(', ')}; all unless named) in a
private sandbox: fails every part in turn while a client asks 200 times a second, and prints what it
noticed. Needs root, and nginx (Debian: nginx-light). Exit code 1 when anything was not as it must be.
`;

/** @returns whether all was as it must be. */
async function runDeployment(name: string): Promise<boolean> {
  const sections = (await DEPLOYMENTS[name]?.()) ?? [];
  for (const { title, outcomes } of sections) {
    process.stdout.write(`\n## ${title}\n\n${outcomeTable(outcomes)}\n`);
  }
  return sections.every(({ outcomes }) =>
    outcomes.every(({ complaints }) => complaints.length === 0),
  );
}

async function main(names: readonly string[]): Promise<number> {
  let failed = 0;
  for (const name of names) {
    try {
      if (!(await runDeployment(name))) failed += 1;
    } catch (error) {
      process.stdout.write(`\n${name}: ${(error as Error).message}\n`);
      failed += 1;
    }
  }
  process.stdout.write(failed === 0 ? '\nall as it must be\n' : `\n${failed} FAILED\n`);
  return failed === 0 ? 0 : 1;
}

const given = process.argv.slice(2);
if (given.includes('--help')) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const stranger = given.find((name) => !Object.hasOwn(DEPLOYMENTS, name));
if (stranger !== undefined) {
  const known = Object.keys(DEPLOYMENTS).join(', ');
  process.stderr.write(`deployments: one of ${known} expected, found "${stranger}"\n${USAGE}`);
  process.exit(2);
}
const refusal = await enterSandbox();
if (refusal === null && !mappedUser()) {
  process.exit(await main(given.length > 0 ? given : Object.keys(DEPLOYMENTS)));
}
process.stderr.write(`deployments: ${refusal ?? 'root expected: nginx changes to its own user'}\n`);
process.exit(1);
