// New settings for a running instance: only what changed is touched. No validation: config has refused what makes no
// sense.
import { formatAddressWithPrefix } from '../model/address.js';
import { agreementOf } from './agreement.js';
import type { InstanceConfiguration } from './interface.js';
import { compareSettings } from './peer-events.js';
import { createPeer, reconfigurePeer } from './peers/peers.js';
import {
  createRouter,
  sameAddresses,
  sameRouter,
  type Router,
  type RouterConfiguration,
} from './machine/router.js';
import type { InstanceState } from './instance-state.js';
import { shutDown, step } from './step.js';

export function reconfigure(instance: InstanceState, configuration: InstanceConfiguration): void {
  const previous = instance.routers;
  const kept = new Map<string, Router>();
  const names = new Set(configuration.virtualRouters.map(({ name }) => name));
  const unnamed = new Set([...previous].flatMap(([name, one]) => (names.has(name) ? [] : [one])));
  for (const wanted of configuration.virtualRouters) {
    const known = previous.get(wanted.name) ?? takeNamedAnew(unnamed, wanted);
    if (known === undefined || !sameRouter(known.configuration, wanted)) continue;
    kept.set(wanted.name, known);
  }
  const staying = new Set(kept.values());
  for (const router of previous.values()) {
    // Before the settings are replaced: its place among the peers' is still known.
    if (!staying.has(router)) shutDown(instance, router, 'settings-changed');
  }
  instance.configuration = configuration;
  instance.agreement = agreementOf(configuration);
  instance.routers = new Map(
    configuration.virtualRouters.map((wanted) => [
      wanted.name,
      kept.get(wanted.name) ?? createRouter(wanted, false, instance.clock),
    ]),
  );
  reconfigurePeers(instance);
  for (const wanted of configuration.virtualRouters) {
    const router = kept.get(wanted.name);
    if (router !== undefined) reconfigureRouter(instance, router, wanted);
  }
  forgetMonitors(instance);
}

/** The same virtual router under another name, if there is one. */
function takeNamedAnew(unnamed: Set<Router>, wanted: RouterConfiguration): Router | undefined {
  for (const router of unnamed) {
    if (!sameRouter(router.configuration, wanted)) continue;
    unnamed.delete(router);
    return router;
  }
  return undefined;
}

function reconfigureRouter(
  instance: InstanceState,
  router: Router,
  wanted: RouterConfiguration,
): void {
  const before = router.configuration;
  router.configuration = wanted;
  if (wanted.checksum !== 'auto') router.sending = wanted.checksum;
  if (before.advertisementInterval !== wanted.advertisementInterval) {
    const previousPriority = router.effectivePriority;
    step(instance, router, { kind: 'parameters-changed', previousPriority });
  }
  const moved = !sameAddresses(
    before.addresses.map(formatAddressWithPrefix),
    wanted.addresses.map(formatAddressWithPrefix),
  );
  if (moved) step(instance, router, { kind: 'addresses-changed' });
}

/** Peers that stay keep what is known of them, and of their paths that stay. */
function reconfigurePeers(instance: InstanceState): void {
  const { peers, peerCheck } = instance.configuration;
  const known = instance.peers;
  instance.peers = new Map(
    peers.map((wanted) => {
      const peer = known.get(wanted.name);
      if (peer === undefined) return [wanted.name, createPeer(wanted, peerCheck, instance.clock)];
      reconfigurePeer(peer, wanted, peerCheck, instance.clock);
      return [wanted.name, peer];
    }),
  );
  compareSettings(instance);
}

/** Forgets the faults of interfaces that no virtual router uses any longer. */
function forgetMonitors({ configuration, monitors }: InstanceState): void {
  const used = new Set(configuration.virtualRouters.map((router) => router.interface));
  for (const [name, status] of monitors) {
    if (status.weight !== 'hard' || status.interface === undefined) continue;
    if (!used.has(status.interface)) monitors.delete(name);
  }
}
