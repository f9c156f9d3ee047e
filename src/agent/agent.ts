// One running agent put together: kernel, executor, driver, journal, files, control socket. No
// protocol and no loop: those are the driver's.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatSettingsError, type SettingsError } from '../config/errors.js';
import { loadSettings } from '../config/load.js';
import { changeSetting, type SetOutcome } from '../config/save.js';
import { viewSettings } from '../config/setting-names.js';
import type { Settings } from '../config/settings.js';
import type { ReloadOutcome } from '../control/protocol.js';
import { startControlServer } from '../control/server.js';
import type { Executor } from '../executor/executor.js';
import type { Kernel } from '../kernel/kernel.js';
import type { Status } from '../model/status.js';
import { Driver } from './driver.js';
import { createEventFile } from './event-file.js';
import { createJournal } from './journal.js';
import type { Log } from './log.js';
import { formatRecording } from './recorder.js';
import { createBackgroundFile, formatState, readState, stateFilePath } from './state-file.js';
import { statusOf } from './status.js';

export interface AgentOptions {
  readonly kernel: Kernel;
  readonly executor: Executor;
  readonly log: Log;
  readonly settings: Settings;
  readonly settingsFile: string;
  readonly version: string;
  /** Tells the service manager; never throws. */
  readonly notify: (message: string) => void;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
}

export interface Agent {
  /** Reads the settings file again and applies the difference; an invalid file changes nothing. */
  reload(): Promise<ReloadOutcome>;
  status(): Status;
  /** The last events of the core, and the file they belong in when somebody wants them. */
  recording(): { readonly path: string; readonly text: string };
  /** What is wrong from now on, until told otherwise; part of health. */
  setProblem(key: string, problem: string | null): void;
  /** Gives the role up, waits until the addresses are gone and everything is written. */
  stop(): Promise<void>;
}

/** Creates the two directories of the settings. @throws the system's error. */
export function prepareDirectories({ runtimeDirectory, stateDirectory }: Settings): void {
  mkdirSync(runtimeDirectory, { recursive: true, mode: 0o755 });
  mkdirSync(stateDirectory, { recursive: true, mode: 0o750 });
}

/** Starts the agent: from its return on it takes part in the election. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { kernel, settings, wallClock, log } = options;
  const { runtimeDirectory, stateDirectory } = settings;
  const eventFile = createEventFile(join(stateDirectory, 'events.jsonl'));
  const journal = createJournal(log, eventFile, wallClock);
  const stateFile = createBackgroundFile(stateFilePath(stateDirectory), true);
  const statusFile = createBackgroundFile(join(runtimeDirectory, 'status.json'), false);
  const problems = new Map<string, string>();
  const left = readState(stateFilePath(stateDirectory));

  const driver: Driver = new Driver({
    kernel,
    executor: options.executor,
    journal,
    settings,
    leftovers: left.standing,
    onChange: () => {
      stateFile.write(formatState(driver.keeper.standing()));
      scheduleStatus();
    },
  });
  const startedAt = wallClock();
  const status = (): Status =>
    statusOf({
      driver,
      version: options.version,
      startedAt,
      wallClock,
      now: () => kernel.now(),
      problems: () => [
        ...problems.values(),
        ...[eventFile, stateFile, statusFile]
          .map((file) => file.problem())
          .filter((problem) => problem !== null),
      ],
    });
  let statusScheduled = false;
  const scheduleStatus = (): void => {
    if (statusScheduled) return;
    statusScheduled = true;
    setImmediate(() => {
      statusScheduled = false;
      statusFile.write(`${JSON.stringify(status(), null, 2)}\n`);
    });
  };

  const refuse = (errors: readonly SettingsError[]): void => {
    const detail = errors.map((error) => formatSettingsError(error, options.settingsFile));
    journal.record('error', {
      event: 'reload-refused',
      reason: 'invalid-settings',
      detail: `the settings in force stay: ${detail.join('; ')}`,
    });
    problems.set('settings', `${options.settingsFile} is invalid; the settings in force stay`);
    scheduleStatus();
  };
  const reload = async (): Promise<ReloadOutcome> => {
    const loaded = loadSettings(options.settingsFile);
    const errors = loaded.ok ? movedDirectories(driver.settings, loaded.settings) : loaded.errors;
    if (!loaded.ok || errors.length > 0) {
      refuse(errors);
      return { ok: false, file: options.settingsFile, errors };
    }
    problems.delete('settings');
    const changes = settingsChanges(driver.settings, loaded.settings, options.settingsFile);
    journal.record('info', {
      event: 'settings-applied',
      reason: 'reload',
      detail: changes.length === 0 ? 'nothing differs' : changes.join('; '),
    });
    options.notify(`RELOADING=1\nMONOTONIC_USEC=${kernel.now()}`);
    driver.configure(loaded.settings);
    options.notify('READY=1');
    return { ok: true, file: options.settingsFile, changes, warnings: loaded.warnings };
  };

  const control = await startControlServer({
    path: join(runtimeDirectory, 'control.sock'),
    group: 'understudy',
    handlers: {
      status,
      settings: () => viewSettings(driver.settings, options.settingsFile),
      set: async (setting: string, value: string): Promise<SetOutcome> => {
        const outcome = await changeSetting(options.settingsFile, setting, value);
        if (!outcome.ok) return outcome;
        const applied = await reload();
        return applied.ok ? outcome : { ok: false, file: outcome.file, errors: applied.errors };
      },
      reload,
    },
    onError: (error) => {
      const detail = error instanceof Error ? error.message : String(error);
      journal.recordLimited('error', `control ${detail}`, {
        event: 'control-error',
        reason: 'control-socket',
        detail,
      });
    },
  });

  if (left.problem !== null) log.warn(left.problem);
  driver.start();

  return {
    reload,
    status,
    recording: () => ({
      path: join(stateDirectory, 'recording.jsonl'),
      text: formatRecording(driver.recorder.recording()),
    }),
    setProblem: (key, problem) => {
      if (problem === null) problems.delete(key);
      else problems.set(key, problem);
      scheduleStatus();
    },
    stop: async () => {
      stateFile.write(formatState(await driver.stop()));
      statusFile.write(`${JSON.stringify(status(), null, 2)}\n`);
      await control.close();
      await Promise.all([eventFile.flush(), stateFile.flush(), statusFile.flush()]);
    },
  };
}

/** What differs between two settings, one line each: `primary: true → false`. */
function settingsChanges(before: Settings, after: Settings, file: string): string[] {
  const old = new Map(viewSettings(before, file).settings.map((one) => [one.setting, one.value]));
  const now = new Map(viewSettings(after, file).settings.map((one) => [one.setting, one.value]));
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names]
    .filter((name) => old.get(name) !== now.get(name))
    .map((name) => `${name}: ${old.get(name) ?? '-'} → ${now.get(name) ?? '-'}`);
}

/** The directories hold the lock and the control socket of the running agent: they cannot move. */
function movedDirectories(current: Settings, wanted: Settings): SettingsError[] {
  return (['runtimeDirectory', 'stateDirectory'] as const)
    .filter((key) => current[key] !== wanted[key])
    .map((key) => ({
      path: key,
      code: 'needs-restart' as const,
      expected: `${current[key]}, as the running agent uses it`,
      found: wanted[key],
      remedy: 'restart the agent to move this directory, or undo the change',
    }));
}
