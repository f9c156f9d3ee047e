// What an agent is started with: the settings, and everything of the host that it works through. Nothing is done here.
import type { ListedSetting } from '../config/listed.js';
import type { Settings } from '../config/settings.js';
import type { Executor } from '../executor/executor.js';
import type { ReplaceFile } from '../files/background-file.js';
import type { HostFacts } from '../host/facts.js';
import type { Log } from '../journal/log.js';
import type { Kernel, Lease } from '../kernel/kernel.js';
import type { Realtime } from './realtime.js';
import type { Watchdog } from './watchdog.js';

export interface AgentOptions {
  readonly kernel: Kernel;
  readonly executor: Executor;
  /** The one that the executor was started with. */
  readonly lease: Lease;
  /** Another one, for hooks: they must not keep the last will waiting. */
  readonly hookExecutor: Executor;
  readonly log: Log;
  readonly settings: Settings;
  /** The same, setting by setting, for people. */
  readonly listed: readonly ListedSetting[];
  /** Of the settings file, as it was loaded. */
  readonly digest?: string;
  readonly settingsFile: string;
  readonly version: string;
  readonly realtime: Realtime;
  /** Tells the service manager; never throws. */
  readonly notify: (message: string) => void;
  readonly watchdog: Watchdog;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  /** What replaces state.json and status.json; `atomicWriteFile` unless a test looks on. */
  readonly replaceFile?: ReplaceFile;
  /** What of the host the settings name; the host itself unless a test has another. */
  readonly observeHost?: (settings: Settings) => Promise<HostFacts>;
}
