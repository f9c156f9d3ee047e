// `understudy failover`, `maintenance`, `bypass engage|release`, `flaps clear`: one order to the
// running agent, and what came of it. Without an agent there is nobody to carry it out.
import {
  AgentNotReachable,
  createControlClient,
  type ControlClient,
} from '../../control/client.js';
import type { CommandName, CommandOutcome } from '../../control/protocol.js';
import type { Status } from '../../model/status.js';
import { answer, fail, failCall, failSettings } from '../failures.js';
import { locateSocket } from '../locate.js';
import { harmless } from '../render/text.js';
import { waitToLook } from '../wait.js';
import { EXIT, type ConfigChoice, type Surroundings } from '../surroundings.js';

export interface OrderManner {
  readonly force?: boolean;
  /** Whole seconds for which a refused failover is ordered again, as the option says them; default none. */
  readonly wait?: string;
}

/** An hour: whoever waits longer wants maintenance in a window, not a failover. */
const LONGEST_WAIT_S = 3_600;

/** Prints what was done, or why not and what to do. @returns the exit code. */
export async function orderAgent(
  surroundings: Surroundings,
  config: ConfigChoice,
  name: CommandName,
  argument: string | undefined,
  { force = false, wait = '0' }: OrderManner,
): Promise<number> {
  if (!/^\d{1,4}$/.test(wait) || Number(wait) > LONGEST_WAIT_S) {
    const expected = `whole seconds, ${LONGEST_WAIT_S} at most`;
    const message = `expected ${expected}, for --wait, found ${JSON.stringify(wait)}`;
    return fail(surroundings, EXIT.usage, message, `understudy ${name} --wait 10`);
  }
  const located = await locateSocket(config);
  if (!located.ok) return failSettings(surroundings, located.errors, config.path);
  const client = createControlClient(located.socketPath);
  const give = (): Promise<CommandOutcome> => client.command(name, argument, force);
  try {
    const outcome = await insist(surroundings, client, give, Number(wait) * 1_000);
    if (!outcome.ok) {
      const { message, remedy, code } = outcome;
      return fail(surroundings, EXIT.failed, harmless(message), harmless(remedy), code);
    }
    if (surroundings.json === true) return answer(surroundings, outcome, EXIT.done);
    surroundings.stdout.write(`${harmless(outcome.detail)}\n`);
    return EXIT.done;
  } catch (error) {
    return failCall(surroundings, config, error);
  }
}

/** Gives the order; while it is refused and `waitMs` are not over, again as soon as the status says that it would succeed. */
async function insist(
  surroundings: Surroundings,
  client: ControlClient,
  give: () => Promise<CommandOutcome>,
  waitMs: number,
): Promise<CommandOutcome> {
  const until = performance.now() + waitMs;
  const isOver = (): boolean =>
    performance.now() >= until || surroundings.interrupted?.aborted === true;
  let outcome = await give();
  for (let over = isOver(); !outcome.ok && !over;) {
    await waitToLook(surroundings);
    const status = await statusOf(client);
    if (status !== null && !isActive(status)) break;
    over = isOver();
    if (over || (status !== null && canMove(status))) outcome = await give();
  }
  return outcome;
}

/** Null when it does not answer: what keeps a peer from being heard, such as a busy disk, may keep it, too. */
async function statusOf(client: ControlClient): Promise<Status | null> {
  try {
    return await client.status();
  } catch (error) {
    if (error instanceof AgentNotReachable) return null;
    throw error;
  }
}

/** Without one that is Active here there is nothing left to wait for. */
const isActive = ({ virtualRouters }: Status): boolean =>
  virtualRouters.some(({ state }) => state === 'Active');

/** An agent of an earlier release says nothing of it, and has to be asked by the order itself. */
const canMove = ({ readiness }: Status): boolean =>
  readiness === undefined ||
  readiness.some(({ direction, ready }) => direction === 'away' && ready);
