// A back end that stands in for the real one: speaks HTTP, or greets on TCP as a database does. One
// process a host; its plan comes as an argument, orders come over the IPC channel. Nothing is measured.
import http from 'node:http';
import net from 'node:net';
import process from 'node:process';

export interface HttpService {
  readonly kind: 'http';
  /** The host's address to listen on; all unless given. */
  readonly address?: string;
  readonly port: number;
  /** Answers requests for these paths with 200 and this text. Any other path gets JSON that says who asked. */
  readonly paths?: Readonly<Record<string, string>>;
  /** How long a request is worked on. */
  readonly workMs?: number;
  /** The port of another service, without which every request is answered with status 500. */
  readonly needs?: number;
}

/** Greets whoever connects, and waits. */
export interface TcpService {
  readonly kind: 'tcp';
  readonly port: number;
  readonly greeting: string;
}

export type Service = HttpService | TcpService;

export interface StandInPlan {
  /** Who it is: the header `x-served-by` of its answers. */
  readonly name: string;
  readonly services: readonly Service[];
}

export type StandInOrder =
  /** Ends a service, its connections too; or opens it again. */
  | { readonly kind: 'close' | 'open'; readonly port: number }
  /** What a path answers from now on. */
  | { readonly kind: 'answer'; readonly path: string; readonly status: number };

/** What the JSON of an answer says. */
export interface Asked {
  readonly instance: string;
  /** The other end of the connection. */
  readonly from: string;
  readonly forwardedFor: string | null;
  /** How long the body of the request was. */
  readonly receivedBytes: number;
}

type Server = http.Server | net.Server;

const plan = JSON.parse(process.argv[2] ?? '') as StandInPlan;
const servers = new Map<number, Server>();
const sockets = new Map<number, Set<net.Socket>>();
const statuses = new Map<string, number>();

function answer(
  service: HttpService,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): void {
  const path = new URL(request.url ?? '/', 'http://stand-in').pathname;
  const forwarded = request.headers['x-forwarded-for'];
  let receivedBytes = 0;
  request.on('data', (piece: Buffer) => (receivedBytes += piece.length));
  const respond = (): void => {
    const asked: Asked = {
      instance: plan.name,
      from: request.socket.remoteAddress ?? '',
      forwardedFor: typeof forwarded === 'string' ? forwarded : null,
      receivedBytes,
    };
    const lacking = service.needs !== undefined && servers.get(service.needs)?.listening !== true;
    const body = service.paths?.[path] ?? `${JSON.stringify(asked)}\n`;
    response.writeHead(lacking ? 500 : (statuses.get(path) ?? 200), {
      'x-served-by': plan.name,
      // nginx asks by HTTP/1.0: without a length an answer would last until the end of its connection, and a host
      // that dies between the two would cost a request that is answered.
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  };
  request.once('end', () => setTimeout(respond, service.workMs ?? 0));
}

function serverFor(service: Service): Server {
  if (service.kind === 'tcp') {
    return net.createServer((socket) => {
      socket.on('error', () => {});
      socket.write(service.greeting);
    });
  }
  return http.createServer((request, response) => answer(service, request, response));
}

async function open(service: Service): Promise<void> {
  const server = serverFor(service);
  const held = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    held.add(socket);
    socket.once('close', () => held.delete(socket));
  });
  servers.set(service.port, server);
  sockets.set(service.port, held);
  const address = service.kind === 'http' ? (service.address ?? '0.0.0.0') : '0.0.0.0';
  await new Promise<void>((resolve) => server.listen(service.port, address, resolve));
}

function close(port: number): void {
  servers.get(port)?.close();
  for (const socket of sockets.get(port) ?? []) socket.destroy();
}

async function obey(order: StandInOrder): Promise<void> {
  if (order.kind === 'answer') statuses.set(order.path, order.status);
  else if (order.kind === 'close') close(order.port);
  else {
    const service = plan.services.find(({ port }) => port === order.port);
    if (service !== undefined) await open(service);
  }
}

/** Says that everything listens, or that an order is done. */
const done = (): void => void process.send?.({ done: true });

process.on('message', (order: StandInOrder) => void obey(order).then(done));
process.once('disconnect', () => process.exit(0));
// In good order: requests under way are finished.
process.once('SIGTERM', () => {
  const closed = [...servers.values()].map(
    (server) => new Promise<void>((resolve) => server.close(() => resolve())),
  );
  void Promise.all(closed).then(() => process.exit(0));
});
await Promise.all(plan.services.map(open));
done();
