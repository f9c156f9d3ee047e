// Virtual time and the network between two appliances: what is due next, what a frame or a message of the
// HA port meets on its way. No driver and no executor: those are the appliances'.
import type {
  HaSocket,
  HaSocketEvents,
  OpenHaSocket,
} from '../../../src/peer-channel/ha-socket.js';
import type { ArrivedDatagram, CheckTimer } from '../../../src/kernel/datagram-socket.js';
import type { PeerRoom } from '../../../src/kernel/peer-room.js';
import type { OutgoingMessage } from '../../../src/kernel/kernel.js';
import {
  addressFromBytes,
  isMulticast,
  type Family,
  type IpAddress,
} from '../../../src/model/address.js';
import { Checker } from '../../support/checker.js';
import { Confirmer } from '../../support/confirmer.js';
import { decodeArpFrame } from '../../../src/wire/arp.js';
import { instant, type Instant } from '../../../src/model/units.js';
import { decodePeerMessage } from '../../../src/wire/peer-message.js';
import type { Appliance } from './appliance.js';
import type { VirtualProcess } from './process.js';
import { otherOf, SIDES, Story, type Held, type Side } from './story.js';

/** From a sender to a receiver, in microseconds. */
const TRIP = 100;
/** More steps than any test has at one instant; then something never comes to rest. */
const STEPS = 1_000;

export const VIRTUAL = '10.99.0.100/24';
/** Of the LAN, in both families, and of the HA link. */
export const ADDRESSES = {
  a: { lan: '10.99.0.1', lan6: '2001:db8::1', ha: '10.98.0.1' },
  b: { lan: '10.99.0.2', lan6: '2001:db8::2', ha: '10.98.0.2' },
} as const;

/** What can be lost, each in one direction or both. */
export type Traffic = 'multicast' | 'unicast' | 'announcements' | 'ha-lan' | 'ha-link';
/** Everything on the cable between the two. */
export const LAN_TRAFFIC: readonly Traffic[] = ['multicast', 'unicast', 'announcements', 'ha-lan'];
export const HA_TRAFFIC: readonly Traffic[] = ['ha-lan', 'ha-link'];
export const ALL_TRAFFIC: readonly Traffic[] = [...LAN_TRAFFIC, 'ha-link'];

interface Task {
  readonly at: number;
  readonly take: () => void;
  cancelled: boolean;
}

interface OpenSocket {
  readonly side: Side;
  readonly port: number;
  readonly process: VirtualProcess;
  readonly events: HaSocketEvents;
  /** Takes what only confirms, as the addon does. */
  confirmer: Confirmer | null;
  /** Makes the checks that are left to it, as the addon does. */
  checker: Checker | null;
  /** Its timer has expired. */
  expire: () => void;
  /** What waits to be received. */
  readonly arrived: ArrivedDatagram[];
  /** What waits to be sent, and where to. */
  readonly waiting: [Uint8Array, IpAddress][];
}

export class World {
  now = 1_000_000_000;
  readonly began = this.now;
  readonly story = new Story();
  readonly #appliances = new Map<Side, Appliance>();
  readonly #cuts: { readonly traffic: ReadonlySet<Traffic>; readonly from: Side }[] = [];
  readonly #unplugged = new Set<Side>();
  readonly #sockets = new Map<Side, OpenSocket>();
  /** What becomes of each message of the HA port on its way; for peers of another release. */
  rewrite: (datagram: Uint8Array) => Uint8Array = (datagram) => datagram;
  /** Whether messages that only confirm are taken before a process is woken, as the addon has it. */
  confirms = true;
  /** How many were. */
  confirmed = 0;
  /** How many checks were made without waking a process. */
  checked = 0;
  /** Ports that a firewall between the two has closed. */
  readonly closedPorts = new Set<number>();
  /** Is shown each advertisement that is sent. */
  recorder: (from: Side, message: OutgoingMessage) => void = () => undefined;
  #tasks: Task[] = [];

  join(appliance: Appliance): void {
    this.#appliances.set(appliance.side, appliance);
    appliance.kernel.clock = this.#instant();
  }

  /** Later, unless the returned function is called before. */
  after(microseconds: number, take: () => void): () => void {
    const task: Task = { at: this.now + microseconds, take, cancelled: false };
    this.#tasks.push(task);
    return () => (task.cancelled = true);
  }

  // --- time ----------------------------------------------------------------------------------------

  /** Lets time pass, one thing after the other. */
  async run(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds * 1_000;
    await this.#steps(end, () => false);
    this.#moveTo(end);
  }

  /**
   * Lets time pass until it is so.
   * @returns milliseconds that it took.
   * @throws Error with the end of the story when it is not so in time.
   */
  async until(expected: string, is: () => boolean, milliseconds = 15_000): Promise<number> {
    const from = this.now;
    await settle();
    if (!is()) await this.#steps(from + milliseconds * 1_000, is);
    if (is()) return (this.now - from) / 1_000;
    const told = this.story.told(Math.max(0, this.story.end - 40), this.began);
    throw new Error(`expected within ${milliseconds} virtual ms: ${expected}; last seen:\n${told}`);
  }

