// One HTTP request of a client, in a process of its own: tells when it is under way, then what came back.
// Its plan comes as an argument. No schedule and no statistics: those are prober-process.ts.
import http from 'node:http';
import process from 'node:process';

export interface RequestPlan {
  readonly url: string;
  /** GET unless given. */
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** A body of zeros, sent in equal pieces over this time. */
  readonly upload?: { readonly bytes: number; readonly overMs: number };
}

export interface RequestAnswer {
  readonly status: number;
  readonly body: string;
}

export type RequestMessage =
  /** The first piece of an upload has left. */
  | { readonly kind: 'under-way' }
  | { readonly kind: 'answer'; readonly answer: RequestAnswer }
  | { readonly kind: 'failed'; readonly reason: string };

const PIECES = 50;

const tell = (message: RequestMessage): void => void process.send?.(message);

function send(request: http.ClientRequest, upload: RequestPlan['upload']): void {
  if (upload === undefined) {
    request.end();
    return;
  }
  const piece = Buffer.alloc(upload.bytes / PIECES);
  let sent = 0;
  const next = (): void => {
    sent += 1;
    request.write(piece, () => {
      if (sent === 1) tell({ kind: 'under-way' });
      if (sent === PIECES) request.end();
      else setTimeout(next, upload.overMs / PIECES);
    });
  };
  next();
}

const {
  url,
  method = 'GET',
  headers = {},
  upload,
} = JSON.parse(process.argv[2] ?? '') as RequestPlan;
const length = upload === undefined ? {} : { 'content-length': upload.bytes };
const request = http.request(url, { method, agent: false, headers: { ...headers, ...length } });
request.once('error', (error: NodeJS.ErrnoException) => {
  tell({ kind: 'failed', reason: error.code ?? error.message });
});
request.once('response', (response) => {
  let body = '';
  response.setEncoding('utf8').on('data', (text: string) => (body += text));
  response.once('error', (error) => tell({ kind: 'failed', reason: error.message }));
  response.once('end', () =>
    tell({ kind: 'answer', answer: { status: response.statusCode ?? 0, body } }),
  );
});
process.once('disconnect', () => process.exit(0));
send(request, upload);
