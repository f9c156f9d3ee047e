// The part of the settings that the core decides with. No defaults: the settings are complete.
import type { Settings } from '../config/settings.js';
import type { InstanceConfiguration } from '../core/interface.js';
import { activeDownInterval } from '../core/timing.js';
import { routerOrder } from '../model/settings-digest.js';
import { microseconds, millisecondsToMicroseconds, type Microseconds } from '../model/units.js';

export function instanceConfiguration(settings: Settings): InstanceConfiguration {
  const { name, ha, virtualRouters, bypass } = settings;
  return {
    name,
    mode: ha.mode,
    primary: ha.primary,
    virtualRouters,
    peers: ha.peers,
    peerCheck: {
      interval: millisecondsToMicroseconds(ha.peerCheckInterval),
      failureThreshold: ha.peerFailureThreshold,
      recoveryThreshold: ha.peerRecoveryThreshold,
    },
    flaps: { maximum: ha.maximumFlaps, window: millisecondsToMicroseconds(ha.flapWindow) },
    hasBypass: bypass !== null,
    preemptDelay: millisecondsToMicroseconds(ha.preemptDelay),
    rules: rulesOf(settings),
  };
}

/**
 * What is usually the same on both, though it need not be: when a fault counts, and what follows. Not
 * what is local by nature: interfaces, addresses, programs, what a check asks for.
 */
function rulesOf({ ha, monitors, virtualRouters, vip, bypass }: Settings): string {
  const { gateway, bandwidth, links } = monitors;
  const checks = monitors.checks.map(({ kind, ...check }) =>
    [check.name, kind.type, check.intervalMs, check.timeoutMs, check.failureThreshold].concat([
      check.recoveryThreshold,
      check.weight ?? 'soft',
    ]),
  );
  return JSON.stringify([
    [ha.maximumFlaps, ha.flapWindow, ha.preemptDelay, vip.leaseSeconds, bypass?.onStop],
    virtualRouters.toSorted(routerOrder).map(({ preempt, checksum }) => [preempt, checksum]),
    gateway && [gateway.interval, gateway.failureThreshold, gateway.recoveryThreshold],
    gateway?.addresses.length,
    bandwidth && [bandwidth.minimumBps, bandwidth.seconds, bandwidth.interfaces.length],
    links && [links.interval, links.minimumActive, links.pairs.length],
    checks.map((check) => check.join(' ')).toSorted(),
  ]);
}

/** A silence of this process that may have cost it a role: the shortest Active_Down_Interval. */
export const longestSilence = ({ virtualRouters }: Settings): Microseconds =>
  microseconds(
    Math.min(
      ...virtualRouters.map(({ priority, advertisementInterval }) =>
        activeDownInterval(priority, advertisementInterval),
      ),
    ),
  );
