// What the page asks for, one by one: checked, and handed to the agent as any member of its group might do it. Nothing
// of HTTP but the answers.
import type { ControlClient } from '../control/client.js';
import { AgentNotReachable, ControlRefusal, UnexpectedAnswer } from '../control/client-errors.js';
import { COMMANDS, type CommandName, type SyncOutcome } from '../control/protocol.js';
import { isChangeRequest, isCommandRequest, isSyncRequest } from '../control/schemas.js';
import { valueText, type Difference } from '../model/shared-settings.js';
import { refuse, type Answer } from './answer.js';

export type Agent = Pick<ControlClient, 'command' | 'change' | 'reload' | 'sync' | 'pull' | 'push'>;

/**
 * What changes something: each a POST of the page. What the agent refuses is an answer like any other (200): a browser
 * would write anything else into its console as a fault of the page.
 */
export const ORDERS: Readonly<Record<string, (agent: Agent, body: unknown) => Promise<Answer>>> = {
  '/api/order': order,
  '/api/change': change,
  '/api/reload': reload,
  '/api/sync': compare,
  '/api/pull': pull,
  '/api/push': push,
};

async function order(agent: Agent, body: unknown): Promise<Answer> {
  if (!isCommandRequest(body)) {
    const known = Object.entries(COMMANDS).map(([name, words]) => [name, ...words].join(' '));
    return refuse(
      400,
      'invalid-request',
      'expected { "command": text, "argument": text } with a command and an argument that it takes',
      `send one of these: ${known.join(', ')}`,
    );
  }
  const { command, argument, force = false } = body;
  const outcome = await agent.command(command satisfies CommandName, argument, force);
  if (outcome.ok) return { status: 200, body: outcome };
  return refuse(200, outcome.code, outcome.message, outcome.remedy);
}

async function change(agent: Agent, body: unknown): Promise<Answer> {
  if (!isChangeRequest(body)) {
    return refuse(
      400,
      'invalid-request',
      'expected { "base": digest, "changes": [{ "path", "value" }], "apply": true or false }',
      'load the page again: it may be of another release',
    );
  }
  try {
    const outcome = await agent.change(body);
    return { status: 200, body: outcome };
  } catch (error) {
    return refused(error);
  }
}

async function reload(agent: Agent): Promise<Answer> {
  const outcome = await agent.reload();
  return { status: 200, body: outcome };
}

/** Asks the peers for what they have. Values go out as `sync diff` prints them: of headers, which may be secret, the names. */
async function compare(agent: Agent): Promise<Answer> {
  try {
    const { sync, peers } = await agent.sync();
    const told = peers.map(({ name, differences }) => ({
      name,
      ...(differences === undefined ? {} : { differences: differences.map(inWords) }),
    }));
    return { status: 200, body: { sync, peers: told } };
  } catch (error) {
    return refused(error);
  }
}

/** What the agent refuses. Rethrows anything else. */
function refused(error: unknown): Answer {
  if (!(error instanceof ControlRefusal)) throw error;
  return refuse(200, error.code, error.message, error.remedy);
}

const inWords = ({ setting, changed, base, mine, theirs }: Difference): object => ({
  setting,
  changed,
  base: valueText(base),
  mine: valueText(mine),
  theirs: valueText(theirs),
});

async function pull(agent: Agent, body: unknown): Promise<Answer> {
  if (!isSyncRequest(body) || body.peer === undefined) return noPeer();
  return synced(await agent.pull(body.peer));
}

async function push(agent: Agent, body: unknown): Promise<Answer> {
  if (!isSyncRequest(body) || body.peer === undefined) return noPeer();
  return synced(await agent.push(body.peer));
}

const noPeer = (): Answer =>
  refuse(400, 'invalid-request', 'expected { "peer": text }', 'name a peer of ha.peers');

function synced(outcome: SyncOutcome): Answer {
  if (outcome.ok) return { status: 200, body: outcome };
  const { code, message, remedy, errors = [] } = outcome;
  return { status: 200, body: { error: { code, message, remedy }, errors } };
}

/** An agent that refuses, is gone, or is not understood. Rethrows anything else. */
export function failed(error: unknown): Answer {
  if (error instanceof ControlRefusal) {
    return refuse(error.status, error.code, error.message, error.remedy);
  }
  if (error instanceof AgentNotReachable) {
    return refuse(502, 'agent-not-reachable', error.message, error.remedy);
  }
  if (error instanceof UnexpectedAnswer) {
    return refuse(502, 'unexpected-answer', error.message, error.remedy);
  }
  throw error;
}
