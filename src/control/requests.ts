// One request and its answer: what is asked for is checked, then the agent's handlers do it. No
// sockets; the event stream is event-feed.ts.
import { failure, type Answer } from './answers.js';
import type { Form } from '../json/form.js';
import { nameOf } from './caller.js';
import {
  COMMANDS,
  type ControlHandlers,
  type EndpointName,
  type ErrorAnswer,
  type SyncOrder,
  type SyncOutcome,
  type SyncView,
} from './protocol.js';
import { isChangeRequest, isCommandRequest, isSetRequest, isSyncRequest } from './schemas.js';

export interface Request {
  readonly body: string;
  /** Who sends it, by the kernel's word; null when it cannot be told. */
  readonly uid: number | null;
}

export async function handle(
  name: Exclude<EndpointName, 'events'>,
  { body, uid }: Request,
  handlers: ControlHandlers,
): Promise<Answer> {
  switch (name) {
    case 'status':
      return { status: 200, body: handlers.status() };
    case 'settings':
      return { status: 200, body: handlers.settings() };
    case 'metrics': {
      const { type, bytes } = await handlers.metrics();
      return { status: 200, type, body: bytes };
    }
    case 'reload':
      return outcomeAnswer(await handlers.reload(await nameOf(uid)));
    case 'set':
      return handleSet(body, uid, handlers);
    case 'change':
      return handleChange(body, uid, handlers);
    case 'command':
      return handleCommand(body, uid, handlers);
    case 'sync':
      return syncAnswer(await ordered(handlers, { kind: 'view' }));
    case 'pull':
    case 'push':
      return handleSync(name, body, handlers);
  }
}

async function handleSet(
  body: string,
  uid: number | null,
  handlers: ControlHandlers,
): Promise<Answer> {
  const request = understood(
    body,
    isSetRequest,
    '{ "setting": text, "value": text }',
    'send setting and value as texts, as typed at the command line',
  );
  if (!request.ok) return request.refusal;
  const { setting, value } = request.value;
  return outcomeAnswer(await handlers.set(setting, value, await nameOf(uid)));
}

async function handleChange(
  body: string,
  uid: number | null,
  handlers: ControlHandlers,
): Promise<Answer> {
  const request = understood(
    body,
    isChangeRequest,
    '{ "base": digest, "changes": [{ "path", "value" }], "apply": true or false }',
    'send the digest of GET /v1/settings, and paths as it lists them',
  );
  if (!request.ok) return request.refusal;
  return outcomeAnswer(await handlers.change(request.value, await nameOf(uid)));
}

async function handleSync(
  kind: 'pull' | 'push',
  body: string,
  handlers: ControlHandlers,
): Promise<Answer> {
  const request = parseJson(body === '' ? '{}' : body);
  if (!request.ok) return request.refusal;
  const { value } = request;
  if (!isSyncRequest(value) || (kind === 'pull' && value.peer === undefined)) {
    const expected = kind === 'pull' ? '{ "peer": text }' : '{ "peer": text }, or {} for all peers';
    return failure(400, 'invalid-request', `expected ${expected}`, 'name a peer of ha.peers');
  }
  const { peer } = value;
  if (kind === 'pull') return syncAnswer(await ordered(handlers, { kind, peer: peer ?? '' }));
  return syncAnswer(await ordered(handlers, { kind, peers: peer === undefined ? [] : [peer] }));
}

const ordered = async (
  handlers: ControlHandlers,
  order: SyncOrder,
): Promise<SyncView | SyncOutcome> =>
  (await handlers.sync?.(order)) ?? {
    ok: false,
    code: 'sync-off',
    message: 'no settings are shared here',
    remedy: 'understudy set sync offer',
  };

function syncAnswer(outcome: SyncView | SyncOutcome): Answer {
  if (!('ok' in outcome) || outcome.ok) return { status: 200, body: outcome };
  const { code, message, remedy, errors } = outcome;
  const refusal = failure(409, code, message, remedy);
  return { status: 409, body: { ...refusal.body, ...(errors === undefined ? {} : { errors }) } };
}

async function handleCommand(
  body: string,
  uid: number | null,
  handlers: ControlHandlers,
): Promise<Answer> {
  const request = parseJson(body);
  if (!request.ok) return request.refusal;
  if (!isCommandRequest(request.value)) {
    const known = Object.entries(COMMANDS).map(([name, words]) => [name, ...words].join(' '));
    return failure(
      400,
      'invalid-request',
      'expected { "command": text, "argument": text } with a command and an argument that it takes',
      `send one of these: ${known.join(', ')}`,
    );
  }
  const { command, argument, force = false } = request.value;
  const outcome = await handlers.command(command, argument, {
    force,
    by: await nameOf(uid),
  });
  if (outcome.ok) return { status: 200, body: outcome };
  return failure(409, outcome.code, outcome.message, outcome.remedy);
}

type Understood<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly refusal: Answer };

/** What the body asks for, or a refusal that says what was expected and where it is something else. */
function understood<Value>(
  body: string,
  isRequest: Form<Value>,
  expected: string,
  remedy: string,
): Understood<Value> {
  const request = parseJson(body);
  if (!request.ok) return request;
  const { value } = request;
  if (isRequest(value)) return { ok: true, value };
  const [first] = isRequest.errors ?? [];
  const wrong = `${first?.instancePath || 'it'} ${first?.message ?? 'is something else'}`;
  return {
    ok: false,
    refusal: failure(400, 'invalid-request', `expected ${expected}: ${wrong}`, remedy),
  };
}

function parseJson(text: string): Understood<unknown> {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch {
    const refusal = failure(
      400,
      'malformed-json',
      'the request is not JSON',
      'send one JSON object',
    );
    return { ok: false, refusal };
  }
}

type Outcome = Awaited<ReturnType<ControlHandlers['set' | 'reload' | 'change']>>;

function outcomeAnswer(outcome: Outcome): Answer {
  if (outcome.ok) return { status: 200, body: outcome };
  const refusal = failure(
    422,
    'invalid-settings',
    'the settings were refused; the agent runs on with what it had',
    'correct what the errors name',
  );
  const { file, errors } = outcome;
  const now = 'now' in outcome && outcome.now !== undefined ? { now: outcome.now } : {};
  const body: ErrorAnswer = { ...refusal.body, file, errors, ...now };
  return { status: 422, body };
}
