// How a call to the agent fails: it is not there, it refuses, or it is not understood. No sockets.

const START = 'start it: systemctl start understudy (in the foreground: understudy run)';

/** Nobody answered at the control socket. `code` is an errno name, or `ETIMEDOUT`. */
export class AgentNotReachable extends Error {
  override readonly name = 'AgentNotReachable';
  readonly code: string;
  readonly socketPath: string;
  /** What to do, in the imperative. */
  readonly remedy: string;
  constructor(code: string, socketPath: string, deadlineMs?: number) {
    const [reason, remedy] = explain(code, socketPath, deadlineMs);
    super(`the agent is not reachable: ${reason}`);
    this.code = code;
    this.socketPath = socketPath;
    this.remedy = remedy;
  }

  /** Whether it is certain that no agent runs there, rather than one that cannot be spoken to. */
  get noneRuns(): boolean {
    return this.code === 'ENOENT' || this.code === 'ENOTDIR' || this.code === 'ECONNREFUSED';
  }
}

function explain(
  code: string,
  path: string,
  deadlineMs?: number,
): [reason: string, remedy: string] {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return [
        `there is no socket ${path} (${code}), so none runs with these settings, or one is still starting`,
        START,
      ];
    case 'ECONNREFUSED':
      return [
        `nobody listens at ${path} (${code}): the agent has died, or another one is still starting`,
        START,
      ];
    case 'EACCES':
    case 'EPERM':
      return [
        `this user may not open ${path} (${code})`,
        'run as root, or join the group of the socket: usermod -aG understudy <user>, then log in again',
      ];
    case 'ETIMEDOUT':
      return [
        `no answer at ${path} within ${deadlineMs} ms`,
        'see its log: journalctl -u understudy; restart it if it hangs: systemctl restart understudy',
      ];
    case 'EAGAIN':
      return [`it has no room for another connection at ${path} (${code})`, 'try again'];
    default:
      return [
        `the connection to ${path} broke (${code})`,
        'try again; if it stays so, see its log: journalctl -u understudy',
      ];
  }
}

/** The agent answered, and refused. */
export class ControlRefusal extends Error {
  override readonly name = 'ControlRefusal';
  /** HTTP status. */
  readonly status: number;
  readonly code: string;
  readonly remedy: string;
  constructor(status: number, error: { code: string; message: string; remedy: string }) {
    super(`the agent refused: ${error.message}`);
    this.status = status;
    this.code = error.code;
    this.remedy = error.remedy;
  }
}

/** Something answered that is no agent, or one of a version this command does not understand. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';
  readonly remedy =
    'see that agent and command line are of the same release, and restart the agent after an upgrade';
  constructor(found: string) {
    super(`the answer of the agent was not understood: ${found}`);
  }
}
