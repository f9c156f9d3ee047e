// The agent as a process: settings, lock, signals, exit code. Imported only by the composition root.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatSettingsError } from '../config/errors.js';
import { loadSettings, type LoadResult } from '../config/load.js';
import { EXECUTOR_PATH } from '../executor/process.js';
import { openKernel } from '../kernel/native.js';
import { openRealtime } from '../kernel/realtime.js';
import type { FileLock, Kernel } from '../kernel/kernel.js';
import type { Executor } from '../executor/executor.js';
import type { Settings } from '../config/settings.js';
import { plainText } from '../model/plain-text.js';
import { startAgent, type Agent } from './agent.js';
import { openExecutorSlot } from '../executor/executor-slot.js';
import { lazyExecutor } from '../executor/lazy-executor.js';
import { lockOf } from '../files/lock-file.js';
import { journaldOf } from '../journal/journald.js';
import { openLog, type AgentLog } from '../journal/log.js';
import { createRealtime, type Realtime } from './realtime.js';
import { formerExecutor, recordExecutor, sendAway } from './predecessor.js';
import { refusedByRoot } from '../host/root-programs.js';
import { actsAs, goOnAs, makeFoldersFor } from './as-owner.js';
import { foldersOf, knowsNothing, release } from './release-command.js';
import { keepClosed } from './closed-watch.js';
import { forgetClosed } from './forget-closed.js';
import { readAtStart } from './starting.js';
import { createWatchdog } from './watchdog.js';

/** Exit codes of the contract. */
const DONE = 0;
const FAILED = 1;
const INVALID_SETTINGS = 2;

/**
 * Runs the agent in the foreground until SIGTERM or SIGINT. SIGHUP reloads the settings; SIGUSR2
 * writes recording.jsonl. Root goes on as whoever may change the settings or the folders.
 * @returns the exit code; never throws.
 */
export async function runAgent(configPath: string): Promise<number> {
  const loaded = readAtStart(configPath, notifyIfPossible, () => readSettings(configPath));
  if (loaded === null) return INVALID_SETTINGS;
  const { settings, warnings } = loaded;
  const refused = await asRoot(configPath, settings);
  if (refused !== null) return refused;
  const kernel = openKernelOrSay();
  if (kernel === null) return FAILED;
  const lock = takeLock(
    kernel,
    settings,
    'stop it first, or give this one its own runtimeDirectory and stateDirectory',
  );
  if (lock === null) return FAILED;
  // A pipe or socket does not block once Node has made a stream of it. On one that does, a reader of the log that stalls
  // would keep the process from ending.
  void process.stdout;
  const agentLog = openLog(
    settings.name,
    journaldOf((...datagram) => kernel.sendDatagram(...datagram)),
  );
  for (const { path, message } of warnings) agentLog.log.warn(`${path || configPath}: ${message}`);
  try {
    // Before anything is started: the executor is told.
    const realtime = createRealtime(openRealtime());
    realtime.apply(settings.realtime);
    return await runLocked(loaded, { kernel, agentLog, realtime });
  } catch (error) {
    say(`cannot start: ${(error as Error).message}`);
    await agentLog.close();
    // What was opened until then would keep the process alive. Its end is told to the executor and the prober
    // by their pipes, as after a crash.
    process.exit(FAILED);
  } finally {
    await agentLog.close();
    lock.release();
  }
}

/**
 * Removes every address that an agent has added and could not remove (`understudy release`), whatever the
 * settings say. As root it acts as whoever may change what it reads and writes.
 * @returns the exit code; never throws.
 */
export async function releaseAddresses(settingsFile: string): Promise<number> {
  try {
    const settings = readSettings(settingsFile)?.settings ?? null;
    const owner = actsAs(settingsFile, foldersOf(settingsFile, settings));
    if (owner !== null) goOnAs(owner);
    if (knowsNothing(settingsFile, settings)) return INVALID_SETTINGS;
    const kernel = openKernelOrSay();
    return kernel === null ? FAILED : await release({ kernel, settingsFile, settings, say });
  } catch (error) {
    say((error as Error).message);
    return FAILED;
  }
}

/** What an agent stands on. */
type Loaded = Extract<LoadResult, { ok: true }>;

interface Ground {
  readonly kernel: Kernel;
  readonly agentLog: AgentLog;
  readonly realtime: Realtime;
}

