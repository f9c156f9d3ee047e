// The commands with which an operator steers a running agent: which there are and what they take.
// What they do is in commands/.
import { Argument } from 'commander';
import type { CommandName } from '../control/protocol.js';
import type { AnswerOptions, ConfigOption, Context } from './command-context.js';
import type { EventChoice } from './commands/events.js';
import type { KeyOrder } from './commands/key.js';
import type { SyncWord } from './commands/sync.js';

interface ForceOptions extends AnswerOptions {
  readonly force?: boolean;
  readonly wait?: string;
}

export function addOperatorCommands(context: Context): void {
  const { addAnswering: add } = context;
  const order = ordering(context);
  add('failover', 'hand the role over now; come back only when asked or needed')
    .option('--force', 'also to a peer that is not fit and sound, as long as it can take it')
    .option('--wait <seconds>', 'when nobody can take it over now, try for so long')
    .action((options: ForceOptions) => order(options, 'failover'));
  add('maintenance', 'leave the election until told; survives a reboot')
    .addArgument(word('on', 'off'))
    .option('--force', 'also when that leaves the role to nobody')
    .action((state: string, options: ForceOptions) => order(options, 'maintenance', state));
  addBypass(context);
  add('flaps', 'clear: forget the flaps and take part again')
    .addArgument(word('clear'))
    .action((what: string, options: AnswerOptions) => order(options, 'flaps', what));
  addEvents(context);
  addMetrics(context);
  addConsole(context);
  addKeygen(context);
  addKey(context);
  addSync(context);
}

const word = (...words: string[]): Argument =>
  new Argument(`<${words.join('|')}>`, words.join(' or ')).choices(words);

type Order = (options: ForceOptions, name: CommandName, argument?: string) => Promise<void>;

const ordering =
  ({ chosen, answering, finish }: Context): Order =>
  async (options, name, argument) => {
    const { orderAgent } = await import('./commands/order.js');
    finish(await orderAgent(answering(options), chosen(options), name, argument, options));
  };

function addBypass(context: Context): void {
  const { addAnswering: add, chosen, answering, finish } = context;
  const order = ordering(context);
  add('bypass', 'hardware bypass: show it, engage it, or release it')
    .addArgument(word('status', 'engage', 'release'))
    .action(async (what: string, options: AnswerOptions) => {
      if (what !== 'status') return order(options, 'bypass', what);
      const { showBypass } = await import('./commands/bypass.js');
      finish(await showBypass(answering(options), chosen(options)));
    });
}

/** In the words of a help screen. */
const TIMES = '"2026-01-31 23:59", "23:59", or "2h" ago';

function addEvents({ add, chosen, surroundings, finish }: Context): void {
  add('events', 'what happened: from the running agent, else from its file')
    .option('--follow', 'go on, and print every event')
    .option('--since <time>', `from then on: ${TIMES}`)
    .option('--until <time>', 'up to then')
    .option('--event <name...>', 'only those of these names, as "transition"')
    .option('--router <name>', 'only those of this virtual router')
    .option('-n, --lines <count>', 'only so many, the last ones')
    .option('--json', 'print the records as they are, one line each')
    .action(async (options: EventChoice & ConfigOption) => {
      const { showEvents } = await import('./commands/events.js');
      finish(await showEvents(surroundings, chosen(options), options));
    });
}

function addMetrics({ add, chosen, surroundings, finish }: Context): void {
  add('metrics', 'print what Prometheus would scrape').action(async (options: ConfigOption) => {
    const { printMetrics } = await import('./commands/metrics.js');
    finish(await printMetrics(surroundings, chosen(options)));
  });
}

function addConsole({ add, chosen, surroundings, finish }: Context): void {
  add('console', 'serve the web page, in the foreground: a unit of its own, off by default').action(
    async (options: ConfigOption) => {
      const { serveConsole } = await import('./commands/console.js');
      finish(await serveConsole(surroundings, chosen(options)));
    },
  );
}

function addKeygen({ addAnswering: add, chosen, answering, finish }: Context): void {
  add('keygen', 'write a new secret for the HA port to ha.keyFile')
    .option('--force', 'replace the one that is there')
    .action(async (options: ForceOptions) => {
      const { writeKey } = await import('./commands/keygen.js');
      finish(await writeKey(answering(options), chosen(options), options.force === true));
    });
}

function addKey({ addAnswering: add, chosen, answering, finish }: Context): void {
  add('key', 'the secret of the HA port in use: show who has which, or change it')
    .addArgument(word('status', 'rotate', 'retire'))
    .option('--force', 'retire: also where a peer still needs the former one')
    .action(async (order: KeyOrder, options: ForceOptions) => {
      const { orderKey } = await import('./commands/key.js');
      finish(await orderKey(answering(options), chosen(options), order, options.force === true));
    });
}

function addSync({ addAnswering: add, chosen, answering, finish }: Context): void {
  add('sync', 'settings that the group shares: how they stand, what differs, take or give them')
    .addArgument(
      new Argument('[what]', 'status (the default), diff, pull or push')
        .choices(['status', 'diff', 'pull', 'push'])
        .default('status'),
    )
    .argument('[peer]', 'whose; without it all, for pull the only one')
    .action(async (what: SyncWord, peer: string | undefined, options: AnswerOptions) => {
      const { syncSettings } = await import('./commands/sync.js');
      finish(await syncSettings(answering(options), chosen(options), what, peer));
    });
}
