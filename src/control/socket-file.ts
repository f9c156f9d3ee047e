// The control socket as a file: whose it is, who may open it, and whether what stands there is left
// over from an agent that died. No HTTP.
import { chownSync, lstatSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';

/** How long an agent may take to accept a connection before it counts as alive but hung. */
const PROBE_TIMEOUT_MS = 1_000;

/** Why the control socket cannot be opened. */
export class ControlSocketError extends Error {
  override readonly name = 'ControlSocketError';
  /** An errno name, or `AGENT_ALIVE`, `NOT_A_SOCKET`. */
  readonly code: string;
  readonly remedy: string;
  constructor(code: string, message: string, remedy: string) {
    super(`${message}; ${remedy}`);
    this.code = code;
    this.remedy = remedy;
  }
}

/**
 * Makes room for the socket: a file that nobody listens to is removed.
 * @throws ControlSocketError when another agent listens there, or what stands there is no socket.
 */
export async function clearStaleSocket(path: string): Promise<void> {
  const standing = lstatSync(path, { throwIfNoEntry: false });
  if (standing === undefined) return;
  if (!standing.isSocket()) {
    throw new ControlSocketError(
      'NOT_A_SOCKET',
      `the control socket ${path} was expected to be a socket or absent, another file stands there`,
      'remove it, or set another runtimeDirectory',
    );
  }
  const answer = await probe(path);
  if (answer === 'ENOENT') return;
  if (answer === 'ECONNREFUSED') {
    unlinkSync(path);
    return;
  }
  throw aliveError(path, answer);
}

function aliveError(path: string, answer: string): ControlSocketError {
  if (answer === 'connected' || answer === 'ETIMEDOUT' || answer === 'EAGAIN') {
    return new ControlSocketError(
      'AGENT_ALIVE',
      `another agent listens at ${path}${answer === 'connected' ? '' : ` (it does not accept: ${answer})`}`,
      'stop it (systemctl stop understudy), or give this one a runtimeDirectory of its own',
    );
  }
  return new ControlSocketError(
    answer,
    `whether an agent listens at ${path} cannot be told (${answer})`,
    'run as the user the other agent ran as, or remove the socket',
  );
}

/** `connected`, or the errno name of the failure. */
function probe(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const timer = setTimeout(() => settle('ETIMEDOUT'), PROBE_TIMEOUT_MS);
    const settle = (answer: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle('connected'));
    socket.once('error', (error) => settle('code' in error ? String(error.code) : 'unknown'));
  });
}

/**
 * Gives the socket to the group, when the host has it and it is not the socket's already.
 * @throws the system's error when this process may not.
 */
export function giveToGroup(path: string, group: string, groupFile = '/etc/group'): void {
  const id = groupId(readFileSync(groupFile, 'utf8'), group);
  if (id === null || statSync(path).gid === id) return;
  chownSync(path, -1, id);
}

/** The number of a group in the text of /etc/group (group(5)); null when it is not there. */
export function groupId(text: string, group: string): number | null {
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':');
    if (name === group && id !== undefined && /^\d+$/.test(id)) return Number(id);
  }
  return null;
}
