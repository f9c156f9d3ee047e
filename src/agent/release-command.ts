// `understudy release` as a process: whose folders it works on, which of them when the settings are invalid,
// what it prints, and its exit code. What is removed is release.ts's.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_VIP_SCRIPT } from '../config/defaults.js';
import { namedFolders, type Folders } from '../config/folders.js';
import type { Settings } from '../config/settings.js';
import { distrusted } from '../host/owner.js';
import type { FileLock, Kernel } from '../kernel/kernel.js';
import { lockOf } from '../files/lock-file.js';
import { removeAddresses } from './release.js';
import { stateFilePath } from '../journal/state-file.js';

/** vip.timeoutSeconds, where no settings say. */
const USUAL_TIMEOUT_SECONDS = 5;

const DONE = 0;
const FAILED = 1;

interface ReleaseCommand {
  readonly kernel: Kernel;
  readonly settingsFile: string;
  /** Null when they are invalid, which has been said. */
  readonly settings: Settings | null;
  readonly say: (message: string) => void;
}

/** Whether nothing tells what to remove: the settings are invalid, and no agent has recorded anything. */
export const knowsNothing = (settingsFile: string, settings: Settings | null): boolean =>
  settings === null && !existsSync(stateFilePath(foldersOf(settingsFile, null).stateDirectory));

/** @returns the exit code. @throws KernelError, or the system's error for the lock. */
export async function release(command: ReleaseCommand): Promise<number> {
  const { kernel, settingsFile, settings, say } = command;
  const { runtimeDirectory, stateDirectory } = foldersOf(settingsFile, settings);
  if (settings === null) {
    say(`what ${stateFilePath(stateDirectory)} says is removed all the same, without a farewell`);
  }
  const lock = lockIn(kernel, runtimeDirectory);
  if (lock === 'held') {
    say(
      `an agent is running with runtimeDirectory ${runtimeDirectory}: stop it; it then removes its addresses itself`,
    );
    return FAILED;
  }
  try {
    const { timeoutSeconds } = settings?.vip ?? { timeoutSeconds: USUAL_TIMEOUT_SECONDS };
    const runner = { script: await scriptOf(settings, say), timeoutSeconds };
    return told(await removeAddresses({ kernel, stateDirectory, runner, settings }), say);
  } finally {
    lock?.release();
  }
}

function told(
  { removed, putBack, remaining, foreign, problem }: Awaited<ReturnType<typeof removeAddresses>>,
  say: ReleaseCommand['say'],
): number {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  for (const address of removed) print(`removed ${address}`);
  for (const setting of putBack) print(`put back ${setting}`);
  for (const address of foreign) {
    print(`left ${address}: nobody has recorded that an agent put it there`);
  }
  for (const address of remaining) say(`still present: ${address}`);
  if (problem !== null) say(problem);
  if (removed.length + remaining.length + foreign.length === 0) {
    print('no virtual address was present');
  }
  return remaining.length === 0 ? DONE : FAILED;
}

/** Without the folder no agent runs with it: it is not made, since it would belong to whoever calls. */
function lockIn(kernel: Kernel, runtimeDirectory: string): FileLock | 'held' | null {
  if (!existsSync(runtimeDirectory)) return null;
  return lockOf(kernel, join(runtimeDirectory, 'agent.lock')) ?? 'held';
}

/** Root starts no program that somebody else may change. */
async function scriptOf(settings: Settings | null, say: ReleaseCommand['say']): Promise<string> {
  const script = settings?.vip.script ?? PACKAGE_VIP_SCRIPT;
  if (process.geteuid?.() !== 0 || script === PACKAGE_VIP_SCRIPT) return script;
  const reason = await distrusted(script);
  if (reason === null) return script;
  say(`${script} is not run by root: ${reason}; ${PACKAGE_VIP_SCRIPT} is run instead`);
  return PACKAGE_VIP_SCRIPT;
}

/** What the settings say; when they are invalid, what is likely. */
export const foldersOf = (settingsFile: string, settings: Settings | null): Folders =>
  settings ?? namedFolders(settingsFile, process.env);
