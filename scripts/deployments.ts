// `scripts/deployments`: runs the systems of docs/deployments in a private sandbox, fails every part in
// turn and prints what a client noticed. What each deployment is: deployment/.
import process from 'node:process';
import { orion } from './deployment/orion.js';
import { outcomeTable } from './deployment/report.js';
import type { Site } from './deployment/site.js';
import { enterSandbox, mappedUser } from './lab/sandbox.js';

const DEPLOYMENTS: Readonly<Record<string, () => Promise<Site>>> = { orion };

async function main(names: readonly string[]): Promise<number> {
  let failed = false;
  for (const name of names) {
    process.stdout.write(`\n${name}\n\n`);
    const site = await DEPLOYMENTS[name]?.();
    if (site === undefined) continue;
    process.stdout.write(`${outcomeTable(site.outcomes)}\n`);
    failed ||= site.outcomes.some(({ complaints }) => complaints.length > 0);
    await site.close();
  }
  return failed ? 1 : 0;
}

const refusal = await enterSandbox();
if (refusal === null && !mappedUser()) process.exit(await main(process.argv.slice(2)));
process.stderr.write(`deployments: ${refusal ?? 'root expected: nginx changes to its own user'}\n`);
process.exit(1);
