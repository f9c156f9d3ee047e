// What the page asks for, one by one: checked, and handed to the agent as any member of its group might do it. Nothing
// of HTTP but the answers.
import type { ControlClient } from '../control/client.js';
import { AgentNotReachable, ControlRefusal, UnexpectedAnswer } from '../control/client-errors.js';
import { COMMANDS, type CommandName } from '../control/protocol.js';
import { isChangeRequest, isCommandRequest } from '../control/schemas.js';
import { refuse, type Answer } from './answer.js';

export type Agent = Pick<ControlClient, 'command' | 'change' | 'reload'>;

/**
 * What changes something: each a POST of the page. What the agent refuses is an answer like any other (200): a browser
 * would write anything else into its console as a fault of the page.
 */
export const ORDERS: Readonly<Record<string, (agent: Agent, body: unknown) => Promise<Answer>>> = {
  '/api/order': order,
  '/api/change': change,
  '/api/reload': reload,
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
  const outcome = await agent.change(body);
  return { status: 200, body: outcome };
}

async function reload(agent: Agent): Promise<Answer> {
  const outcome = await agent.reload();
  return { status: 200, body: outcome };
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
