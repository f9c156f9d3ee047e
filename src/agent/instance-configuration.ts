// The part of the settings that the core decides with. No defaults: the settings are complete.
import type { CheckSettings, Settings } from '../config/settings.js';
import type { InstanceConfiguration, WitnessParameters } from '../core/interface.js';
import type { Program } from '../executor/executor.js';
import { activeDownInterval } from '../core/machine/timing.js';
import { runnerOf } from './keeping.js';
import { routerOrder } from '../model/settings-digest.js';
import {
  microseconds,
  milliseconds,
  millisecondsToMicroseconds,
  type Microseconds,
} from '../model/units.js';

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
    witness: witnessOf(settings),
  };
}

/**
 * So long before the lease ends an Active gives its role up: until then the executor renews addresses by whole seconds
 * (renewal.c), and from then on it takes those of a silent agent away (duty.c).
 */
const RELEASE_MARGIN = milliseconds(1_000);

const witnessOf = ({ witness }: Settings): WitnessParameters | null =>
  witness === null
    ? null
    : {
        ttl: millisecondsToMicroseconds(milliseconds(witness.ttlSeconds * 1_000)),
        margin: millisecondsToMicroseconds(RELEASE_MARGIN),
      };

/**
 * What is usually the same on both, though it need not be: when a fault counts, and what follows. Not
 * what is local by nature: interfaces, hosts that are asked, names of segments, directories.
 */
function rulesOf({ ha, monitors, virtualRouters, vip, bypass, hooks, witness }: Settings): string {
  const { gateway, bandwidth, links } = monitors;
  return JSON.stringify([
    [ha.maximumFlaps, ha.flapWindow, ha.preemptDelay, vip.leaseSeconds],
    virtualRouters
      .toSorted(routerOrder)
      .map(({ preempt, checksum, unicastPeers, acceptMode, virtualMac }) => [
        preempt,
        checksum,
        unicastPeers.length,
        ...(acceptMode ? [] : [acceptMode]),
        ...(virtualMac ? ['virtualMac'] : []),
      ]),
    gateway && [gateway.interval, gateway.failureThreshold, gateway.recoveryThreshold],
    gateway && [gateway.addresses.toSorted(), gateway.interface !== undefined],
    bandwidth && [bandwidth.minimumBps, bandwidth.seconds, bandwidth.interfaces.length],
    links && [links.interval, links.minimumActive, links.pairs.length],
    monitors.checks.map((check) => JSON.stringify(withoutHost(check))).toSorted(),
    bypass && [bypass.onStop, bypass.segments.length],
    [
      ...[hooks.transition, hooks.monitor].map((hook) => hook !== null),
      // What only some have stands at the end, so that a peer before this version agrees.
      ...(hooks.beforeActive === null ? [] : [hooks.beforeActiveTimeout]),
    ],
    ...(witness === null
      ? []
      : [[witness.type, witness.key, witness.ttlSeconds, witness.endpoints]]),
  ]);
}

function withoutHost({ kind, ...check }: CheckSettings): object {
  if (kind.type === 'tcp') return { ...check, port: kind.port };
  if (kind.type === 'script') return { ...check, command: kind.command };
  const { protocol, port, pathname, search } = new URL(kind.url);
  return { ...check, ...kind, url: [protocol, port, pathname, search] };
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

/** A takeover is not to wait for a program to load. Where nothing is ever held, nothing waits. */
export const standbyOf = ({ ha, vip, virtualRouters }: Settings): Program | null =>
  ha.mode === 'off'
    ? null
    : {
        argv: runnerOf(
          vip.script,
          virtualRouters.some(({ acceptMode }) => !acceptMode),
        ),
      };
