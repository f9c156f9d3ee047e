// Which monitors run, from the settings. A monitor whose settings did not change goes on counting
// when others do. No process, no messages.
import { randomInt } from 'node:crypto';
import type { IpAddress } from '../model/address.js';
import type { MonitorStatus } from '../model/monitor.js';
import { startBandwidthMonitor, type BandwidthMonitor } from './bandwidth-monitor.js';
import { startCheckMonitor, type Monitor } from './check-monitor.js';
import { createGatewayProbe } from './gateway-probe.js';
import { createHttpProbe } from './http-probe.js';
import { createSources, type SourceFor } from './own-sources.js';
import type { Probe } from './probe.js';
import { createScriptProbe } from './script-probe.js';
import {
  MONITOR_NAMES,
  type CheckSettings,
  type GatewaySettings,
  type ProberRole,
  type ProberSettings,
} from './settings.js';
import { createTcpProbe } from './tcp-probe.js';

interface RunningMonitors {
  configure(settings: ProberSettings): void;
  setRole(role: ProberRole): void;
  /** Asks the gateways at once and at short distance; nothing where none is monitored. */
  askGateway(): void;
  /** In the order of the settings: gateway, bandwidth, checks. */
  statuses(): readonly MonitorStatus[];
  /** Ends every monitor and what it has under way. */
  close(): void;
}

interface MonitorsEvents {
  /** The state of a monitor, or the doubt about it, has changed. */
  readonly onChange: () => void;
  /** A process group of a script began or ended. */
  readonly onGroup: (group: number, running: boolean) => void;
}

interface Running {
  /** Its settings as text: equal text, same monitor. */
  readonly settings: string;
  readonly monitor: Monitor;
}

interface Wanted {
  readonly name: string;
  readonly settings: unknown;
  readonly start: () => Monitor;
}

export function createMonitors(events: MonitorsEvents): RunningMonitors {
  let running = new Map<string, Running>();
  let bandwidth: BandwidthMonitor | null = null;
  let virtual: ReadonlySet<IpAddress> = new Set();
  const sourceFor = createSources(() => virtual);
  let role: ProberRole = { active: false, inhibited: false };

  const wantedBy = ({ gateway, bandwidth: traffic, checks }: ProberSettings): readonly Wanted[] => [
    ...(gateway === null ? [] : [wantedGateway(gateway, sourceFor, events)]),
    ...(traffic === null
      ? []
      : [
          {
            name: MONITOR_NAMES.bandwidth,
            settings: traffic,
            start: () => (bandwidth = startBandwidthMonitor(traffic, role, events.onChange)),
          },
        ]),
    ...checks.map((check) => wantedCheck(check, sourceFor, events)),
  ];

  return {
    configure: (settings) => {
      const before = running;
      virtual = new Set(settings.virtualAddresses);
      running = new Map();
      if (settings.bandwidth === null) bandwidth = null;
      for (const { name, settings: wanted, start } of wantedBy(settings)) {
        const text = JSON.stringify(wanted);
        const same = before.get(name);
        if (same?.settings === text) {
          running.set(name, same);
          before.delete(name);
        } else {
          // The old one first: it may hold what the new one needs.
          same?.monitor.close();
          running.set(name, { settings: text, monitor: start() });
        }
      }
      for (const { monitor } of before.values()) monitor.close();
    },
    setRole: (next) => {
      role = next;
      bandwidth?.setRole(next);
    },
    askGateway: () => running.get(MONITOR_NAMES.gateway)?.monitor.hurry?.(),
    statuses: () => Array.from(running.values(), ({ monitor }) => monitor.status()),
    close: () => {
      for (const { monitor } of running.values()) monitor.close();
      running.clear();
    },
  };
}

const wantedGateway = (
  settings: GatewaySettings,
  sourceFor: SourceFor,
  { onChange }: MonitorsEvents,
): Wanted => ({
  name: MONITOR_NAMES.gateway,
  settings,
  start: () =>
    startCheckMonitor({
      name: MONITOR_NAMES.gateway,
      weight: 'soft',
      limits: settings,
      intervalMs: settings.intervalMs,
      // Replies to a prober before us, or to another agent of this host, are not ours.
      probe: createGatewayProbe(settings, randomInt(0x1_0000), sourceFor),
      onChange,
    }),
});

const wantedCheck = (
  settings: CheckSettings,
  sourceFor: SourceFor,
  events: MonitorsEvents,
): Wanted => ({
  name: settings.name,
  settings,
  start: () =>
    startCheckMonitor({
      name: settings.name,
      weight: settings.weight ?? 'soft',
      limits: settings,
      intervalMs: settings.intervalMs,
      probe: probeOf(settings, sourceFor, events),
      onChange: events.onChange,
    }),
});

function probeOf(settings: CheckSettings, sourceFor: SourceFor, events: MonitorsEvents): Probe {
  switch (settings.type) {
    case 'tcp':
      return createTcpProbe(settings, sourceFor);
    case 'http':
      return createHttpProbe(settings, sourceFor);
    case 'script':
      return createScriptProbe(settings, events.onGroup);
  }
}
