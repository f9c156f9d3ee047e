// The checks of `console` that a schema cannot make: where it listens, and whether its token is safe there. No files
// are looked at.
import { parseListen } from '../model/listen.js';
import type { Finding } from './errors.js';
import { fault } from './faults.js';
import { quote } from './found.js';
import type { Settled } from './placed.js';
import { checkPath } from './plain-checks.js';

const FILES = ['tokenFile', 'certificateFile', 'privateKeyFile'] as const;

export function checkConsole(settings: Settled['console']): Finding[] {
  if (settings === undefined) return [];
  return [
    ...FILES.flatMap((key) => checkPath(settings[key], ['console', key])),
    ...checkTls(settings),
    ...checkListen(settings),
    ...checkAgentX(settings),
  ];
}

function checkTls({ certificateFile, privateKeyFile }: NonNullable<Settled['console']>): Finding[] {
  if ((certificateFile === undefined) === (privateKeyFile === undefined)) return [];
  const missing = certificateFile === undefined ? 'certificateFile' : 'privateKeyFile';
  const found = `no console.${missing}`;
  return [fault('halfTls', ['console'], found, { missing })];
}

/** AgentX has neither a key nor a password: who hears it on its way may answer in our place. */
function checkAgentX({ agentX: text }: NonNullable<Settled['console']>): Finding[] {
  if (text === undefined || text === '') return [];
  const at = ['console', 'agentX'];
  const daemon = parseListen(text);
  if (daemon === null) return [fault('agentX', at, quote(text))];
  if (daemon.kind === 'unix' || daemon.loopback) return [];
  return [fault('farAgentX', at, `${quote(text)}, another host`)];
}

function checkListen(settings: NonNullable<Settled['console']>): Finding[] {
  const { listen: text, certificateFile, privateKeyFile, behindProxy } = settings;
  if (text === undefined || text === '') return [];
  const at = ['console', 'listen'];
  const listen = parseListen(text);
  if (listen === null) return [fault('listen', at, quote(text))];
  const isSafe = listen.kind === 'unix' || listen.loopback || behindProxy === true;
  if (isSafe || certificateFile !== undefined || privateKeyFile !== undefined) return [];
  return [fault('openConsole', at, `${quote(text)}, which others reach without TLS`)];
}
