// What the service manager is told of a reload: that it began and that it is over, whatever came of it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from '../support/test.js';
import { startAgent } from '../../src/agent/agent.js';
import { createRealtime } from '../../src/agent/realtime.js';
import { createWatchdog } from '../../src/agent/watchdog.js';
import { loadSettings } from '../../src/config/load.js';
import { FakeExecutor } from '../support/fake-executor.js';
import { FakeKernel } from '../support/fake-kernel.js';

const silent = (): undefined => undefined;

it('a reload is begun and ended for the service manager, also when it is refused', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-notify-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const settingsFile = join(folder, 'understudy.yaml');
  const router = { name: 'lan', interface: 'eth0', vrid: 51, addresses: ['10.99.0.100/24'] };
  const write = (change: object): void =>
    writeFileSync(
      settingsFile,
      JSON.stringify({
        runtimeDirectory: folder,
        stateDirectory: folder,
        virtualRouters: [{ ...router, ...change }],
      }),
    );
  write({});
  const loaded = loadSettings(settingsFile);
  assert.ok(loaded.ok);
  const kernel = new FakeKernel();
  const told: string[] = [];
  const agent = await startAgent({
    kernel,
    executor: new FakeExecutor(kernel, {}),
    lease: kernel.openLease(),
    hookExecutor: new FakeExecutor(kernel, {}),
    log: { debug: silent, info: silent, warn: silent, error: silent, fatal: silent },
    settings: loaded.settings,
    settingsFile,
    version: 'test',
    realtime: createRealtime({ schedule: () => 0, limit: silent, settle: silent }, {}),
    notify: (message) => void told.push(message),
    watchdog: createWatchdog({}, 1, silent),
    wallClock: () => 0,
  });
  const expected = [`RELOADING=1\nMONOTONIC_USEC=${kernel.clock}`, 'READY=1'];
  for (const [change, ok] of [
    [{ priority: 120 }, true],
    [{ vrid: 0 }, false],
    [{ priority: 130 }, true],
  ] as const) {
    told.length = 0;
    write(change);
    assert.equal((await agent.reload()).ok, ok);
    assert.deepEqual(told, expected);
  }
  await agent.stop();
});
