// The command line's end of the control socket: one call, one connection, one deadline. Loads
// nothing slow: `status` must come up at once.
import type { Status } from '../model/status.js';
import { ControlRefusal, UnexpectedAnswer } from './client-errors.js';
import { call, callForText, type RawAnswer } from './http-call.js';
import type { EventRequest } from './event-call.js';
import {
  ENDPOINTS,
  type CommandName,
  type CommandOutcome,
  type ReloadOutcome,
  type ChangeOutcome,
  type ChangeRequest,
  type SetOutcome,
  type SettingsView,
  type SyncOutcome,
  type SyncView,
} from './protocol.js';

export { AgentNotReachable, ControlRefusal, UnexpectedAnswer } from './client-errors.js';

export interface ControlClient {
  status(): Promise<Status>;
  settings(): Promise<SettingsView>;
  /** The exposition text. */
  metrics(): Promise<string>;
  set(setting: string, value: string): Promise<SetOutcome>;
  change(request: ChangeRequest): Promise<ChangeOutcome>;
  reload(): Promise<ReloadOutcome>;
  /** `force`: although no successor is fit and sound. */
  command(name: CommandName, argument?: string, force?: boolean): Promise<CommandOutcome>;
  /** The settings that the group shares, and all that differs. */
  sync(): Promise<SyncView>;
  pull(peer: string): Promise<SyncOutcome>;
  /** To all peers when none is named. */
  push(peer?: string): Promise<SyncOutcome>;
  /** Hands on the last events and, with `follow`, every one until the agent closes. */
  events(request: EventRequest): Promise<void>;
}

/**
 * Calls to the agent that listens at `socketPath`. Each rejects with AgentNotReachable when there is
 * none or it does not answer within `deadlineMs` (default 2000; what changes something: 10000),
 * ControlRefusal when it refuses, UnexpectedAnswer when what it says cannot be understood.
 */
export function createControlClient(
  socketPath: string,
  { deadlineMs }: { readonly deadlineMs?: number } = {},
): ControlClient {
  const asking = deadlineMs ?? 2_000;
  const changing = deadlineMs ?? 10_000;
  const ask = (name: 'status' | 'settings'): Promise<RawAnswer> =>
    call({ socketPath, ...ENDPOINTS[name], deadlineMs: asking });
  const orderSync = async (name: 'pull' | 'push', body: object): Promise<SyncOutcome> => {
    const answer = await call({ socketPath, ...ENDPOINTS[name], body, deadlineMs: changing });
    const { isCommandDone, isErrorAnswer } = await import('./schemas.js');
    if (answer.status === 200 && isCommandDone(answer.body)) return answer.body;
    if (answer.status === 409 && isErrorAnswer(answer.body)) {
      const { error, errors } = answer.body;
      return { ok: false, ...error, ...(errors === undefined ? {} : { errors }) };
    }
    throw await refusalOf(answer);
  };
  return {
    async status() {
      const answer = await ask('status');
      if (answer.status === 200 && looksLikeStatus(answer.body)) return answer.body;
      throw await refusalOf(answer);
    },
    async settings() {
      const answer = await ask('settings');
      const { isSettingsView } = await import('./schemas.js');
      if (answer.status === 200 && isSettingsView(answer.body)) return answer.body;
      throw await refusalOf(answer);
    },
    async metrics() {
      const request = { socketPath, ...ENDPOINTS.metrics, deadlineMs: asking };
      const { status, text } = await callForText(request);
      if (status === 200 && text.startsWith('# HELP ')) return text;
      throw await refusalOf({ status, body: jsonOf(text) });
    },
    async set(setting, value) {
      const answer = await call({
        socketPath,
        ...ENDPOINTS.set,
        body: { setting, value },
        deadlineMs: changing,
      });
      const { isSetDone } = await import('./schemas.js');
      if (answer.status === 200 && isSetDone(answer.body)) return answer.body;
      return settingsRefusal(answer);
    },
    async change(body) {
      const answer = await call({ socketPath, ...ENDPOINTS.change, body, deadlineMs: changing });
      const { isChangeDone } = await import('./schemas.js');
      if (answer.status === 200 && isChangeDone(answer.body)) return answer.body;
      return settingsRefusal(answer);
    },
    async reload() {
      const answer = await call({ socketPath, ...ENDPOINTS.reload, deadlineMs: changing });
      const { isReloadDone } = await import('./schemas.js');
      if (answer.status === 200 && isReloadDone(answer.body)) return answer.body;
      return settingsRefusal(answer);
    },
    async command(command, argument, force = false) {
      const answer = await call({
        socketPath,
        ...ENDPOINTS.command,
        // An agent of an earlier release does not know the word.
        body: { command, argument, ...(force ? { force } : {}) },
        deadlineMs: changing,
      });
      const { isCommandDone, isErrorAnswer } = await import('./schemas.js');
      const { status, body } = answer;
      if (status === 200 && isCommandDone(body)) return body;
      if (status === 409 && isErrorAnswer(body)) return { ok: false, ...body.error };
      throw await refusalOf(answer);
    },
    async sync() {
      const answer = await call({ socketPath, ...ENDPOINTS.sync, deadlineMs: changing });
      const { isSyncView } = await import('./schemas.js');
      if (answer.status === 200 && isSyncView(answer.body)) return answer.body;
      throw await refusalOf(answer);
    },
    pull: (peer) => orderSync('pull', { peer }),
    push: (peer) => orderSync('push', peer === undefined ? {} : { peer }),
    async events(request) {
      const { callEvents } = await import('./event-call.js');
      const refusal = await callEvents({ ...request, socketPath, deadlineMs: asking });
      if (refusal !== null) throw await refusalOf(refusal);
    },
  };
}

/** The errors of refused settings as an outcome; anything else is thrown. */
async function settingsRefusal(answer: RawAnswer): Promise<Extract<ChangeOutcome, { ok: false }>> {
  const { isErrorAnswer } = await import('./schemas.js');
  const { body } = answer;
  if (answer.status === 422 && isErrorAnswer(body) && body.errors !== undefined) {
    const now = body.now === undefined ? {} : { now: body.now };
    return { ok: false, file: body.file ?? '', errors: body.errors, ...now };
  }
  throw await refusalOf(answer);
}

async function refusalOf({ status, body }: RawAnswer): Promise<Error> {
  const { isErrorAnswer } = await import('./schemas.js');
  if (status !== 200 && isErrorAnswer(body)) return new ControlRefusal(status, body.error);
  return new UnexpectedAnswer(`HTTP status ${status}, and a body of another form than expected`);
}

/** As much as the rendering relies on. Without ajv, which takes longer to load than the answer. */
/** Null for what is no JSON: no refusal looks like it. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

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
