// `understudy demo`: starts the package's demonstration and hands its streams through.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { fail } from '../failures.js';
import { EXIT, type Surroundings } from '../surroundings.js';

/** dist/src/cli/commands is four folders deep. */
const DEMO_SCRIPT = fileURLToPath(new URL('../../../../scripts/demo', import.meta.url));

/** Runs the demonstration. @returns its exit code; 128 and the signal's number after a signal. */
export function runDemo(surroundings: Surroundings, words: readonly string[]): Promise<number> {
  const script = surroundings.demoScript ?? DEMO_SCRIPT;
  const child = spawn(script, words, { stdio: 'inherit' });
  // Ctrl-C reaches the demonstration too; it cleans up, and this process waits for it.
  const wait = (): void => undefined;
  process.on('SIGINT', wait);
  return new Promise<number>((resolve) => {
    child.once('error', (error) => {
      const message = `the demonstration ${script} cannot be started: ${error.message}`;
      resolve(fail(surroundings, EXIT.failed, message, 'install the package anew'));
    });
    child.once('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  }).finally(() => process.off('SIGINT', wait));
}
