// TCP traffic, in a process of its own in a namespace of the lab: a server, or a client that sends what its
// parent orders. Everything is a request and its answer. What the counts mean is connections.ts.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import process from 'node:process';

/** Request and answer have 200 bytes, but `upload` asks with 4 MiB, and `download` is answered with as many. */
export type Traffic = 'upload' | 'download' | 'small';

/** Connections of that name that are kept: they stay where they began when the role moves. */
export interface OpenOrder {
  readonly order: 'open';
  readonly pool: string;
  readonly to: string;
  readonly connections: number;
}

/** One request after the other for so long, on each kept connection. */
export interface KeptOrder {
  readonly order: 'kept';
  readonly pool: string;
  readonly traffic: Traffic;
  readonly ms: number;
}

/** Likewise eight at a time, each request on a connection of its own, which the server ends. */
export interface OwnOrder {
  readonly order: 'own';
  readonly to: string;
  readonly ms: number;
}

export type Order = OpenOrder | KeptOrder | OwnOrder;

/** Requests that were answered, and how long it took until the last one was. */
export interface Carried {
  readonly units: number;
  readonly ms: number;
}

const PORT = 8080;
const SMALL = 200;
const MUCH = 4 * 2 ** 20;
const SIDE_BY_SIDE = 8;

/** The last letter says what the server does: answer; answer and end; answer with much. */
function requestOf(bytes: number, letter: 'a' | 'e' | 'm'): Buffer {
  const buffer = Buffer.alloc(bytes, '.');
  buffer.write(letter, bytes - 1);
  return buffer;
}

const REQUESTS: Readonly<Record<Traffic, { readonly request: Buffer; readonly answer: number }>> = {
  upload: { request: requestOf(MUCH, 'a'), answer: SMALL },
  download: { request: requestOf(SMALL, 'm'), answer: MUCH },
  small: { request: requestOf(SMALL, 'a'), answer: SMALL },
};
const LAST = { request: requestOf(SMALL, 'e'), answer: SMALL };

function serve(): void {
  const [answer, much] = [Buffer.alloc(SMALL, '.'), Buffer.alloc(MUCH, '.')];
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      const letter = String.fromCharCode(data.at(-1) ?? 0);
      if (letter === 'a') socket.write(answer);
      else if (letter === 'e') socket.end(answer);
      else if (letter === 'm') socket.write(much);
    });
  });
  server.listen({ port: PORT, host: '::' }, () => process.send?.({}));
}

const pools = new Map<string, readonly Socket[]>();

async function opened(to: string): Promise<Socket> {
  const socket = connect({ host: to, port: PORT, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

async function answered(socket: Socket, { request, answer } = LAST): Promise<void> {
  let missing = answer;
  const whole = new Promise<void>((resolve, reject) => {
    const look = (data: Buffer): void => {
      missing -= data.length;
      if (missing > 0) return;
      socket.off('data', look).off('error', reject);
      resolve();
    };
    socket.on('data', look).once('error', reject);
  });
  socket.write(request);
  await whole;
}

async function alone(to: string): Promise<void> {
  const socket = await opened(to);
  const end = once(socket, 'close');
  await answered(socket);
  await end;
}

/** Each of them again and again until the time is over. */
async function repeated(ms: number, each: readonly (() => Promise<void>)[]): Promise<Carried> {
  const from = performance.now();
  let units = 0;
  const loop = async (one: () => Promise<void>): Promise<void> => {
    for (; performance.now() - from < ms; units += 1) await one();
  };
  await Promise.all(each.map(loop));
  return { units, ms: performance.now() - from };
}

async function obeyed(order: Order): Promise<Carried | object> {
  if (order.order === 'own') {
    const one = (): Promise<void> => alone(order.to);
    return repeated(order.ms, Array<typeof one>(SIDE_BY_SIDE).fill(one));
  }
  if (order.order === 'kept') {
    const sockets = pools.get(order.pool) ?? [];
    const each = sockets.map((socket) => () => answered(socket, REQUESTS[order.traffic]));
    return repeated(order.ms, each);
  }
  const opening = Array.from({ length: order.connections }, () => opened(order.to));
  pools.set(order.pool, await Promise.all(opening));
  return {};
}

function obey(): void {
  process.on('message', (order: Order) => {
    obeyed(order).then(
      (answer) => process.send?.(answer),
      (error: Error) => process.send?.({ failed: error.message }),
    );
  });
  process.send?.({});
}

process.once('disconnect', () => process.exit());
if (process.argv[2] === 'server') serve();
else obey();
