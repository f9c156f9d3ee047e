// The ends of TCP connections in one namespace of the lab, in a process of their own: servers that answer
// lines, and clients that send what they are told. Orders and what happens are lines of JSON. No expectations.
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
  | { readonly kind: 'failed'; readonly code: string }
  /** It is closed, as was asked. The last event. */
  | { readonly kind: 'closed' };

/** Opens the end with this number, has it say something, or closes it. */
export type TalkerOrder = { readonly id: number } & (
  { readonly plan: TalkerPlan } | { readonly say: string } | { readonly close: true }
);

/** What has happened to the end with this number. */
export interface TalkerReport {
  readonly id: number;
  readonly event: TalkerEvent;
}

type Tell = (event: TalkerEvent) => void;

interface End {
  say(text: string): void;
  close(): void;
}

const failure = (error: Error): TalkerEvent => ({
  kind: 'failed',
  code: 'code' in error ? String(error.code) : error.message,
});

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

/** Whatever it is told to say, it forgets its connections: what it says of that is a reset. */
function serve({ name, port, at }: TalkerPlan & { readonly kind: 'server' }, tell: Tell): End {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.once('error', (error) => tell(failure(error)));
    createInterface({ input: socket })
      .on('line', (text) => answer(socket, name, text))
      .on('error', () => {});
  });
  server.once('error', (error) => tell(failure(error)));
  server.listen({ port, host: at ?? '::' }, () => tell({ kind: 'listening' }));
  return {
    say: () => {
      for (const socket of sockets) {
        socket.once('close', () => tell({ kind: 'ended' }));
        socket.resetAndDestroy();
      }
    },
    close: () => {
      server.close(() => tell({ kind: 'closed' }));
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** What it is told to say is sent; `reset` resets the connection instead. */
function ask({ to, port, from }: TalkerPlan & { readonly kind: 'client' }, tell: Tell): End {
  const socket = connect({
    host: to,
    port,
    noDelay: true,
    ...(from === undefined ? {} : { localPort: from }),
  });
  socket.once('connect', () => tell({ kind: 'opened' }));
  socket.once('end', () => tell({ kind: 'ended' }));
  socket.once('error', (error) => tell(failure(error)));
  createInterface({ input: socket })
    .on('line', (text) => tell({ kind: 'line', text }))
    .on('error', () => {});
  return {
    say: (text) => void (text === 'reset' ? socket.resetAndDestroy() : socket.write(`${text}\n`)),
    close: () => {
      if (socket.closed) tell({ kind: 'closed' });
      else socket.once('close', () => tell({ kind: 'closed' })).destroy();
    },
  };
}

function open(plan: TalkerPlan, tell: Tell): End {
  return plan.kind === 'server' ? serve(plan, tell) : ask(plan, tell);
}

const ends = new Map<number, End>();

function obey(order: TalkerOrder): void {
  const { id } = order;
  const report = (event: TalkerEvent): void =>
    void process.stdout.write(`${JSON.stringify({ id, event } satisfies TalkerReport)}\n`);
  if ('plan' in order) ends.set(id, open(order.plan, report));
  else if ('say' in order) ends.get(id)?.say(order.say);
  else ends.get(id)?.close();
}

createInterface({ input: process.stdin })
  .on('line', (line) => obey(JSON.parse(line) as TalkerOrder))
  .once('close', () => process.exit());
