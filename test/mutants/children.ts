// Programs that are started in process groups of their own, so that none of them outlives a run that is
// interrupted. What they are for is the caller's.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';

const running = new Set<ChildProcess>();

/** Starts a program; it and what it started end with `endChild`, or with `endAll`. */
export function startChild(
  command: readonly string[],
  folder: string,
  environment: NodeJS.ProcessEnv = process.env,
): ChildProcess {
  const [program = '', ...words] = command;
  const child = spawn(program, words, {
    cwd: folder,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

const OWN_PROCESSES = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
let unshare: readonly string[] | null = null;

/**
 * The command in a process namespace of its own, where there is one to be had: what it has started ends with
 * it, whatever group that is in. An executor whose fault is an endless loop would otherwise go on for ever.
 */
export function alone(command: readonly string[]): readonly string[] {
  if (unshare === null) {
    const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    const words = ['unshare', ...asRoot, ...OWN_PROCESSES];
    const [program = '', ...rest] = words;
    unshare = spawnSync(program, [...rest, 'true']).status === 0 ? words : [];
  }
  return [...unshare, ...command];
}

export function endChild({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

export function endAll(): void {
  for (const child of running) endChild(child);
}

/**
 * Runs a program to its end.
 * @returns what it wrote, both streams in one text, and its exit code; null when a signal ended it.
 * @throws Error (rejects) when it cannot be started.
 */
export function run(
  command: readonly string[],
  folder: string,
  environment?: NodeJS.ProcessEnv,
): Promise<{ readonly code: number | null; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const child = startChild(command, folder, environment);
    let text = '';
    const take = (piece: Buffer): void => void (text += piece.toString());
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, text }));
  });
}
