// The compiler that tests of native/ use, and its own checks of memory and undefined behaviour.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const COMPILER = process.env['CC'] ?? 'cc';
export const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

const start = promisify(execFile);

/**
 * Runs a compiler, or what it has made, with what `environment` adds. What scripts/sanitize loads into programs is not for
 * these: they have their own checks, which would not begin.
 */
export const run = (
  program: string,
  words: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
): ReturnType<typeof start> =>
  start(program, words, { env: { ...process.env, LD_PRELOAD: undefined, ...environment } });

/** Whether a program that these flags make runs here. */
export async function works(folder: string, flags: readonly string[]): Promise<boolean> {
  const program = join(folder, 'empty');
  try {
    const compile = run(COMPILER, [...flags, '-x', 'c', '-', '-o', program]);
    compile.child.stdin?.end('int main(void) { return 0; }\n');
    await compile;
    await run(program);
    return true;
  } catch {
    return false;
  }
}
