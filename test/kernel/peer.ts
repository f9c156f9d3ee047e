// The router at the other end of the cable: a process in the namespace `peer` with its own kernel
// face, told by messages what to do. No tests in here.
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openKernel } from '../../src/kernel/native.js';
import type { OutgoingMessage, ReceivedPacket, SendFailure } from '../../src/kernel/kernel.js';
import { inNetns } from '../support/namespace.js';
import { Inbox } from './inbox.js';
import { endOf } from '../support/child.js';
import { eventOf } from '../support/limits.js';

type Request =
  | { readonly kind: 'send'; readonly batch: readonly OutgoingMessage[] }
  | { readonly kind: 'frames'; readonly frames: readonly Uint8Array[] };

type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'packet'; readonly packet: ReceivedPacket }
  | { readonly kind: 'sent'; readonly failures: SendFailure[] };

/** The test's side of the peer. */
export class Peer {
  readonly packets = new Inbox<ReceivedPacket>();
  readonly #process: ChildProcess;
  readonly #answers = new Inbox<Report>();

  constructor(process: ChildProcess) {
    this.#process = process;
    process.on('message', (report: Report) => {
      if (report.kind === 'packet') this.packets.put(report.packet);
      else this.#answers.put(report);
    });
    process.stderr?.pipe(globalThis.process.stderr, { end: false });
    endOf(process).catch((error: Error) => {
      this.packets.end(error);
      this.#answers.end(error);
    });
  }

  /** Starts a peer; it listens on both families when this resolves. */
  static async start(): Promise<Peer> {
    const [program = '', ...prefix] = inNetns('peer', process.execPath);
    const child = spawn(program, [...prefix, fileURLToPath(import.meta.url), 'peer'], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    const peer = new Peer(child);
    await peer.#answers.take('the peer to be ready');
    return peer;
  }

  /** Sends advertisements from 192.0.2.2 or fe80::2; resolves when the kernel has taken them. */
  async send(...batch: readonly OutgoingMessage[]): Promise<SendFailure[]> {
    return this.#ask({ kind: 'send', batch });
  }

  /** Puts whole frames on the cable. */
  async sendFrames(...frames: readonly Uint8Array[]): Promise<SendFailure[]> {
    return this.#ask({ kind: 'frames', frames });
  }

  async stop(): Promise<void> {
    const gone = eventOf(this.#process, 'exit');
    this.#process.disconnect();
    await gone;
  }

  async #ask(request: Request): Promise<SendFailure[]> {
    // One that has ended cannot be asked: its end says why.
    this.#process.send(request, () => undefined);
    const answer = await this.#answers.take('an answer of the peer');
    return answer.kind === 'sent' ? answer.failures : [];
  }
}

function runPeer(): void {
  const kernel = openKernel();
  // Whoever asked may be gone meanwhile.
  const report = (value: Report): void =>
    void process.send?.(value, undefined, undefined, () => undefined);
  const watch = kernel.openNetworkWatch(() => {});
  const link = [...watch.links.values()].find(({ name }) => name === 'lan');
  watch.close();
  if (link === undefined) throw new Error('an interface named lan expected in the namespace peer');

  const open = (family: 'ipv4' | 'ipv6') => {
    const socket = kernel.openAdvertisementSocket(family, link, () => {
      socket.receive((packet) => {
        report({ kind: 'packet', packet: { ...packet, message: packet.message.slice() } });
      }, 1000);
    });
    return socket;
  };
  const sockets = { ipv4: open('ipv4'), ipv6: open('ipv6') };
  const announcer = kernel.openAnnouncer();

  process.on('disconnect', () => process.exit());
  process.on('message', (request: Request) => {
    if (request.kind === 'frames') {
      const frames = request.frames.map((frame) => ({ linkIndex: link.index, frame }));
      report({ kind: 'sent', failures: announcer.send(frames) });
    } else {
      const family = request.batch[0]?.source.includes(':') === true ? 'ipv6' : 'ipv4';
      report({ kind: 'sent', failures: sockets[family].send(request.batch) });
    }
  });
  report({ kind: 'ready' });
}

if (process.argv[2] === 'peer') runPeer();
