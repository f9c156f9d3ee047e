// The shared file system of the appliances, /srv/shared: what a dead file server is like for the agent of
// one of them. The folder itself is host.ts.
import type { Appliance } from '../../scripts/lab/appliance.js';
import { run } from '../../scripts/lab/command.js';

const FILE = 'alive.txt';

const folderOf = ({ directory }: Appliance): string => `${directory}/../shared`;

/** Runs a command where the agent and what it starts see the folders of their host. */
const beside = async ({ pid }: Appliance, argv: readonly string[]): Promise<unknown> =>
  run(['nsenter', `--target=${pid}`, '--mount', '--', ...argv]);

/** From now on whoever of the agent's opens `alive.txt` waits, as for a dead server. */
export async function hangShare(appliance: Appliance): Promise<void> {
  const silent = `silent-${appliance.name}`;
  await run(['mkfifo', `${folderOf(appliance)}/${silent}`]);
  await beside(appliance, ['mount', '--bind', `/srv/shared/${silent}`, `/srv/shared/${FILE}`]);
}

export async function thawShare(appliance: Appliance): Promise<void> {
  // Lazily: somebody may wait there.
  await beside(appliance, ['umount', '--lazy', `/srv/shared/${FILE}`]);
  await run(['rm', `${folderOf(appliance)}/silent-${appliance.name}`]);
}
