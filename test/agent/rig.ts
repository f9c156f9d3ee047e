// A driver on a fake kernel and executor, with one IPv4 virtual router unless told otherwise.
import { Driver } from '../../src/agent/driver.js';
import { Signing } from '../../src/agent/signing.js';
import type { Services } from '../../src/agent/driver-options.js';
import { createJournal } from '../../src/journal/journal.js';
import { createWatchdog } from '../../src/agent/watchdog.js';
import type { Settings, VirtualRouterSettings } from '../../src/config/settings.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import type { AddressTarget } from '../../src/model/netlink-script.js';
import type { EventRecord } from '../../src/model/status.js';
import { centiseconds, milliseconds } from '../../src/model/units.js';
import { address, FakeKernel } from '../support/fake-kernel.js';
import { FakeExecutor } from '../support/fake-executor.js';
import type { Told, Trace } from '../support/trace.js';
import { turn } from '../support/limits.js';

export const INDEX = 2;
export const PEER = address('10.99.0.2');
export const VIRTUAL = address('10.99.0.100');

export const routerSettings = (change: Partial<VirtualRouterSettings>): VirtualRouterSettings => ({
  name: 'lan',
  interface: 'eth0',
  vrid: 51,
  family: 'ipv4',
  addresses: [{ address: VIRTUAL, prefixLength: 24 }],
  advertisementInterval: centiseconds(100),
  priority: 100,
  preempt: true,
  checksum: 'auto',
  unicastPeers: [],
  sources: 'any',
  signed: 'off',
  acceptMode: true,
  virtualMac: false,
  ...change,
});

export const settingsOf = (virtualRouters: readonly VirtualRouterSettings[]): Settings => ({
  name: 'test',
  ha: {
    mode: 'active-passive',
    primary: false,
    preempt: true,
    preemptDelay: milliseconds(0),
    port: 7112,
    keyFile: null,
    peers: [],
    sync: 'offer',
    peerCheckInterval: milliseconds(100),
    peerFailureThreshold: 3,
    peerRecoveryThreshold: 5,
    maximumFlaps: 3,
    flapWindow: milliseconds(900_000),
  },
  monitors: { gateway: null, bandwidth: null, links: null, checks: [] },
  bypass: null,
  witness: null,
  signing: { keyFile: null, windowSeconds: 5 },
  hooks: {
    transition: null,
    monitor: null,
    beforeActive: null,
    beforeActiveTimeout: milliseconds(300),
  },
  virtualRouters,
  vip: { script: '/usr/lib/understudy/vip', leaseSeconds: 3, timeoutSeconds: 5 },
  realtime: { enabled: false, priority: 1 },
  metrics: { textfile: null, interval: milliseconds(15_000) },
  console: {
    listen: { kind: 'tcp', host: '127.0.0.1', port: 7180, loopback: true },
    tokenFile: '/nowhere/token',
    agentX: null,
    tls: null,
    behindProxy: false,
    names: [],
    metrics: false,
  },
  runtimeDirectory: '/nowhere/run',
  stateDirectory: '/nowhere/state',
});

export interface Rig {
  /** What the services were told, in order. */
  readonly told: readonly Told[];
  /** The same among all else that left the driver. */
  readonly trace: Trace;
  readonly driver: Driver;
  /** What the peers have said, and nobody has read yet. */
  readonly said: InstanceEvent[];
  readonly kernel: FakeKernel;
  readonly executor: FakeExecutor;
  readonly records: EventRecord[];
}

export interface RigOptions {
  readonly settings?: Settings;
  readonly leftovers?: readonly AddressTarget[];
  readonly mayAdd?: readonly AddressTarget[];
  /** The agent that left them died while it was Active. */
  readonly inherits?: boolean;
  /** Microseconds after which the service manager would end us. */
  readonly watchdogTimeout?: number;
  /** The relay is told which way to go, as the services tell it: within a turn of the driver. */
  readonly onBypass?: (driver: Driver) => void;
  /** The hook before Active; none unless given. */
  readonly beforeActive?: Services['beforeActive'];
  /** Prepares the kernel before the driver looks at it. */
  readonly before?: (kernel: FakeKernel) => void;
}

export function rig(options: RigOptions = {}): Rig {
  const kernel = new FakeKernel();
  kernel.setLink({ index: INDEX, name: 'eth0' });
  if (options.settings?.virtualRouters[0]?.priority !== 255) {
    kernel.addAddress(INDEX, '10.99.0.1/24');
  }
  options.before?.(kernel);
  const executor = new FakeExecutor(kernel);
  const records: EventRecord[] = [];
  const silent = () => undefined;
  const log = { debug: silent, info: silent, warn: silent, error: silent, fatal: silent };
  const file = {
    append: (record: EventRecord) => void records.push(record),
    problem: () => null,
    flush: () => Promise.resolve(),
  };
  const told: Told[] = [];
  const tell = (one: Told): void => {
    told.push(one);
    kernel.trace.add(one);
  };
  const said: InstanceEvent[] = [];
  const services: Services = {
    checkPeers: (peers) => peers.forEach((peer) => tell({ kind: 'check', peer })),
    askGateway: () => tell({ kind: 'ask-gateway' }),
    orderWitness: (order) => tell({ kind: 'witness', order }),
    hearPeers: () => said.splice(0).forEach((event) => driver.hear(event)),
    confirmed: silent,
    isAnyConfirmed: false,
    trustPeers: silent,
    leaveChecks: silent,
    checksDueAt: null,
    networkChanged: silent,
    beforeActive: options.beforeActive ?? (() => null),
    peerNews: (report) => tell({ kind: 'news', report }),
    setBypass: (desired, reason) => {
      tell({ kind: 'bypass', desired, reason });
      options.onBypass?.(driver);
    },
    transition: ({ to }) => tell({ kind: 'transition', to }),
    monitors: silent,
  };
  const driver = new Driver({
    kernel,
    executor,
    lease: kernel.openLease(),
    journal: createJournal(log, file, () => kernel.clock / 1_000),
    signing: new Signing({ wallClock: () => kernel.clock / 1_000 }),
    settings: options.settings ?? settingsOf([routerSettings({})]),
    leftovers: {
      standing: options.leftovers ?? [],
      mayAdd: options.mayAdd ?? [],
      inherits: options.inherits ?? false,
    },
    services,
    recordAhead: () => {
      kernel.trace.add({ kind: 'record' });
      return Promise.resolve();
    },
    onChange: () => kernel.trace.add({ kind: 'change' }),
    onWake: silent,
    watchdog: createWatchdog(
      { WATCHDOG_USEC: String(options.watchdogTimeout ?? '') },
      1,
      (message) => kernel.notify(message),
    ),
  });
  return { driver, kernel, executor, records, told, said, trace: kernel.trace };
}

/** Lets everything that was enqueued happen: promises, and the wake-ups they ask for. */
export async function settle(): Promise<void> {
  for (let count = 0; count < 8; count += 1) await turn();
}
