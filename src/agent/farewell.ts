// The farewell of an agent that is dead, and whose executor is too: priority 0 for what it left, then
// the wait for a successor. Removes nothing; that is release.ts.
import type { Settings, VirtualRouterSettings } from '../config/settings.js';
import { activeDownInterval } from '../core/machine/timing.js';
import type { Kernel } from '../kernel/kernel.js';
import type { ChecksumDialect } from '../model/advertisement.js';
import { after, microseconds } from '../model/units.js';
import { encodeFor } from './advertiser.js';
import type { Journal } from '../journal/journal.js';
import { Network } from './network.js';
import type { Port } from './ports.js';
import { Reception } from './reception.js';
import { Signing } from './signing.js';
import { sourceOf } from './sources.js';

type Succession = 'nobody-to-tell' | 'taken' | 'time-over';

/** Records nothing: of what other routers send, only who has taken over matters here. */
const MUTE: Journal = {
  record: (_level, record) => ({ ...record, time: '' }),
  recordLimited: () => undefined,
  recordChange: () => true,
  recordForeign: () => undefined,
  now: () => '',
  tail: () => [],
  follow: () => () => undefined,
};

/**
 * Sends priority 0 for each virtual router that `isStanding`, then waits until another router has
 * advertised each of them, or the longest Active_Down_Interval has passed (RFC 9568 §6.4.3): the
 * kernel goes on answering for the addresses meanwhile.
 * @throws KernelError without access to the network.
 */
export async function sayFarewell(
  kernel: Kernel,
  settings: Settings,
  isStanding: (router: VirtualRouterSettings) => boolean,
): Promise<Succession> {
  let notice: () => void = () => undefined;
  const signing = new Signing({ wallClock: () => Date.now() });
  const network = new Network(kernel, () => notice(), {
    emit: () => undefined,
    addressRemoved: () => undefined,
    addressAdded: () => undefined,
    resynchronized: () => undefined,
    socketFailed: () => undefined,
    networkReadable: () => notice(),
  });
  try {
    network.configure(settings);
    signing.configure(settings);
    const left = [...network.ports()].flatMap((port) =>
      bidFarewell(network, port, signing, isStanding),
    );
    if (left.length === 0) return 'nobody-to-tell';
    return await awaitSuccessors(kernel, { network, signing }, left, (look) => (notice = look));
  } finally {
    network.close();
  }
}

/** @returns the virtual routers of the port for which priority 0 was sent. */
function bidFarewell(
  network: Network,
  port: Port,
  signing: Signing,
  isStanding: (router: VirtualRouterSettings) => boolean,
): VirtualRouterSettings[] {
  return [...port.routers.values()].filter(isStanding).filter((settings) => {
    const source = sourceOf(port.sources, settings.name);
    if (source === null) return false;
    const messages = dialectsOf(settings).flatMap((dialect) =>
      encodeFor({ settings, priority: 0, source, dialect, alsoTo: [] }, signing.sealOf(settings)),
    );
    return network.send(port.key, messages).length < messages.length;
  });
}

/** Which dialect `auto` had come to is not known any more: the others discard the one they do not read. */
const dialectsOf = ({ family, checksum }: VirtualRouterSettings): ChecksumDialect[] => {
  if (family === 'ipv6') return ['rfc9568'];
  return checksum === 'auto' ? ['rfc9568', 'rfc5798'] : [checksum];
};

function awaitSuccessors(
  kernel: Kernel,
  { network, signing }: { readonly network: Network; readonly signing: Signing },
  left: readonly VirtualRouterSettings[],
  onNotice: (look: () => void) => void,
): Promise<Succession> {
  const reception = new Reception({ journal: MUTE, signing }, () => false);
  const awaited = new Set(left.map(({ name }) => name));
  // Priority 1 has the longest Active_Down_Interval: whoever is there has taken over by then.
  const longest = Math.max(
    ...left.map(({ advertisementInterval }) => activeDownInterval(1, advertisementInterval)),
  );
  return new Promise((resolve) => {
    const settle = (succession: Succession): void => {
      onNotice(() => undefined);
      timer.close();
      resolve(succession);
    };
    const timer = kernel.openDeadlineTimer(() => settle('time-over'));
    onNotice(() => {
      network.drain(kernel.now());
      reception.receive(network, (event) => {
        if (event.kind !== 'advertisement' || event.advertisement.priority === 0) return;
        awaited.delete(event.virtualRouter);
      });
      if (awaited.size === 0) settle('taken');
    });
    timer.arm(after(kernel.now(), microseconds(longest)));
  });
}
