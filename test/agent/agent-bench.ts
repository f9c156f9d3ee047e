// A whole agent in this process, with a kernel and executors in memory and real files in a folder of its
// own: started, ordered about over its control socket, and started again. No test.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from '../support/test.js';
import { startAgent, type Agent } from '../../src/agent/agent.js';
import { createRealtime } from '../../src/agent/realtime.js';
import type { ReplaceFile } from '../../src/files/background-file.js';
import { createWatchdog } from '../../src/agent/watchdog.js';
import { loadSettings } from '../../src/config/load.js';
import { createControlClient, type ControlClient } from '../../src/control/client.js';
import { FakeExecutor } from '../support/fake-executor.js';
import { FakeKernel } from '../support/fake-kernel.js';
import { WAIT_LIMIT_MS } from '../support/limits.js';
import { INDEX } from './rig.js';

const silent = (): undefined => undefined;

export interface AgentBench {
  readonly agent: Agent;
  readonly kernel: FakeKernel;
  /** What the hooks are run by. */
  readonly hooks: FakeExecutor;
  readonly control: ControlClient;
  /** Replaces keys of the settings file; what the agent runs with stays. */
  readonly write: (change: object) => void;
  /** Stops the agent, once; a test that fails before leaves that to its end. */
  readonly stop: () => Promise<void>;
}

/** What stops the agents of each folder. */
const stops = new Map<string, (() => Promise<void>)[]>();

/** A folder for `startBench`: after the test its agents are stopped, then it is removed. */
export function benchFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-agent-'));
  stops.set(folder, []);
  t.after(async () => {
    for (const stop of stops.get(folder) ?? []) await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Starts an agent with one virtual router and `change` of its settings, in a `benchFolder`. */
export async function startBench(
  folder: string,
  change: object = {},
  replaceFile?: ReplaceFile,
  onInfo: (fields: object) => void = silent,
): Promise<AgentBench> {
  const settingsFile = join(folder, 'understudy.yaml');
  const router = { name: 'lan', interface: 'eth0', vrid: 51, addresses: ['10.99.0.100/24'] };
  const write = (other: object): void => {
    const settings = { runtimeDirectory: folder, stateDirectory: folder, ...change, ...other };
    writeFileSync(settingsFile, JSON.stringify({ virtualRouters: [router], ...settings }));
  };
  write({});
  const loaded = loadSettings(settingsFile);
  assert.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.errors));
  const kernel = new FakeKernel();
  kernel.setLink({ index: INDEX, name: 'eth0' });
  kernel.addAddress(INDEX, '10.99.0.1/24');
  const hooks = new FakeExecutor(kernel);
  const agent = await startAgent({
    kernel,
    executor: new FakeExecutor(kernel),
    lease: kernel.openLease(),
    hookExecutor: hooks,
    log: { debug: silent, info: onInfo, warn: silent, error: silent, fatal: silent },
    settings: loaded.settings,
    listed: loaded.listed,
    settingsFile,
    version: 'test',
    realtime: createRealtime(
      { schedule: () => 0, limit: silent, settle: silent, trim: silent },
      {},
    ),
    notify: (message) => kernel.notify(message),
    watchdog: createWatchdog({}, 1, silent),
    wallClock: () => 0,
    ...(replaceFile === undefined ? {} : { replaceFile }),
  });
  const socket = join(folder, 'control.sock');
  const control = createControlClient(socket, { deadlineMs: WAIT_LIMIT_MS });
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopped ??= agent.stop());
  stops.get(folder)?.push(stop);
  return { agent, kernel, hooks, control, write, stop };
}
