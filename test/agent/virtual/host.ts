// What of an appliance outlives its processes, in virtual time: a fake kernel with the interface on the LAN, its
// addresses and their lifetimes. The agent and its executor: appliance.ts. No tests.
import type { LastWill } from '../../../src/executor/executor.js';
import type { Kernel, OutgoingMessage } from '../../../src/kernel/kernel.js';
import type { Family } from '../../../src/model/address.js';
import { FakeKernel } from '../../support/fake-kernel.js';
import { VirtualLease } from './lease.js';
import type { VirtualProcess } from './process.js';
import type { Side } from './story.js';
import { ADDRESSES, VIRTUAL, type World } from './world.js';

export class VirtualHost {
  readonly side: Side;
  readonly kernel = new FakeKernel();
  /** Set to stop the agent in the middle of a wake-up, right before its next advertisement. */
  stopsBeforeSending = false;
  protected readonly world: World;
  /** When the kernel removes an address unless it is renewed, in microseconds. */
  readonly #expiry = new Map<string, number>();
  /** Of the LAN; another one each time when it is made again. */
  #linkIndex = 2;

  constructor(world: World, side: Side) {
    this.world = world;
    this.side = side;
    this.makeInterface();
  }

  protected get linkIndex(): number {
    return this.#linkIndex;
  }

  /** Addresses whose time is over. */
  protected expiries(): { readonly at: number; readonly take: () => void }[] {
    return [...this.#expiry].map(([text, at]) => ({ at, take: () => this.#remove(text) }));
  }

  setCarrier(carrier: boolean): void {
    this.#setLink('eth0', carrier);
  }

  #setLink(name: string, carrier = true): void {
    const macAddress = `02:00:00:00:00:0${this.side}`;
    this.kernel.setLink({ index: this.#linkIndex, name, carrier, macAddress });
  }

  /** `ip link del`, which takes every address with it. */
  deleteInterface(): void {
    for (const text of this.#present()) {
      this.#expiry.delete(text);
      this.#changed(text, false);
    }
    this.kernel.removeLink(this.#linkIndex);
    this.#linkIndex += 1;
  }

  /** The name that the LAN's interface has now. */
  renameInterface(name: string): void {
    this.#setLink(name);
  }

  /** Another interface, on no LAN, that has this name. */
  addOtherInterface(name: string): void {
    this.kernel.setLink({ index: 100, name });
    this.kernel.addAddress(100, '10.97.0.1/24');
  }

  /** The host has another address of its own on the LAN. */
  addOwn(text: string): void {
    this.kernel.addAddress(this.#linkIndex, text);
  }

  /** With the appliance's own address. */
  makeInterface(): void {
    this.#setLink('eth0');
    this.kernel.addAddress(this.#linkIndex, `${ADDRESSES[this.side].lan}/24`);
  }

  /** Somebody else takes an address away. */
  takeAway(text = VIRTUAL): void {
    this.#remove(text);
  }

  /** The kernel's own word. */
  has(text = VIRTUAL): boolean {
    return this.kernel.has(this.#linkIndex, text);
  }

  #present(): string[] {
    return this.world.story.addresses(this.side);
  }

  #add(text: string, seconds: number | null): void {
    if (seconds === null) this.#expiry.delete(text);
    else this.#expiry.set(text, this.world.now + seconds * 1_000_000);
    if (this.has(text)) return;
    // Before the agent hears of it, which it does within the call.
    this.#changed(text, true);
    this.kernel.addAddress(this.#linkIndex, text, false, true, seconds);
  }

  #remove(text: string): void {
    this.#expiry.delete(text);
    if (!this.has(text)) return;
    this.#changed(text, false);
    this.kernel.removeAddress(this.#linkIndex, text);
  }

  #changed(text: string, there: boolean): void {
    const { story, now } = this.world;
    story.tell({ at: now, side: this.side, kind: 'address', address: text, there });
  }

  protected renew(addresses: LastWill['addresses'], lifetime: number): void {
    for (const { address, prefixLength } of addresses) {
      const text = `${address}/${prefixLength}`;
      if (this.has(text)) this.#add(text, lifetime === 0 ? null : lifetime);
    }
  }

  /**
   * `address replace 10.99.0.100/24 dev eth0 valid_lft 3 preferred_lft 3`, or `address del`; an interface that
   * is not there has nothing to be deleted.
   */
  protected apply(line: string): void {
    const [, verb, text = '', , device = ''] = line.split(' ');
    const index = this.kernel.indexOf(device);
    if (index === undefined) return;
    if (index !== this.#linkIndex) {
      if (verb === 'replace') this.kernel.addAddress(index, text);
      return;
    }
    const [, seconds] = / valid_lft (\d+)/.exec(line) ?? [];
    if (verb === 'replace') this.#add(text, seconds === undefined ? null : Number(seconds));
    if (verb === 'del') this.#remove(text);
  }

  protected removeLeft(addresses: LastWill['addresses']): void {
    for (const { linkIndex, address, prefixLength } of addresses) {
      if (linkIndex === this.#linkIndex) this.#remove(`${address}/${prefixLength}`);
    }
  }

  /** Whether the process is stopped now, before the system call that sends this. It comes when the process goes on. */
  #stopsBefore(
    process: VirtualProcess,
    batch: readonly OutgoingMessage[],
    notAfter: number | undefined,
    family: Family,
  ): boolean {
    if (!this.stopsBeforeSending) return false;
    this.stopsBeforeSending = false;
    process.stop();
    const copies = batch.map((message) => ({ ...message, message: message.message.slice() }));
    process.enter(() => {
      if (this.world.now > (notAfter ?? Infinity)) return;
      for (const message of copies) this.world.advertise(this.side, family, message);
    });
    return true;
  }

  /** A process sees the kernel only while it runs, and sends nothing when it is dead. */
  protected kernelFor(process: VirtualProcess): Kernel {
    const { kernel } = this;
    const world = this.world;
    return {
      now: () => kernel.now(),
      suspended: () => kernel.suspended(),
      openAdvertisementSocket: (family, link, onReadable) => {
        const socket = kernel.openAdvertisementSocket(family, link, process.waker(onReadable));
        const kernelSend = socket.send.bind(socket);
        const send: typeof kernelSend = (batch, notAfter) => {
          if (process.dead || this.#stopsBefore(process, batch, notAfter, family)) return [];
          const failures = kernelSend(batch, notAfter);
          if (failures.length === 0) {
            for (const message of batch) world.advertise(this.side, family, message);
          }
          return failures;
        };
        return Object.assign(socket, { send });
      },
      openAnnouncer: () => ({
        send: (batch) => {
          if (!process.dead) for (const { frame } of batch) world.frame(this.side, frame);
          return [];
        },
        close: () => undefined,
      }),
      openNetworkWatch: (onReadable) => kernel.openNetworkWatch(process.waker(onReadable)),
      openDeadlineTimer: (onExpired) => kernel.openDeadlineTimer(process.waker(onExpired)),
      ipv4Settings: (name) => kernel.ipv4Settings(name),
      setIpv4Settings: (index, values) => kernel.setIpv4Settings(index, values),
      setIpv6Settings: (name, values) => kernel.setIpv6Settings(name, values),
      dropMulticastReports: (index) => kernel.dropMulticastReports(index),
      openMembership: (index, groups) => kernel.openMembership(index, groups),
      notify: () => undefined,
      sendDatagram: () => false,
      lockFile: () => ({ release: () => undefined }),
      peerCredentials: () => null,
      openLease: () => new VirtualLease(() => world.now),
    };
  }
}
