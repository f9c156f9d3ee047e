// `understudy check`: the settings through the real load path, and what of this host does not fit them, by the
// list that the agent itself goes through (host/findings.ts). Nothing is changed.
import { loadSettings } from '../../config/load.js';
import type { Settings } from '../../config/settings.js';
import { hostFindings } from '../../host/findings.js';
import {
  agentIdentity,
  networkHere,
  notesOf,
  observeHost,
  recordedBy,
} from '../../host/observe.js';
import { resourceAgentFindings } from '../../host/resource-agents.js';
import { refusedByRoot } from '../../host/root-programs.js';
import { answer, failSettings } from '../failures.js';
import { EXIT, type ConfigChoice, type Surroundings } from '../surroundings.js';

/**
 * Prints every error and warning, and `ok` with a summary when there is no error.
 * @returns the exit code: 2 for the settings' own errors, 1 for what is wrong on this host.
 */
export async function checkSettings(
  surroundings: Surroundings,
  config: ConfigChoice,
): Promise<number> {
  const { stderr, stdout } = surroundings;
  const result = loadSettings(config.path);
  if (!result.ok) {
    if (surroundings.json === true) return failSettings(surroundings, result.errors, config.path);
    const code = failSettings(surroundings, result.errors, config.path);
    stderr.write(`${count(result.errors.length, 'error')}\n`);
    return code;
  }
  const { settings, warnings } = result;
  const agent = agentIdentity(settings);
  const refused = agent?.uid === 0 ? await refusedByRoot(settings) : [];
  if (refused.length > 0) return failSettings(surroundings, refused, config.path);
  const facts = await observeHost(settings, agent, {
    ...(await networkHere()),
    ...recordedBy(settings),
    ...notesOf(settings),
  });
  const findings = [
    ...hostFindings(settings, facts),
    ...(await resourceAgentFindings(settings, agent)),
  ];
  const wrong = findings.filter(({ level }) => level === 'wrong');
  const others = findings.filter(({ level }) => level !== 'wrong');
  if (surroundings.json === true) {
    const value = {
      ok: wrong.length === 0,
      file: config.path,
      summary: summary(settings),
      errors: wrong.map(({ path, message }) => ({ path, message })),
      warnings: [...warnings, ...others].map(({ path, message }) => ({ path, message })),
    };
    return answer(surroundings, value, wrong.length === 0 ? EXIT.done : EXIT.failed);
  }
  for (const { path, message } of [...warnings, ...others]) {
    stderr.write(`warning: ${path === '' ? config.path : path}: ${message}\n`);
  }
  for (const { path, message } of wrong) stderr.write(`error: ${path}: ${message}\n`);
  if (wrong.length > 0) {
    stderr.write(`${count(wrong.length, 'error')}; the settings themselves are in order\n`);
    return EXIT.failed;
  }
  stdout.write(`ok: ${summary(settings)}\n`);
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
