// One end of TCP connections, a process of its own in a namespace of the lab: a server that answers lines,
// or a client that sends what it is told. Tells what happens as lines of JSON. No expectations.
import { createServer, connect, type Socket } from 'node:net';
import process from 'node:process';
import { createInterface } from 'node:readline';

/** A server, which begins every answer with its name, or a client of one connection. */
export type TalkerPlan =
  | { readonly kind: 'server'; readonly name: string; readonly port: number; readonly at?: string }
  | {
      readonly kind: 'client';
      readonly to: string;
      readonly port: number;
      /** Its own port; any unless given. */
      readonly from?: number;
    };

export type TalkerEvent =
  | { readonly kind: 'listening' }
  | { readonly kind: 'opened' }
  | { readonly kind: 'line'; readonly text: string }
  /** The other side has said that nothing more comes. */
  | { readonly kind: 'ended' }
  /** The connection broke, or never came. */
  | { readonly kind: 'failed'; readonly code: string };

const tell = (event: TalkerEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
const failed = (error: Error): void =>
  tell({ kind: 'failed', code: 'code' in error ? String(error.code) : error.message });

/** `trickle COUNT PERIOD`: so many lines, one each PERIOD ms, then the end. Else the text comes back. */
function answer(socket: Socket, name: string, text: string): void {
  const [word, count = '', periodMs = ''] = text.split(' ');
  if (word !== 'trickle') {
    socket.write(`${name} ${text}\n`);
    return;
  }
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    socket.write(`${name} ${sent}\n`);
    if (sent < Number(count)) return;
    clearInterval(timer);
    socket.end();
  }, Number(periodMs));
  socket.once('close', () => clearInterval(timer));
}

/** A line on stdin, `vanish`, makes the server forget its connections: what it says of that is a reset. */
function serve({ name, port, at }: TalkerPlan & { readonly kind: 'server' }): void {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.once('error', failed);
    createInterface({ input: socket })
      .on('line', (text) => answer(socket, name, text))
      .on('error', () => {});
  });
  server.once('error', failed);
  server.listen({ port, host: at ?? '::' }, () => tell({ kind: 'listening' }));
  createInterface({ input: process.stdin })
    .on('line', () => {
      for (const socket of sockets) {
        socket.once('close', () => tell({ kind: 'ended' }));
        socket.resetAndDestroy();
      }
    })
    .once('close', () => process.exit());
}

/** A line on stdin is sent; `reset` resets the connection instead. */
function ask({ to, port, from }: TalkerPlan & { readonly kind: 'client' }): void {
  const socket = connect({
    host: to,
    port,
    noDelay: true,
    ...(from === undefined ? {} : { localPort: from }),
  });
  socket.once('connect', () => tell({ kind: 'opened' }));
  socket.once('end', () => tell({ kind: 'ended' }));
  socket.once('error', failed);
  createInterface({ input: socket })
    .on('line', (text) => tell({ kind: 'line', text }))
    .on('error', () => {});
  createInterface({ input: process.stdin })
    .on('line', (text) => {
      if (text === 'reset') socket.resetAndDestroy();
      else socket.write(`${text}\n`);
    })
    .once('close', () => process.exit());
}

const plan = JSON.parse(process.argv[2] ?? '') as TalkerPlan;
if (plan.kind === 'server') serve(plan);
else ask(plan);