  async #steps(end: number, enough: () => boolean): Promise<void> {
    await settle();
    for (let steps = 0; steps < STEPS; steps += 1) {
      const next = this.#next();
      if (next === null || next.at > end) return;
      if (next.at > this.now) steps = 0;
      this.#moveTo(Math.max(this.now, next.at));
      next.take();
      await settle();
      if (enough()) return;
    }
    throw new Error(`no end in sight:\n${this.story.told(this.story.end - 40, this.began)}`);
  }

  /** Frames before timers, as the order of the list has it where the instant is the same. */
  #next(): { readonly at: number; readonly take: () => void } | null {
    this.#tasks = this.#tasks.filter(({ cancelled }) => !cancelled);
    let next: { readonly at: number; readonly take: () => void } | null = null;
    for (const task of this.#tasks) if (next === null || task.at < next.at) next = task;
    const chosen = next;
    if (chosen !== null) {
      const { at, take } = chosen;
      next = {
        at,
        take: () => {
          this.#tasks = this.#tasks.filter((task) => task !== chosen);
          take();
        },
      };
    }
    for (const side of SIDES) {
      const dues = [...(this.#appliances.get(side)?.due() ?? []), ...this.#checksDue(side)];
      for (const due of dues) {
        if (next === null || due.at < next.at) next = due;
      }
    }
    return next;
  }

  #moveTo(now: number): void {
    this.now = now;
    for (const { kernel } of this.#appliances.values()) kernel.clock = this.#instant();
  }

  #instant(): Instant {
    return instant(this.now);
  }

  // --- what is broken, and mended ------------------------------------------------------------------

  /** Loses what one side sends of this traffic, or both. Heal by calling what is returned. */
  cut(traffic: readonly Traffic[], ...from: readonly Side[]): () => void {
    const cuts = (from.length === 0 ? SIDES : from).map((side) => ({
      traffic: new Set(traffic),
      from: side,
    }));
    this.#cuts.push(...cuts);
    return () => {
      for (const cut of cuts) {
        const at = this.#cuts.indexOf(cut);
        if (at >= 0) this.#cuts.splice(at, 1);
      }
    };
  }

  /** Takes the cable of the LAN out of one side, whose kernel says so. Plug by calling what is returned. */
  unplug(side: Side): () => void {
    const set = (carrier: boolean): void => {
      if (carrier) this.#unplugged.delete(side);
      else this.#unplugged.add(side);
      this.#appliances.get(side)?.setCarrier(carrier);
    };
    set(false);
    return () => set(true);
  }

  #passes(traffic: Traffic, from: Side): boolean {
    if (traffic !== 'ha-link' && this.#unplugged.size > 0) return false;
    return !this.#cuts.some((cut) => cut.from === from && cut.traffic.has(traffic));
  }

  // --- frames --------------------------------------------------------------------------------------

  advertise(side: Side, family: Family, message: OutgoingMessage, executor = false): void {
    const [, vrid = 0, priority = 0] = message.message;
    const to = message.destination;
    this.story.tell({ at: this.now, side, kind: 'advertisement', vrid, priority, to, executor });
    const traffic = isMulticast(message.destination) ? 'multicast' : 'unicast';
    const copy = { ...message, message: message.message.slice() };
    this.recorder(side, copy);
    if (!this.#passes(traffic, side)) return;
    const receiver = this.#appliances.get(otherOf(side));
    this.after(TRIP, () => receiver?.receive(family, copy));
  }

  /** A whole frame, of the executor or the announcer. */
  frame(side: Side, frame: Uint8Array): void {
    const arp = decodeArpFrame(frame);
    if (arp !== null) {
      const address = arp.targetAddress;
      this.story.tell({ at: this.now, side, kind: 'announcement', address });
      const receiver = this.#appliances.get(otherOf(side));
      if (this.#passes('multicast', side))
        this.after(TRIP, () => receiver?.receiveAnnouncement(address));
      return;
    }
    const message = datagramOf(frame);
    if (message !== null) this.advertise(side, message.family, message, true);
  }

  // --- the HA port ---------------------------------------------------------------------------------

  /** Opens the HA port of a process: messages take the path that the destination names. */
  socketsOf(side: Side, process: VirtualProcess): OpenHaSocket {
    return (_family, port, events) => {
      const open: OpenSocket = {
        side,
        port,
        process,
        events,
        confirmer: null,
        checker: null,
        expire: () => undefined,
        arrived: [],
        waiting: [],
      };
      this.#sockets.set(side, open);
      process.onDeath(() => this.#close(open));
      const socket: HaSocket = {
        receive: (handler) => {
          for (const datagram of open.arrived.splice(0)) handler(datagram);
        },
        put: (datagram, _source, to) => void open.waiting.push([datagram.slice(), to]),
        flush: () => {
          for (const sent of open.waiting.splice(0)) this.#send(open, ...sent);
        },
        confirm: (room) => {
          if (!this.confirms) return;
          const now = (): Instant => this.#instant();
          open.confirmer = new Confirmer(room, now, (sent, to) => this.#send(open, sent, to));
        },
        useKeys: (keys) => {
          if (open.confirmer !== null) open.confirmer.keys = keys;
        },
        close: () => {
          this.#close(open);
          return Promise.resolve();
        },
      };
      return Promise.resolve(socket);
    };
  }

  /** The timer for checks that are left to the addon, of the port that is open on this side. */
  checksOf(side: Side, room: PeerRoom, onDue: () => void): CheckTimer | null {
    const open = this.#sockets.get(side);
    if (open === undefined || open.confirmer === null) return null;
    const { confirmer, process } = open;
    open.checker = new Checker(room, confirmer, () => this.#instant(), {
      isHeard: () => {
        this.#confirm(open);
        return open.arrived.length === 0;
      },
      onChecked: () => (this.checked += 1),
      onDue,
    });
    open.expire = process.waker(() => open.checker?.pass());
    return open.checker;
  }

  /** What is due of the checks that are left to the addon. */
  #checksDue(side: Side): { readonly at: number; readonly take: () => void }[] {
    const open = this.#sockets.get(side);
    const at = open?.checker?.armedFor ?? null;
    if (open === undefined || at === null) return [];
    return [
      {
        at,
        take: () => {
          open.checker?.expire();
          open.expire();
        },
      },
    ];
  }

  #confirm({ arrived, confirmer }: OpenSocket): void {
    while (arrived[0] !== undefined && confirmer?.take(arrived[0]) === true) {
      arrived.shift();
      this.confirmed += 1;
    }
  }

  #send(open: OpenSocket, datagram: Uint8Array, to: IpAddress): void {
    const { side, process, port } = open;
    if (process.dead || this.#sockets.get(side) !== open) return;
    this.#carry(side, this.rewrite(datagram), to, port);
  }

  #close(open: OpenSocket): void {
    if (this.#sockets.get(open.side) === open) this.#sockets.delete(open.side);
  }

  #carry(side: Side, datagram: Uint8Array, to: IpAddress, port: number): void {
    const link = to === ADDRESSES[otherOf(side)].ha ? 'ha' : 'lan';
    const source = ADDRESSES[side][
      to === ADDRESSES[otherOf(side)].lan6 ? 'lan6' : link
    ] as IpAddress;
    const decoded = decodePeerMessage(datagram, { bytes: null, report: null });
    if (!decoded.ok) throw new Error(`a message of ${side} cannot be read: ${decoded.detail}`);
    const { header, report } = decoded;
    const present = report.routers[0]?.addressesPresent === true;
    const { kind: message } = header;
    this.story.tell({ at: this.now, side, kind: 'message', message, path: link, present });
    if (!this.#passes(link === 'ha' ? 'ha-link' : 'ha-lan', side)) return;
    if (this.closedPorts.has(port)) return;
    this.after(TRIP, () => {
      const receiver = this.#sockets.get(otherOf(side));
      if (receiver?.port !== port) return;
      receiver.arrived.push(arrivedDatagram(datagram, source, port));
      receiver.process.enter(() => {
        const { arrived, confirmer } = receiver;
        this.#confirm(receiver);
        const isDone = confirmer?.isAllAnswered() === true;
        const isLeft = isDone && receiver.checker?.arm() === true;
        if (arrived.length > 0 || (isDone && !isLeft)) receiver.events.onReadable();
      });
    });
  }

  // --- what the kernels say ------------------------------------------------------------------------

  holders(virtual = VIRTUAL): Side[] {
    return this.story.holders(virtual);
  }

  /** Watches from now on; the answer says for how long nobody, and both, had the address. */
  watch(virtual = VIRTUAL): () => Held {
    const [from, at] = [this.story.end, this.now];
    return () => this.story.held(virtual, from, at, this.now);
  }
}

function arrivedDatagram(datagram: Uint8Array, source: IpAddress, port: number): ArrivedDatagram {
  const bytes = Buffer.from(datagram);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { bytes, view, start: 0, length: bytes.length, source, port };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Everything that is under way in this process has happened: promises, and the wake-ups they ask for. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 100; turns += 1) {
    await turn();
    if (!process.getActiveResourcesInfo().includes('Immediate')) return;
  }
  throw new Error('no end in sight: wake-ups ask for each other for ever');
}

/** The VRRP message in an Ethernet frame of the executor; null when it is something else. */
function datagramOf(frame: Uint8Array): (OutgoingMessage & { family: Family }) | null {
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  const made = (family: Family, source: number, length: number, message: number) => ({
    family,
    source: addressFromBytes(frame, source, family),
    destination: addressFromBytes(frame, source + length, family),
    message: frame.slice(message),
  });
  if (type === 0x0800) return made('ipv4', 26, 4, 34);
  return type === 0x86dd ? made('ipv6', 22, 16, 54) : null;
}
