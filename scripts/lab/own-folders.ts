// Folders that each host of a lab has for itself, where its programs expect them: /etc/nginx, /run and the
// like. Only mount points are made here; what lies in them is the deployment's.
import { mkdirSync } from 'node:fs';
import { run } from './command.js';

/** What is mounted where, in this order: from a folder of the host's own. */
export type OwnFolders = (directory: string) => readonly (readonly [from: string, to: string])[];

/**
 * Prefix of a command line that runs with these folders in their places. /sys is always the host's own:
 * counters of interfaces are read below it, which shows those of whoever mounted it.
 */
export function withOwnFolders(folders: ReturnType<OwnFolders>): string[] {
  const script =
    'mount -t sysfs sysfs /sys || exit 1; ' +
    'while [ "$1" != -- ]; do mount --rbind "$1" "$2" || exit 1; shift 2; done; shift; exec "$@"';
  return ['unshare', '--mount', 'sh', '-c', script, 'sh', ...folders.flat(), '--'];
}

/**
 * Makes these folders of the machine changeable inside the sandbox, so that mount points may be added: what
 * is written to them goes to `directory` and is gone with it. Only for the sandbox, as root.
 */
export async function coverFolders(directory: string, folders: readonly string[]): Promise<void> {
  for (const [index, folder] of folders.entries()) {
    const upper = `${directory}/cover-${index}/upper`;
    const work = `${directory}/cover-${index}/work`;
    for (const path of [upper, work]) mkdirSync(path, { recursive: true });
    const options = `lowerdir=${folder},upperdir=${upper},workdir=${work}`;
    await run(['mount', '-t', 'overlay', 'overlay', '-o', options, folder]);
  }
}
