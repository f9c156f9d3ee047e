// `understudy check`: the settings through the real load path, and what of this host is worth a
// warning. Nothing is changed.
import { accessSync, constants, readFileSync } from 'node:fs';
import type { SettingsWarning } from '../../config/errors.js';
import { loadSettings } from '../../config/load.js';
import type { Settings } from '../../config/settings.js';
import { failSettings } from '../failures.js';
import { EXIT, type ConfigChoice, type Surroundings } from '../surroundings.js';

/** Prints every error, or `ok` with a summary and warnings. @returns the exit code. */
export function checkSettings(surroundings: Surroundings, config: ConfigChoice): number {
  const result = loadSettings(config.path);
  if (!result.ok) {
    const code = failSettings(surroundings, result.errors, config.path);
    surroundings.stderr.write(`${count(result.errors.length, 'error')}\n`);
    return code;
  }
  for (const { path, message } of [...result.warnings, ...hostWarnings(result.settings)]) {
    surroundings.stderr.write(`warning: ${path === '' ? config.path : path}: ${message}\n`);
  }
  surroundings.stdout.write(`ok: ${summary(result.settings)}\n`);
  return EXIT.done;
}

function summary({ name, ha, virtualRouters }: Settings): string {
  const addresses = virtualRouters.reduce((sum, router) => sum + router.addresses.length, 0);
  const interfaces = [...new Set(virtualRouters.map((router) => router.interface))];
  const role = ha.primary ? 'primary' : 'not primary';
  return (
    `${name}, ${ha.mode}, ${role}; ${count(virtualRouters.length, 'virtual router')}, ` +
    `${count(addresses, 'address')} on ${interfaces.join(', ')}`
  );
}

function count(number: number, noun: string): string {
  if (number === 1) return `1 ${noun}`;
  return `${number} ${noun}${noun.endsWith('s') ? 'es' : 's'}`;
}

/** What the settings name and this host does not have. */
function hostWarnings(settings: Settings): SettingsWarning[] {
  const present = interfacesHere();
  const absent = settings.virtualRouters.flatMap((router, index) =>
    present === null || present.has(router.interface)
      ? []
      : [
          {
            path: `virtualRouters[${index}].interface`,
            message: `there is no interface ${router.interface} on this host now; the agent will wait for it`,
          },
        ],
  );
  return [...absent, ...scriptWarnings(settings.vip.script)];
}

function scriptWarnings(script: string): SettingsWarning[] {
  try {
    accessSync(script, constants.X_OK);
    return [];
  } catch {
    return [
      {
        path: 'vip.script',
        message: `${script} is not an executable file; addresses could not be put on or taken off`,
      },
    ];
  }
}

/** The interfaces of this network namespace, as /proc/net/dev lists them; null when it cannot be read. */
function interfacesHere(): ReadonlySet<string> | null {
  try {
    const lines = readFileSync('/proc/net/dev', 'utf8').split('\n').slice(2);
    return new Set(lines.map((line) => line.slice(0, line.lastIndexOf(':')).trim()));
  } catch {
    return null;
  }
}
