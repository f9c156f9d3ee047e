// `understudy console` as a program: its files, its server, its end. What the server does: server.ts.
import { readFileSync } from 'node:fs';
import { keepHeapSmall } from '../engine/heap.js';
import { createControlClient } from '../control/client.js';
import { controlSocketPath } from '../control/protocol.js';
import type { ListenAddress } from '../model/listen.js';
import { startConsole } from './server.js';
import { startSnmp } from './snmp.js';
import { makeToken, readToken, TokenError } from './token.js';
import { createWatch } from './watch.js';

/** What of the settings concerns the console. */
export interface ConsoleChoice {
  readonly listen: ListenAddress;
  readonly tokenFile: string;
  readonly tls: { readonly certificateFile: string; readonly privateKeyFile: string } | null;
  readonly behindProxy: boolean;
  readonly names: readonly string[];
  readonly metrics: boolean;
  /** Where an SNMP daemon listens for subagents; null for none. */
  readonly agentX: ListenAddress | null;
}

export interface ConsoleHost {
  readonly runtimeDirectory: string;
  /** A line for whoever started it. */
  readonly say: (text: string) => void;
  /** Resolves when it is to end. */
  readonly ended: Promise<unknown>;
}

/** Why the console does not start. */
export class ConsoleError extends Error {
  override readonly name = 'ConsoleError';
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** Serves until it is told to end. @throws ConsoleError, TokenError when it cannot start. */
export async function runConsole(choice: ConsoleChoice, host: ConsoleHost): Promise<void> {
  const { tokenFile, listen, tls: files, agentX, ...rest } = choice;
  if (makeToken(tokenFile)) host.say(`wrote a new token: ${tokenFile}`);
  readToken(tokenFile);
  const tls =
    files === null
      ? null
      : { cert: readPem(files.certificateFile), key: readPem(files.privateKeyFile) };
  const client = createControlClient(controlSocketPath(host.runtimeDirectory));
  const watch = createWatch({ client, now: Date.now });
  const server = await startConsole({
    ...rest,
    listen,
    tls,
    client,
    watch,
    token: () => readToken(tokenFile),
    onError: (error) =>
      host.say(error instanceof TokenError ? `${error.message}; ${error.remedy}` : String(error)),
  }).catch((error: unknown) => {
    throw cannotListen(error, listen);
  });
  host.say(`listening at ${placeText(choice)}; sign in with the token in ${tokenFile}`);
  const snmp = agentX === null ? null : startSnmp({ daemon: agentX, watch, say: host.say });
  keepHeapSmall();
  await host.ended;
  snmp?.end();
  await server.close();
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new ConsoleError(
      `expected a PEM file at ${path}, it cannot be read (${code})`,
      'give the user of the console the right to read it',
    );
  }
}

function cannotListen(error: unknown, listen: ListenAddress): ConsoleError {
  const { code = '', message } = error as Error & { code?: string };
  const where = listen.kind === 'unix' ? listen.path : `${listen.host}:${listen.port}`;
  if (/^ERR_(?:OSSL|SSL|TLS|CRYPTO)/.test(code)) {
    return new ConsoleError(
      `expected a certificate and its key, in PEM: ${message}`,
      'see console.certificateFile and console.privateKeyFile',
    );
  }
  return new ConsoleError(
    `expected to listen at ${where}, it cannot be (${code === '' ? message : code})`,
    code === 'EADDRINUSE'
      ? 'end what listens there, or set another console.listen'
      : 'set another console.listen',
  );
}

function placeText({ listen, tls }: ConsoleChoice): string {
  if (listen.kind === 'unix') return `unix:${listen.path}`;
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  return `${tls === null ? 'http' : 'https'}://${host}:${listen.port}/`;
}