async function runLocked(
  { file: settingsFile, settings, listed, digest }: Loaded,
  { kernel, agentLog, realtime }: Ground,
): Promise<number> {
  const { log } = agentLog;
  let agent: Agent | null = null;
  const lease = kernel.openLease();
  const { runtimeDirectory } = settings;
  const former = formerExecutor(runtimeDirectory);
  const slot: Executor = await openExecutorSlot({
    path: EXECUTOR_PATH,
    lease,
    onStarted: recordExecutor(runtimeDirectory),
    onRevoked: () => agent?.wake(),
    onLost: (message) => {
      log.error(`${message}; starting another`);
      agent?.setProblem('executor', `${message}; another is being started`);
    },
    onHopeless: (message) => {
      log.fatal(message);
      agent?.setProblem('executor', `no executor: ${message}`);
    },
    onRunning: () => agent?.setProblem('executor', null),
  });
  if (former !== null) sendAway(former);
  const executor = keepClosed({
    executor: slot,
    onProblem: (problem) => agent?.setProblem('accept-mode', problem),
  });
  await forgetClosed(executor, settings);
  const hookExecutor = lazyExecutor(() =>
    openExecutorSlot({
      path: EXECUTOR_PATH,
      onLost: (message) => log.error(`hooks: ${message}; starting another`),
      onHopeless: (message) => agent?.setProblem('hook-executor', `no hook runs: ${message}`),
      onRunning: () => agent?.setProblem('hook-executor', null),
    }),
  );
  const version = packageVersion();
  const notify = (message: string): void => {
    try {
      kernel.notify(message);
    } catch (error) {
      // A service manager that cannot be told must not cost the role.
      log.warn((error as Error).message);
    }
  };
  const wallClock = (): number => Date.now();
  agent = await startAgent({
    kernel,
    executor,
    lease,
    hookExecutor,
    log,
    settings,
    listed,
    digest,
    settingsFile,
    version,
    realtime,
    notify,
    watchdog: createWatchdog(process.env, process.pid, notify),
    wallClock,
  });
  notify('READY=1');
  const code = await untilStopped(agent, agentLog);
  notify('STOPPING=1');
  await agent.stop();
  lease.close();
  return code;
}

/** Serves signals until one says stop; an exception nobody caught ends the process at once. */
function untilStopped(agent: Agent, agentLog: AgentLog): Promise<number> {
  const { log } = agentLog;
  return new Promise((resolve) => {
    process.on('SIGHUP', () => void agent.reload());
    process.on('SIGUSR2', () => void saveRecording(agent, log));
    process.once('SIGTERM', () => resolve(DONE));
    process.once('SIGINT', () => resolve(DONE));
    process.on('uncaughtException', (error) => {
      // The state is not to be trusted any more. The executor does the last will; the supervisor
      // starts us again. Nothing here may wait: while we live, so do the addresses.
      const { canExit } = agentLog.endAtOnce();
      log.fatal({ stack: error.stack }, `a fault of the program: ${error.message}`);
      saveRecordingAtOnce(agent);
      if (!canExit) process.kill(process.pid, 'SIGKILL');
      process.exit(FAILED);
    });
  });
}

async function saveRecording(agent: Agent, log: AgentLog['log']): Promise<void> {
  const { path, text } = agent.recording();
  await writeFile(path, text, { mode: 0o640 }).then(
    () => log.info(`recording written to ${path}`),
    (error: Error) => log.error(`${path}: ${error.message}`),
  );
}

function saveRecordingAtOnce(agent: Agent): void {
  try {
    const { path, text } = agent.recording();
    writeFileSync(path, text, { mode: 0o640 });
  } catch {
    // The process ends for another reason, which is in the log.
  }
}

/**
 * An agent that root starts goes on as whoever may change what it reads and writes; where only root may, it starts
 * no program that others may change. @returns the exit code of a refusal; null for none.
 */
async function asRoot(configPath: string, settings: Settings): Promise<number | null> {
  try {
    const owner = actsAs(configPath, settings);
    if (owner !== null) {
      say(`goes on as user ${owner.uid}, who may change ${configPath} or the agent's folders`);
      makeFoldersFor(owner, settings);
      goOnAs(owner);
    }
    const errors = await refusedByRoot(settings);
    for (const error of errors) say(formatSettingsError(error, configPath));
    return errors.length === 0 ? null : INVALID_SETTINGS;
  } catch (error) {
    say((error as Error).message);
    return FAILED;
  }
}

function readSettings(path: string): Extract<LoadResult, { ok: true }> | null {
  const loaded = loadSettings(path);
  if (loaded.ok) return loaded;
  for (const error of loaded.errors) say(formatSettingsError(error, path));
  return null;
}

/** Before there is a log. What keeps it from being sent keeps the agent from starting, too, and is said then. */
function notifyIfPossible(message: string): void {
  try {
    openKernel().notify(message);
  } catch {
    // A service manager that cannot be told must not cost the start.
  }
}

function openKernelOrSay(): Kernel | null {
  try {
    return openKernel();
  } catch (error) {
    say((error as Error).message);
    return null;
  }
}

/** Creates the two directories of the settings. @throws the system's error. */
function prepareDirectories({ runtimeDirectory, stateDirectory }: Settings): void {
  mkdirSync(runtimeDirectory, { recursive: true, mode: 0o755 });
  mkdirSync(stateDirectory, { recursive: true, mode: 0o750 });
}

/** `remedy`: what to do when another agent has the lock. */
function takeLock(kernel: Kernel, settings: Settings, remedy: string): FileLock | null {
  const path = join(settings.runtimeDirectory, 'agent.lock');
  try {
    prepareDirectories(settings);
    const lock = lockOf(kernel, path);
    if (lock === null) {
      say(`an agent is running with runtimeDirectory ${settings.runtimeDirectory}: ${remedy}`);
    }
    return lock;
  } catch (error) {
    say(`${path}: ${(error as Error).message}: run as root, or change the directories' owner`);
    return null;
  }
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** What it quotes may come from a file: nothing of it reaches a terminal but text. */
const say = (message: string): void => {
  process.stderr.write(`understudy: ${plainText(message, 'lines')}\n`);
};
