// A stand-in for Cockpit: serves its package of ours, and a bridge that hands requests to the control socket. No tests.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layOutPage } from '../../scripts/bundle/page.js';
import { ROOT } from '../../scripts/lab/program.js';
import { eventOf } from '../support/limits.js';

/** As much of cockpit.http as the page uses: an answer, or a refusal with its body as a second argument. */
const BRIDGE = `window.cockpit = { http: (socket, options) => ({ request: ({ method, path, headers, body }) => ({
  then: (done, refused) => fetch('/bridge' + path, { method, headers: { 'X-Socket': socket }, body: body || undefined })
    .then((answer) => answer.text().then((text) => answer.headers.get('x-status') === '200' ? done(text)
      : refused({ problem: answer.headers.get('x-status') === 'none' ? 'not-found' : null }, text))) }) }) };`;

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
  json: 'application/json',
};

/** The policy that Cockpit has for a package that names none. */
const POLICY = "default-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'self'";

export interface Cockpit {
  readonly url: string;
  close(): void;
}

/** `socketPath`: stands for the control socket that the page names. */
export async function startCockpit(socketPath: string): Promise<Cockpit> {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-cockpit-'));
  layOutPage(ROOT, folder);
  const server = createServer((asked, answer) => {
    const path = asked.url ?? '/';
    if (path.startsWith('/bridge/')) {
      const { method } = asked;
      const call = request({ socketPath, method, path: path.slice('/bridge'.length) }, (got) => {
        answer.writeHead(200, { 'X-Status': String(got.statusCode) });
        got.pipe(answer);
      });
      call.on('error', () => answer.writeHead(200, { 'X-Status': 'none' }).end());
      asked.pipe(call);
      return;
    }
    const name = path.replace(/^\/understudy\//, '');
    const body =
      path === '/base1/cockpit.js' ? BRIDGE : readFileSync(join(folder, 'cockpit', name));
    const type = TYPES[name.split('.').at(-1) ?? ''] ?? 'text/plain';
    answer.writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': POLICY }).end(body);
  });
  const listening = eventOf(server, 'listening');
  server.listen(0, '127.0.0.1');
  await listening;
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/understudy/index.html`,
    close: () => {
      server.close();
      server.closeAllConnections();
      rmSync(folder, { recursive: true });
    },
  };
}
