// The command line's end of the control socket: one call, one connection, one deadline. Loads
// nothing slow: `status` must come up at once.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Status } from '../model/status.js';
import { AgentNotReachable, ControlRefusal, UnexpectedAnswer } from './client-errors.js';
import {
  ENDPOINTS,
  type EndpointName,
  type ReloadOutcome,
  type SetOutcome,
  type SetRequest,
  type SettingsView,
} from './protocol.js';

export { AgentNotReachable, ControlRefusal, UnexpectedAnswer } from './client-errors.js';

/** 1024 virtual routers of 255 addresses, with room to spare. */
const LARGEST_ANSWER_BYTES = 32 * 1024 * 1024;

export interface ControlClient {
  status(): Promise<Status>;
  settings(): Promise<SettingsView>;
  set(setting: string, value: string): Promise<SetOutcome>;
  reload(): Promise<ReloadOutcome>;
}

/**
 * Calls to the agent that listens at `socketPath`. Each rejects with AgentNotReachable when there is
 * none or it does not answer within `deadlineMs` (default 2000; `set` and `reload`: 10000),
 * ControlRefusal when it refuses, UnexpectedAnswer when what it says cannot be understood.
 */
export function createControlClient(
  socketPath: string,
  { deadlineMs }: { readonly deadlineMs?: number } = {},
): ControlClient {
  const asking = deadlineMs ?? 2_000;
  const changing = deadlineMs ?? 10_000;
  return {
    async status() {
      const answer = await call(socketPath, 'status', asking);
      if (answer.status === 200 && looksLikeStatus(answer.body)) return answer.body;
      throw await refusalOf(answer);
    },
    async settings() {
      const answer = await call(socketPath, 'settings', asking);
      const { isSettingsView } = await import('./schemas.js');
      if (answer.status === 200 && isSettingsView(answer.body)) return answer.body;
      throw await refusalOf(answer);
    },
    async set(setting, value) {
      const answer = await call(socketPath, 'set', changing, { setting, value });
      const { isSetDone } = await import('./schemas.js');
      if (answer.status === 200 && isSetDone(answer.body)) return answer.body;
      return settingsRefusal(answer);
    },
    async reload() {
      const answer = await call(socketPath, 'reload', changing);
      const { isReloadDone } = await import('./schemas.js');
      if (answer.status === 200 && isReloadDone(answer.body)) return answer.body;
      return settingsRefusal(answer);
    },
  };
}

interface RawAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The errors of refused settings as an outcome; anything else is thrown. */
async function settingsRefusal(
  answer: RawAnswer,
): Promise<Extract<SetOutcome & ReloadOutcome, { ok: false }>> {
  const { isErrorAnswer } = await import('./schemas.js');
  const { body } = answer;
  if (answer.status === 422 && isErrorAnswer(body) && body.errors !== undefined) {
    return { ok: false, file: body.file ?? '', errors: body.errors };
  }
  throw await refusalOf(answer);
}

async function refusalOf({ status, body }: RawAnswer): Promise<Error> {
  const { isErrorAnswer } = await import('./schemas.js');
  if (status !== 200 && isErrorAnswer(body)) return new ControlRefusal(status, body.error);
  return new UnexpectedAnswer(`HTTP status ${status}, and a body of another form than expected`);
}

/** As much as the rendering relies on. Without ajv, which takes longer to load than the answer. */
function looksLikeStatus(body: unknown): body is Status {
  if (!isRecord(body) || typeof body['name'] !== 'string') return false;
  const { health, virtualRouters } = body;
  if (!isRecord(health) || typeof health['state'] !== 'string') return false;
  if (!Array.isArray(health['reasons']) || !Array.isArray(virtualRouters)) return false;
  return virtualRouters.every(
    (router: unknown) =>
      isRecord(router) &&
      typeof router['name'] === 'string' &&
      typeof router['state'] === 'string' &&
      Array.isArray(router['addresses']),
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function call(
  socketPath: string,
  name: EndpointName,
  deadlineMs: number,
  body?: SetRequest,
): Promise<RawAnswer> {
  const { method, path } = ENDPOINTS[name];
  return new Promise((resolve, reject) => {
    const sent = httpRequest({
      socketPath,
      method,
      path,
      agent: false,
      headers: { Host: 'understudy', 'Content-Type': 'application/json' },
    });
    const timer = setTimeout(() => {
      reject(new AgentNotReachable('ETIMEDOUT', socketPath, deadlineMs));
      sent.destroy();
    }, deadlineMs);
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      finish();
    };
    const fail = (error: Error): void => settle(() => reject(connectionError(error, socketPath)));
    sent.once('error', fail);
    sent.once('response', (response) => {
      readAnswer(response).then((answer) => settle(() => resolve(answer)), fail);
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function connectionError(error: Error, socketPath: string): Error {
  if (error instanceof UnexpectedAnswer) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (code.startsWith('HPE_')) return new UnexpectedAnswer('no HTTP');
  return new AgentNotReachable(code === '' ? error.message : code, socketPath);
}

async function readAnswer(response: IncomingMessage): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes: unknown = chunk;
    if (!Buffer.isBuffer(bytes)) continue;
    size += bytes.length;
    if (size > LARGEST_ANSWER_BYTES) throw new UnexpectedAnswer('more than 32 MiB');
    chunks.push(bytes);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return { status: response.statusCode ?? 0, body };
  } catch {
    throw new UnexpectedAnswer(`HTTP status ${response.statusCode}, and a body that is no JSON`);
  }
}
