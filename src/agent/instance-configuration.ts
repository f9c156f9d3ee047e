// The part of the settings that the core decides with. No defaults: the settings are complete.
import type { Settings } from '../config/settings.js';
import type { InstanceConfiguration } from '../core/interface.js';
import { activeDownInterval } from '../core/timing.js';
import { microseconds, millisecondsToMicroseconds, type Microseconds } from '../model/units.js';

export function instanceConfiguration({
  name,
  ha,
  virtualRouters,
  bypass,
}: Settings): InstanceConfiguration {
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
  };
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
