// The subagent: a session with the SNMP daemon (AgentX, RFC 2741) for as long as there is one to be had. What the objects
// are is given; it changes nothing and trusts nothing.
import { createConnection, type Socket } from 'node:net';
import type { ListenAddress } from '../model/listen.js';
import { later, type Later } from '../timers/later.js';
import {
  encodeClose,
  encodeNotify,
  encodeOpen,
  encodeRegister,
  encodeResponse,
  ERROR,
  PduReader,
  type Oid,
  type Received,
  type VarBind,
} from './agentx.js';
import type { Objects } from './objects.js';

/** After so long another connection is tried, ms. */
const RETRY_MS = 5_000;
/** The daemon answers the opening of a session within so long, or is taken for gone, ms. */
const OPENING_MS = 3_000;
/** The daemon waits so long for us, s. */
const PATIENCE_SECONDS = 5;

export interface SubagentOptions {
  /** Where the daemon listens for subagents. */
  readonly daemon: ListenAddress;
  readonly description: string;
  /** Everything below it is ours. */
  readonly subtree: Oid;
  /** Everything that there may be an instance of. */
  readonly columns: readonly Oid[];
  /** As they are now; asked for each request. `daemonSince`: when its sysUpTime was 0, wall time in ms. */
  readonly objects: (daemonSince: number) => Objects;
  /** A line for whoever started it, when a session begins or ends. */
  readonly say: (text: string) => void;
  readonly now?: () => number;
  readonly later?: Later;
}

export interface Subagent {
  /** Tells the daemon; lost without a session. */
  notify(varBinds: readonly VarBind[]): void;
  end(): void;
}

export const startSubagent = (options: SubagentOptions): Subagent => new Session(options);

type State = 'opening' | 'registering' | 'open' | 'closed';

class Session implements Subagent {
  readonly #options: SubagentOptions;
  readonly #later: Later;
  readonly #now: () => number;
  #socket: Socket | null = null;
  #state: State = 'closed';
  #reader = new PduReader();
  #session = 0;
  #packet = 0;
  #daemonSince = 0;
  #cancel: () => void = () => undefined;
  /** What was said last: the same reason is said once. */
  #said = '';
  #ended = false;

  constructor(options: SubagentOptions) {
    this.#options = options;
    this.#later = options.later ?? later;
    this.#now = options.now ?? Date.now;
    this.#connect();
  }

  notify(varBinds: readonly VarBind[]): void {
    if (this.#state === 'open') this.#send(encodeNotify(this.#session, this.#next(), varBinds));
  }

  end(): void {
    this.#ended = true;
    this.#cancel();
    const socket = this.#socket;
    if (socket === null) return;
    if (this.#state !== 'closed') socket.write(encodeClose(this.#session, this.#next()));
    // What is still in the pipe goes out; nobody waits for the daemon.
    socket.end(() => socket.destroy());
    socket.unref();
  }

  #next(): number {
    this.#packet = (this.#packet + 1) % 2 ** 32;
    return this.#packet;
  }

  #connect(): void {
    const { daemon, description } = this.#options;
    const socket = createConnection(
      daemon.kind === 'unix' ? { path: daemon.path } : { host: daemon.host, port: daemon.port },
    );
    this.#socket = socket;
    this.#reader = new PduReader();
    this.#state = 'opening';
    this.#cancel = this.#later(OPENING_MS, () => this.#leave('it does not answer'));
    socket.once('connect', () =>
      socket.write(encodeOpen(this.#next(), description, PATIENCE_SECONDS)),
    );
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      this.#leave(error.code ?? error.message),
    );
    socket.once('close', () => this.#leave('it has closed the session'));
  }

  /** The session is over, for this reason; another one is tried. */
  #leave(reason: string): void {
    const socket = this.#socket;
    if (socket === null || this.#ended) return;
    this.#socket = null;
    this.#state = 'closed';
    socket.removeAllListeners();
    socket.on('error', () => undefined).destroy();
    this.#cancel();
    this.#say(`no session with the SNMP daemon at ${placeOf(this.#options.daemon)}: ${reason}`);
    this.#cancel = this.#later(RETRY_MS, () => this.#connect());
  }

  #say(text: string): void {
    if (text !== this.#said) this.#options.say(text);
    this.#said = text;
  }

  #send(bytes: Buffer): void {
    this.#socket?.write(bytes);
  }

  #take(bytes: Buffer): void {
    try {
      for (const received of this.#reader.take(bytes)) this.#answer(received);
    } catch (error) {
      this.#leave(error instanceof Error ? error.message : String(error));
    }
  }

  #answer(received: Received): void {
    const objects = (): Objects => this.#options.objects(this.#daemonSince);
    switch (received.kind) {
      case 'response':
        return this.#answered(received);
      case 'get': {
        const all = objects();
        const { columns } = this.#options;
        return this.#respond(
          received,
          received.ranges.map((range) => all.get(range, columns)),
        );
      }
      case 'getNext': {
        const all = objects();
        return this.#respond(
          received,
          received.ranges.map((range) => all.next(range)),
        );
      }
      case 'getBulk': {
        const { ranges, nonRepeaters, maxRepetitions } = received;
        return this.#respond(received, objects().bulk(ranges, nonRepeaters, maxRepetitions));
      }
      case 'testSet':
        return this.#send(encodeResponse(received, { error: ERROR.notWritable, index: 1 }));
      case 'commitSet':
        return this.#send(encodeResponse(received, { error: ERROR.commitFailed, index: 1 }));
      case 'undoSet':
        return this.#send(encodeResponse(received, { error: ERROR.undoFailed, index: 1 }));
      case 'cleanupSet':
        return;
      case 'close':
        return this.#leave('it has closed the session');
      case 'unknown':
        return this.#send(encodeResponse(received, { error: ERROR.parse }));
    }
  }

  #respond(request: Received, varBinds: readonly VarBind[]): void {
    this.#send(encodeResponse(request, { varBinds }));
  }

  #answered({ session, upTime, error }: Extract<Received, { kind: 'response' }>): void {
    const { subtree, daemon } = this.#options;
    if (this.#state === 'open') {
      if (error === ERROR.notOpen) this.#leave('it does not know the session');
      return;
    }
    if (error !== ERROR.none) return this.#leave(`it refuses (AgentX error ${error})`);
    if (this.#state === 'opening') {
      this.#session = session;
      this.#daemonSince = this.#now() - upTime * 10;
      this.#state = 'registering';
      this.#send(encodeRegister(session, this.#next(), subtree));
      return;
    }
    this.#cancel();
    this.#state = 'open';
    this.#say(`answers for VRRPV3-MIB through the SNMP daemon at ${placeOf(daemon)}`);
  }
}

const placeOf = (where: ListenAddress): string =>
  where.kind === 'unix' ? where.path : `${where.host}:${where.port}`;
