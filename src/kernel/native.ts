// The kernel as the agent sees it, over the native addon. No policy, no protocol.
import { instant, microseconds, milliseconds, type Instant } from '../model/units.js';
import { loadAddon, type Addon } from './addon.js';
import { openAdvertisementSocket } from './advertisement-socket.js';
import { openAnnouncer } from './announcer.js';
import { ipv4Settings, setIpv4Settings, setIpv6Settings } from './link-settings.js';
import { dropMulticastReports, openMembership } from './multicast-reports.js';
import type { DeadlineTimer, FileLock, Kernel, Lease, PeerCredentials } from './kernel.js';
import { openNetworkWatch } from './network-watch.js';
import { attempt, refusal } from './refusal.js';

interface KernelOptions {
  /** Receive buffer of the rtnetlink subscription, in bytes; small ones are for tests. */
  readonly networkReceiveBuffer?: number;
}

/** Thousands of notifications: a burst while the event loop is late is not lost. */
const NETWORK_RECEIVE_BUFFER = 4 * 1024 * 1024;
const DISARM = -1;
/** struct ucred: pid, uid and gid, 32 bits each. */
const UCRED_BYTES = 12;

function openDeadlineTimer(addon: Addon, onExpired: () => void): DeadlineTimer {
  const what = 'setting a timer';
  const handle = attempt(what, () => addon.openDeadlineTimer(onExpired));
  return {
    arm(at: Instant | null): void {
      if (at !== null && !Number.isFinite(at)) {
        throw new RangeError(`an instant in microseconds or null expected, found ${at}`);
      }
      const instantOrDisarm = at === null ? DISARM : Math.max(0, at);
      const answer = attempt(what, () => addon.arm(handle, instantOrDisarm));
      if (answer < 0) throw refusal(what, answer, 'timerfd_settime');
    },
    close: () => addon.close(handle),
  };
}

function notify(addon: Addon, message: string): void {
  const address = process.env['NOTIFY_SOCKET'];
  if (address === undefined || address === '') return;
  const what = `telling the service manager at ${address}`;
  const bytes = new TextEncoder().encode(message);
  const answer = attempt(what, () => addon.sendDatagram(address, bytes.buffer));
  if (answer < 0) throw refusal(what, answer, 'sendto');
}

function lockFile(addon: Addon, path: string): FileLock | null {
  const handle = attempt(`locking ${path}`, () => addon.lockFile(path));
  return handle === null ? null : { release: () => addon.close(handle) };
}

/** enum lease_question of native/addon/lease.h. */
const LEASE = { open: 0, renew: 1, take: 2, silence: 3, close: 4, step: 5 } as const;

function openLease(addon: Addon): Lease {
  const fd = addon.lease(-1, LEASE.open);
  if (fd < 0) throw refusal('making the lease', fd, 'memfd_create');
  const ask = (question: number): number => {
    const answer = addon.lease(fd, question);
    if (answer < 0) throw refusal('looking at the lease', answer, 'mmap');
    return answer;
  };
  let open = true;
  return {
    fd,
    renew: () => ask(LEASE.renew) === 1,
    take: () => void ask(LEASE.take),
    step: () => void ask(LEASE.step),
    executorSilence: () => milliseconds(ask(LEASE.silence) / 1_000),
    close: () => {
      if (open) ask(LEASE.close);
      open = false;
    },
  };
}

function peerCredentials(addon: Addon, fd: number): PeerCredentials | null {
  const batch = new ArrayBuffer(UCRED_BYTES);
  if (addon.peerCredentials(fd, batch) < 0) return null;
  const [pid = 0] = new Int32Array(batch);
  const [, uid = 0, gid = 0] = new Uint32Array(batch);
  return { pid, uid, gid };
}

/**
 * Loads the addon.
 * @throws Error when it is not built, with the command that builds it.
 */
export function openKernel(options: KernelOptions = {}): Kernel {
  const addon = loadAddon();
  const receiveBuffer = options.networkReceiveBuffer ?? NETWORK_RECEIVE_BUFFER;
  return {
    now: () => instant(addon.now()),
    suspended: () => microseconds(addon.suspended()),
    openAdvertisementSocket: (family, link, onReadable) =>
      openAdvertisementSocket(addon, family, link, onReadable),
    openAnnouncer: () => openAnnouncer(addon),
    openNetworkWatch: (onReadable) => openNetworkWatch(addon, receiveBuffer, onReadable),
    openDeadlineTimer: (onExpired) => openDeadlineTimer(addon, onExpired),
    notify: (message) => notify(addon, message),
    sendDatagram: (path, bytes) => addon.sendDatagram(path, new Uint8Array(bytes).buffer) === 0,
    lockFile: (path) => lockFile(addon, path),
    openLease: () => openLease(addon),
    peerCredentials: (fd) => peerCredentials(addon, fd),
    ipv4Settings,
    setIpv4Settings: (linkIndex, values) => setIpv4Settings(addon, linkIndex, values),
    setIpv6Settings,
    dropMulticastReports: (linkIndex) => dropMulticastReports(addon, linkIndex),
    openMembership: (linkIndex, groups) => openMembership(addon, linkIndex, groups),
  };
}
