// A server that answers as etcd 3.4 does, as far as a witness asks, for tests: one key, one lease, and a say in what is
// wrong. Nobody's data; the real one is in test/net/witness.test.ts.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { eventOf } from '../support/limits.js';
import type { TestContext } from '../support/test.js';

type Body = Readonly<Record<string, unknown>>;
interface Answer {
  readonly status?: number;
  /** An object as JSON, a text as it is. */
  readonly body: object | string;
}

export class EtcdServer {
  /** Path and body of each question. */
  readonly asked: {
    readonly path: string;
    readonly body: Body;
    readonly user: string | undefined;
  }[] = [];
  /** Instead of the answer that is right; undefined: that. Null: none, ever. */
  answer: (path: string, body: Body) => Answer | null | undefined = () => undefined;
  term = 2;
  revision = 5;
  clusterId = '14841639068965178418';
  leader = '1';
  /** What the key holds; null: it is not there. */
  key: { value: string; lease: string } | null = null;
  connections = 0;
  readonly #server: Server;

  private constructor(tls?: { readonly key: string; readonly cert: string }) {
    const handle = (request: IncomingMessage, response: ServerResponse): void =>
      this.#handle(request, response);
    this.#server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
    this.#server.on('connection', () => (this.connections += 1));
  }

  static async start(
    t: TestContext,
    tls?: { readonly key: string; readonly cert: string },
  ): Promise<EtcdServer> {
    const one = new EtcdServer(tls);
    one.#server.listen(0, '127.0.0.1');
    await eventOf(one.#server, 'listening');
    t.after(() => {
      one.#server.closeAllConnections();
      one.#server.close();
    });
    return one;
  }

  get place(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next question is answered by a reset. */
  reset(): void {
    this.#server.once('request', ({ socket }: IncomingMessage) => socket.resetAndDestroy());
    this.answer = () => null;
  }

  paths(): string[] {
    return this.asked.map(({ path }) => path.replace('/v3/', ''));
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      const path = request.url ?? '';
      const body = JSON.parse(text) as Body;
      this.asked.push({ path, body, user: request.headers.authorization });
      const said = this.answer(path, body);
      if (said === null) return;
      const { status = 200, body: answer } = said ?? { body: this.#right(path, body) };
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    });
  }

  header(): object {
    const { clusterId: cluster_id, term, revision } = this;
    return {
      header: {
        cluster_id,
        member_id: '1',
        raft_term: String(term),
        revision: String(revision),
      },
    };
  }

  #range(): object {
    if (this.key === null) return {};
    const value = Buffer.from(this.key.value).toString('base64');
    return { kvs: [{ key: 'a2V5', value, lease: this.key.lease }], count: '1' };
  }

  #right(path: string, body: Body): object {
    const header = this.header();
    switch (path) {
      case '/v3/kv/range':
        return { ...header, ...this.#range() };
      case '/v3/kv/txn': {
        const [{ lease } = {}] = body['compare'] as readonly { readonly lease?: string }[];
        if ((this.key?.lease ?? undefined) !== lease) {
          return { ...header, responses: [{ response_range: this.#range() }] };
        }
        const { request_put: put } = (body['success'] as readonly Body[])[0] as {
          readonly request_put: { readonly value: string; readonly lease: string };
        };
        this.key = { value: Buffer.from(put.value, 'base64').toString(), lease: put.lease };
        this.revision += 1;
        return { ...this.header(), succeeded: true, responses: [{ response_put: {} }] };
      }
      case '/v3/lease/grant':
        return { ...header, ID: '171', TTL: body['TTL'] };
      case '/v3/lease/keepalive':
        return {
          result: { ...header, ID: body['ID'], ...(this.key === null ? {} : { TTL: '6' }) },
        };
      case '/v3/lease/timetolive':
        return { ...header, ID: body['ID'], TTL: '3', grantedTTL: '6' };
      case '/v3/lease/revoke':
        if (this.key?.lease === body['ID']) this.key = null;
        return header;
      case '/v3/auth/authenticate':
        return { ...header, token: 'token-1' };
      case '/v3/maintenance/status':
        return { ...header, version: '3.4.23', leader: this.leader };
      default:
        return { error: 'Not Found', message: 'Not Found', code: 5 };
    }
  }
}
