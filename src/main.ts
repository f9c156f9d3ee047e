#!/usr/bin/env node
// The composition root: hands process and agent to the command line. Nothing is decided here. The
// agent is loaded only by the commands that are it, so that all others start at once.
import { plainCommand, runPlain } from './cli/plain.js';
import type { Surroundings } from './cli/surroundings.js';

const digestOf = async ({ key }: { readonly key: Uint8Array }): Promise<string> => {
  const { formatDigest, haKey } = await import('./peer-channel/ha-key.js');
  return formatDigest(haKey(key).digest);
};

let opened: NodeJS.WriteStream | null = null;

/** A stream is made when something is to be said: an agent writes its log without one. */
function standardOutput(): NodeJS.WriteStream {
  if (opened !== null) return opened;
  // A reader that has gone (`understudy status | head`) ends the command quietly.
  process.stdout.on('error', (error: Error & { code?: string }) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
  return (opened = process.stdout);
}

const SURROUNDINGS: Surroundings = {
  run: async (configPath) => (await import('./agent/main.js')).runAgent(configPath),
  release: async (configPath) => (await import('./agent/main.js')).releaseAddresses(configPath),
  actAsOwner: async (...paths) => (await import('./host/owner.js')).actAsOwner(...paths),
  keygen: async (path, force) => (await import('./host/peer-key.js')).generateKey(path, { force }),
  rotateKey: async (path) => digestOf((await import('./host/peer-key.js')).rotateKey(path)),
  retireKey: async (path) => digestOf((await import('./host/peer-key.js')).retireKey(path)),
  get stdout() {
    return standardOutput();
  },
  get stderr() {
    return process.stderr;
  },
  get isTerminal() {
    return standardOutput().isTTY;
  },
  get columns() {
    return standardOutput().columns;
  },
  environment: process.env,
};

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  if (words.includes('run')) {
    // At once: what is loaded before it would be loaded twice.
    (await import('./agent/engine.js')).ensureEngineOptions();
  }
  const plain = plainCommand(words);
  process.exitCode =
    plain === null
      ? await (await import('./cli/program.js')).runCommandLine(words, SURROUNDINGS)
      : await runPlain(plain, SURROUNDINGS);
}

main().catch((error: unknown) => {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`understudy: a fault of the program itself: ${what}\n`);
  process.exitCode = 1;
});
