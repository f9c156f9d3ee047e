// `understudy check`: the settings through the real load path, and what of this host is worth a
// warning. Nothing is changed.
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
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

/** What the settings name and this host does not have. */
function hostWarnings(settings: Settings): SettingsWarning[] {
  const { vip, bypass, hooks } = settings;
  return [
    ...interfaceWarnings(settings),
    ...ownAddressWarnings(settings),
    ...keyWarnings(settings.ha),
    ...programWarnings('bypass.hook', bypass?.hook, 'the relay could not be moved'),
    ...programWarnings('hooks.transition', hooks.transition, 'it could not be told anything'),
    ...programWarnings('hooks.monitor', hooks.monitor, 'it could not be told anything'),
    ...checkProgramWarnings(settings),
    ...programWarnings('vip.script', vip.script, 'addresses could not be put on or taken off'),
  ];
}

function interfaceWarnings({ virtualRouters, monitors }: Settings): SettingsWarning[] {
  const present = interfacesHere();
  if (present === null) return [];
  const named: [path: string, name: string, effect: string][] = [
    ...virtualRouters.map((router, index): [string, string, string] => [
      `virtualRouters[${index}].interface`,
      router.interface,
      'the agent will wait for it',
    ]),
    ...(monitors.links?.pairs ?? []).flatMap((pair, index) =>
      pair.map((name, end): [string, string, string] => [
        `linkMonitoring.pairs[${index}][${end}]`,
        name,
        'its pair is not active',
      ]),
    ),
    ...(monitors.bandwidth?.interfaces ?? []).map((name, index): [string, string, string] => [
      `bandwidthMonitoring.interfaces[${index}]`,
      name,
      'that is a soft fault',
    ]),
  ];
  return named
    .filter(([, name]) => !present.has(name))
    .map(([path, name, effect]) => ({
      path,
      message: `there is no interface ${name} on this host now; ${effect}`,
    }));
}

/** A path to ourselves is healthy as long as we are: it would hide that the peer is dead. */
function ownAddressWarnings({ ha }: Settings): SettingsWarning[] {
  const own = new Set(
    Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
  );
  return ha.peers.flatMap(({ addresses }, peer) =>
    addresses.flatMap((address, index) =>
      own.has(address)
        ? [
            {
              path: `ha.peers[${peer}].addresses[${index}]`,
              message: `${address} is an address of this host; write the peer's own`,
            },
          ]
        : [],
    ),
  );
}

function keyWarnings({ keyFile }: Settings['ha']): SettingsWarning[] {
  if (keyFile === null || existsSync(keyFile)) return [];
  const message = `there is no key ${keyFile}; write one with understudy keygen and copy it to every peer`;
  return [{ path: 'ha.keyFile', message }];
}

const checkProgramWarnings = ({ monitors }: Settings): SettingsWarning[] =>
  monitors.checks.flatMap(({ kind }, index) =>
    kind.type === 'script'
      ? programWarnings(`checks[${index}].command[0]`, kind.command[0], 'the check would fail')
      : [],
  );

function programWarnings(
  path: string,
  program: string | null | undefined,
  effect: string,
): SettingsWarning[] {
  if (program === null || program === undefined || isExecutable(program)) return [];
  return [{ path, message: `${program} is not an executable file; ${effect}` }];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
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
