#!/usr/bin/env node
// The composition root: hands process and agent to the command line. Nothing is decided here. The
// agent is loaded only by the commands that are it, so that all others start at once.
const digestOf = async ({ key }: { readonly key: Uint8Array }): Promise<string> => {
  const { formatDigest, haKey } = await import('./peer-channel/ha-key.js');
  return formatDigest(haKey(key).digest);
};

async function main(): Promise<void> {
  if (process.argv.includes('run')) {
    // At once: what is loaded before it would be loaded twice.
    (await import('./agent/engine.js')).ensureEngineOptions();
  }
  const { runCommandLine } = await import('./cli/program.js');
  process.exitCode = await runCommandLine(process.argv.slice(2), {
    run: async (configPath) => (await import('./agent/main.js')).runAgent(configPath),
    release: async (configPath) => (await import('./agent/main.js')).releaseAddresses(configPath),
    actAsOwner: async (...paths) => (await import('./host/owner.js')).actAsOwner(...paths),
    keygen: async (path, force) =>
      (await import('./host/peer-key.js')).generateKey(path, { force }),
    rotateKey: async (path) => digestOf((await import('./host/peer-key.js')).rotateKey(path)),
    retireKey: async (path) => digestOf((await import('./host/peer-key.js')).retireKey(path)),
    stdout: process.stdout,
    stderr: process.stderr,
    isTerminal: process.stdout.isTTY,
    columns: process.stdout.columns,
    environment: process.env,
  });
}

// A reader that has gone (`understudy status | head`) ends the command quietly.
process.stdout.on('error', (error: Error & { code?: string }) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

main().catch((error: unknown) => {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`understudy: a fault of the program itself: ${what}\n`);
  process.exitCode = 1;
});
