// Listens on the wire for who speaks on our VRIDs: for three advertisement intervals, of ours or of VRRPv2, so that
// whoever is Active has been heard. The one file of the doctor that opens a socket. No judgement.
import { setTimeout as pause } from 'node:timers/promises';
import type { Settings, VirtualRouterSettings } from '../config/settings.js';
import type { AdvertisementSocket, Kernel, ReceivedPacket } from '../kernel/kernel.js';
import { isMulticast } from '../model/address.js';
import { dialectOf, saidBy } from './advertisement.js';
import type { DoctorFacts, Heard, InterfaceFacts } from './facts.js';

/** However long the interval is, nobody waits longer. */
const LONGEST_MS = 15_000;
/** VRRPv2 counts in whole seconds (RFC 3768 §5.3.7): at a shorter interval of ours most who speak it would be missed. */
const SHORTEST_MS = 3_000;
const PACKETS = 1_000;

export async function listen(
  settings: Settings,
  interfaces: readonly InterfaceFacts[],
): Promise<Pick<DoctorFacts, 'heard' | 'notListened'>> {
  let ears: Ears | null = null;
  try {
    const { openKernel } = await import('../kernel/native.js');
    ears = openEars(openKernel(), settings, interfaces);
    await pause(listeningMs(settings));
    return { heard: ears.heard(), notListened: null };
  } catch (error) {
    return { heard: null, notListened: error instanceof Error ? error.message : String(error) };
  } finally {
    ears?.close();
  }
}

/** For how long; milliseconds. */
export function listeningMs({ virtualRouters }: Pick<Settings, 'virtualRouters'>): number {
  const intervals = virtualRouters.map((one) => one.advertisementInterval * 10);
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, 3 * Math.max(...intervals)));
}

export interface Ears {
  /** Each router once for each virtual router, as it spoke last. */
  readonly heard: () => readonly Heard[];
  readonly close: () => void;
}

/** Listens from now on. @throws KernelError EPERM without CAP_NET_RAW. */
export function openEars(
  kernel: Kernel,
  settings: Settings,
  interfaces: readonly InterfaceFacts[],
): Ears {
  const heard = new Map<string, Heard>();
  const sockets: AdvertisementSocket[] = [];
  const own = new Set<string>(interfaces.flatMap((link) => link.own.map(({ address }) => address)));
  const hear = (name: string, packet: ReceivedPacket): void => {
    const said = saidBy(packet.message, packet.family);
    if (said === null || own.has(packet.source)) return;
    const unicast = !isMulticast(packet.destination);
    for (const { name: virtualRouter, interface: on, family, vrid } of settings.virtualRouters) {
      if (on !== name || family !== packet.family || vrid !== said.vrid) continue;
      const { source } = packet;
      const dialect = dialectOf(packet.message, packet);
      heard.set(`${virtualRouter} ${source}`, { virtualRouter, source, unicast, dialect, ...said });
    }
  };
  const close = (): void => {
    for (const socket of sockets) socket.close();
  };
  try {
    for (const { name, family } of groupsOf(settings.virtualRouters)) {
      const index = interfaces.find((link) => link.name === name)?.index ?? null;
      if (index === null) continue;
      const socket: AdvertisementSocket = kernel.openAdvertisementSocket(
        family,
        { index, name },
        () => {
          socket.receive((packet) => hear(name, packet), PACKETS);
        },
      );
      sockets.push(socket);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { heard: () => [...heard.values()], close };
}

const groupsOf = (
  routers: readonly VirtualRouterSettings[],
): { readonly name: string; readonly family: VirtualRouterSettings['family'] }[] => [
  ...new Map(
    routers.map(({ interface: name, family }) => [`${name} ${family}`, { name, family }]),
  ).values(),
];
