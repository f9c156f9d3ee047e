// `understudy check`: the settings through the real load path, and what of this host is worth a
// warning (host-warnings.ts). Nothing is changed.
import { loadSettings } from '../../config/load.js';
import type { Settings } from '../../config/settings.js';
import { failSettings } from '../failures.js';
import { hostWarnings, thisHost } from '../host-warnings.js';
import { EXIT, type ConfigChoice, type Surroundings } from '../surroundings.js';

/** Prints every error, or `ok` with a summary and warnings. @returns the exit code. */
export function checkSettings(surroundings: Surroundings, config: ConfigChoice): number {
  const result = loadSettings(config.path);
  if (!result.ok) {
    const code = failSettings(surroundings, result.errors, config.path);
    surroundings.stderr.write(`${count(result.errors.length, 'error')}\n`);
    return code;
  }
  for (const { path, message } of [
    ...result.warnings,
    ...hostWarnings(result.settings, thisHost()),
  ]) {
    surroundings.stderr.write(`warning: ${path === '' ? config.path : path}: ${message}\n`);
  }
  surroundings.stdout.write(`ok: ${summary(result.settings)}\n`);
  return EXIT.done;
}

function summary({ name, ha, virtualRouters }: Settings): string {
  const addresses = virtualRouters.reduce((sum, router) => sum + router.addresses.length, 0);
  const interfaces = [...new Set(virtualRouters.map((router) => router.interface))];
  const primary = ha.primary ? ', primary' : ', not primary';
  const role = ha.mode === 'active-active' ? '' : primary;
  const peers = ha.peers.length === 0 ? '' : `; ${count(ha.peers.length, 'peer')}`;
  return (
    `${name}, ${ha.mode}${role}; ${count(virtualRouters.length, 'virtual router')}, ` +
    `${count(addresses, 'address')} on ${interfaces.join(', ')}${peers}`
  );
}

function count(number: number, noun: string): string {
  if (number === 1) return `1 ${noun}`;
  return `${number} ${noun}${noun.endsWith('s') ? 'es' : 's'}`;
}
