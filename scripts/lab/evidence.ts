// Copies what the daemons of a lab said and left behind into a folder that outlives it. Nothing is judged.
import { cpSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import type { Lab } from './lab.js';

/**
 * Writes `log.txt` (both daemons and the kernels' notices of addresses, in order of time) and each
 * appliance's folder: settings, state, events, recordings.
 * @param from of the log, on the lab's clock.
 */
export function keepAppliances(folder: string, lab: Lab, from: number): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/log.txt`, `${lab.logs(from)}\n`);
  for (const name of lab.routers) {
    cpSync(lab.appliance(name).directory, `${folder}/${name}`, {
      recursive: true,
      // No sockets and no links: what they lead to is not the appliance's.
      filter: (path) => lstatSync(path).isFile() || lstatSync(path).isDirectory(),
    });
  }
}
