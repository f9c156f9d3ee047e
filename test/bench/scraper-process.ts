// Scrapes an agent from a process of its own: so many times a second over new connections, beside such that ask and
// never read. Says how many were answered whole. argv: the socket, seconds, a plan. No expectations.
import { connect, type Socket } from 'node:net';
import process from 'node:process';

export interface ScraperPlan {
  readonly perSecond: number;
  /** Connections that ask and do not read the answer. */
  readonly deaf: number;
  readonly path: string;
}

export interface ScraperResult {
  readonly asked: number;
  /** With status 200, to the last byte. */
  readonly answered: number;
}

const [socketPath = '', seconds = '1', text = '{}'] = process.argv.slice(2);
const { perSecond, deaf, path } = JSON.parse(text) as ScraperPlan;
const REQUEST = `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
/** Under way at a time: the agent serves 32 connections. */
const MOST = 16;

let asked = 0;
let answered = 0;
let open = 0;

function ask(): void {
  asked += 1;
  open += 1;
  let said = '';
  connect(socketPath)
    .setEncoding('latin1')
    .on('data', (part: string) => (said += part))
    .on('error', () => undefined)
    .on('close', () => {
      open -= 1;
      const length = Number(/^Content-Length: (\d+)$/im.exec(said)?.[1] ?? -1);
      const body = said.length - said.indexOf('\r\n\r\n') - 4;
      if (said.startsWith('HTTP/1.1 200 ') && body === length) answered += 1;
    })
    .write(REQUEST);
}

/** One that is closed by the agent is followed by the next. */
function listenNot(): Socket {
  const socket = connect(socketPath);
  socket.on('error', () => undefined).on('close', () => setTimeout(replace, 100, socket));
  socket.pause();
  socket.write(REQUEST);
  return socket;
}

const deafOnes = new Set<Socket>();
function replace(socket: Socket): void {
  if (deafOnes.delete(socket)) deafOnes.add(listenNot());
}
for (let count = 0; count < deaf; count += 1) deafOnes.add(listenNot());

const began = performance.now();
const pace = setInterval(() => {
  const elapsed = performance.now() - began;
  const isOver = elapsed >= Number(seconds) * 1_000;
  const due = (elapsed * perSecond) / 1_000;
  // At its end whoever could not keep up is not asked for the rest.
  if (!isOver) while (asked < due && open < MOST) ask();
  if (!isOver || open > 0) return;
  clearInterval(pace);
  for (const socket of deafOnes) socket.destroy();
  deafOnes.clear();
  process.send?.({ asked, answered } satisfies ScraperResult);
}, 1);
