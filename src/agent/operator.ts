// What an operator orders over the control socket, carried out by the driver and answered in words.
// Nothing is decided here: the core refuses what it must.
import type { OperatorCommand } from '../core/interface.js';
import type { CommandName, CommandOutcome, OrderManner } from '../control/protocol.js';
import type { Driver } from './driver.js';
import type { Journal } from '../journal/journal.js';

/** Longer than a successor's address script may take; this is for one that is not over by then. */
const PATIENCE_MS = 6_000;

export interface GivenOrder extends OrderManner {
  readonly name: CommandName;
  readonly argument: string | undefined;
}

export async function carryOut(
  driver: Driver,
  journal: Journal,
  { name, argument, force, by }: GivenOrder,
): Promise<CommandOutcome> {
  const command = COMMANDS_BY_WORDS[`${name} ${argument ?? ''}`.trim()];
  if (command === undefined) return refusal('unknown-command', `no ${name} ${argument ?? ''}`);
  const before = activeRouters(driver);
  const refused = driver.operate({ kind: 'operator', command, force, by });
  if (refused !== null) return refusal('refused', refused.detail, refused.remedy);
  if (command === 'failover') return handedOver(driver, journal, before);
  return { ok: true, detail: DONE[command] };
}

const COMMANDS_BY_WORDS: Readonly<Record<string, OperatorCommand>> = {
  failover: 'failover',
  'maintenance on': 'maintenance-on',
  'maintenance off': 'maintenance-off',
  'flaps clear': 'flaps-clear',
  'bypass engage': 'bypass-engage',
  'bypass release': 'bypass-release',
};

const DONE: Readonly<Record<Exclude<OperatorCommand, 'failover'>, string>> = {
  'maintenance-on': 'maintenance is on: out of the election until it is switched off',
  'maintenance-off': 'maintenance is off: back in the election',
  'flaps-clear': 'flaps are cleared',
  'bypass-engage': 'hardware bypass is wanted: out of the election until it is released',
  'bypass-release': 'inline is wanted, and flaps are cleared',
};

const activeRouters = (driver: Driver): string[] =>
  driver
    .snapshot()
    .virtualRouters.filter(({ state }) => state === 'Active')
    .map(({ configuration }) => configuration.name);

const refusal = (
  code: string,
  message: string,
  remedy = 'see `understudy status` for who holds what, and why',
): CommandOutcome => ({ ok: false, code, message, remedy });

/** Resolves when none of these virtual routers is Active here any longer. */
function handedOver(
  driver: Driver,
  journal: Journal,
  routers: readonly string[],
): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    const finish = (outcome: CommandOutcome): void => {
      clearTimeout(timer);
      unfollow();
      resolve(outcome);
    };
    const look = (): void => {
      const left = driver
        .snapshot()
        .virtualRouters.filter(
          ({ state, configuration }) => state === 'Active' && routers.includes(configuration.name),
        );
      if (left.length === 0) finish({ ok: true, detail: `handed over: ${routers.join(', ')}` });
      else if (left.every(({ releasing }) => releasing === null)) {
        const names = left.map(({ configuration }) => configuration.name).join(', ');
        finish(refusal('refused', `nobody took it over, it stays here: ${names}`));
      }
    };
    const unfollow = journal.follow(look);
    const timer = setTimeout(() => {
      finish(refusal('timed-out', `the handover was not over within ${PATIENCE_MS} ms`));
    }, PATIENCE_MS);
    look();
  });
}
