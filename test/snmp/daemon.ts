// The other end of AgentX, for tests: an SNMP daemon that a test makes up. It speaks either byte order. No expectations.
import { createServer, type Server, type Socket } from 'node:net';
import type { Oid } from '../../src/snmp/agentx.js';
import { within } from '../support/limits.js';

/** What the subagent has sent. */
export interface Sent {
  readonly type: number;
  readonly session: number;
  readonly transaction: number;
  readonly packet: number;
  readonly body: Buffer;
}

const HEADER_BYTES = 20;
const BIG = 0x10;

const word = (value: number, big: boolean): Buffer => {
  const bytes = Buffer.alloc(4);
  if (big) bytes.writeUInt32BE(value);
  else bytes.writeUInt32LE(value);
  return bytes;
};

/** As the daemon writes one: without the short form of 1.3.6.1. */
export const oidOf = (oid: Oid, included = false, big = true): Buffer =>
  Buffer.concat([
    Buffer.from([oid.length, 0, included ? 1 : 0, 0]),
    ...oid.map((one) => word(one, big)),
  ]);

/** A packet of the daemon's. `flags`: beside the byte order. */
export function pdu(
  type: number,
  body: Buffer,
  { big = true, flags = 0, packet = 7 } = {},
): Buffer {
  const numbers = [3, 5, packet, body.length].map((one) => word(one, big));
  return Buffer.concat([Buffer.from([1, type, flags + (big ? BIG : 0), 0]), ...numbers, body]);
}

/** An answer to the subagent. `upTime`: hundredths of a second. */
export function answer(to: Sent, { error = 0, session = 3, upTime = 0 } = {}): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt32BE(upTime);
  body.writeUInt16BE(error, 4);
  const header = Buffer.alloc(HEADER_BYTES);
  header.set([1, 18, BIG, 0]);
  header.writeUInt32BE(session, 4);
  header.writeUInt32BE(to.transaction, 8);
  header.writeUInt32BE(to.packet, 12);
  header.writeUInt32BE(body.length, 16);
  return Buffer.concat([header, body]);
}

export class Daemon {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  readonly #sent: Sent[] = [];
  readonly #waiting: ((sent: Sent) => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(path: string): Promise<Daemon> {
    const server = createServer();
    const daemon = new Daemon(server);
    server.on('connection', (socket) => daemon.#attend(socket));
    await within(
      'the daemon to listen',
      new Promise<void>((resolve) => server.listen(path, resolve)),
    );
    return daemon;
  }

  #attend(socket: Socket): void {
    this.#sockets.push(socket);
    let rest: Buffer = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= HEADER_BYTES && rest.length >= HEADER_BYTES + rest.readUInt32BE(16)) {
        const length = HEADER_BYTES + rest.readUInt32BE(16);
        this.#hear({
          type: rest.readUInt8(1),
          session: rest.readUInt32BE(4),
          transaction: rest.readUInt32BE(8),
          packet: rest.readUInt32BE(12),
          body: Buffer.from(rest.subarray(HEADER_BYTES, length)),
        });
        rest = rest.subarray(length);
      }
    });
  }

  #hear(sent: Sent): void {
    const waits = this.#waiting.shift();
    if (waits === undefined) this.#sent.push(sent);
    else waits(sent);
  }

  /** The next packet of the subagent. */
  next(): Promise<Sent> {
    const sent = this.#sent.shift();
    if (sent !== undefined) return Promise.resolve(sent);
    return within(
      'a packet of the subagent',
      new Promise<Sent>((resolve) => this.#waiting.push(resolve)),
    );
  }

  write(bytes: Uint8Array): void {
    this.#sockets.at(-1)?.write(bytes);
  }

  /** Opens the session and takes the registration. */
  async open(upTime = 0): Promise<void> {
    this.write(answer(await this.next(), { upTime }));
    this.write(answer(await this.next()));
  }

  /** As a daemon that is restarted: nobody is told. */
  drop(): void {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
  }

  async close(): Promise<void> {
    this.drop();
    await within('its end', new Promise<void>((resolve) => this.#server.close(() => resolve())));
  }
}
