// The command line: which commands there are and what they take. What they do is in commands/, each
// loaded when it is called. No agent here: it is handed in. The plainest command lines do not come here: plain.ts.
import { Argument, Command, CommanderError } from 'commander';
import { addArrivalCommands } from './arrival-commands.js';
import type { Shell } from './completion/scripts.js';
import type { AnswerOptions, ConfigOption, Context, Finish } from './command-context.js';
import type { StatusChoice } from './commands/status.js';
import { fail } from './failures.js';
import { guarded } from './guarded.js';
import { chooseConfig, DEFAULT_CONFIG } from './locate.js';
import { addOperatorCommands } from './operator-commands.js';
import { columnsFor } from './render/text.js';
import { EXIT, type ConfigChoice, type Surroundings } from './surroundings.js';
import { unknownRemedy, usageError } from './usage-errors.js';
import { packageVersion } from './version.js';

type StatusOptions = ConfigOption & StatusChoice;

const AFTER_HELP = `
Without a command: status.
Exit codes: 0 done, 1 refused or failed, 2 usage or invalid settings,
            3 agent not reachable.`;

/**
 * Runs one command line (without node and script).
 * @returns its exit code; throws only for faults of the program itself.
 */
export async function runCommandLine(
  argv: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  let code: number = EXIT.done;
  const program = buildProgram(guarded(surroundings), (result) => (code = result), argv);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    // Commander has said what is wrong (or has printed the help that was asked for).
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    throw error;
  }
}

/**
 * The tree of commands. `finish` is told the exit code of the one that is run. `argv`: the words of the command line,
 * so that a wrong one is told where to look.
 */
export function buildProgram(
  surroundings: Surroundings,
  finish: Finish,
  argv: readonly string[] = [],
): Command {
  const program = new Command('understudy')
    .description('VRRPv3 (RFC 9568) failover agent: status, settings, and the agent itself')
    .version(packageVersion(), '-V, --version', 'print the version')
    .enablePositionalOptions()
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => surroundings.stdout.write(text),
      writeErr: (text) => surroundings.stderr.write(text),
      getOutHelpWidth: () => columnsFor(surroundings.columns),
      getErrHelpWidth: () => columnsFor(surroundings.columns),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(usageError(text, program, argv)),
    })
    // Every command takes options: saying so at each would only take the room of what it does.
    .configureHelp({
      subcommandTerm: (command) =>
        [command.name(), ...command.registeredArguments.map(argumentTerm)].join(' '),
    })
    .addHelpText('after', AFTER_HELP);
  const add = (name: string, description: string): Command =>
    withConfig(program.command(name).description(description)).allowExcessArguments(false);
  const chosen = (options: ConfigOption): ConfigChoice =>
    chooseConfig(options.config ?? program.opts<ConfigOption>().config);
  const addAnswering = (name: string, description: string): Command =>
    add(name, description).option('--json', 'print the answer as JSON, a failure too');
  const answering = (options: AnswerOptions): Surroundings => ({
    ...surroundings,
    json: options.json ?? program.opts<AnswerOptions>().json ?? false,
  });
  const context: Context = {
    program,
    add,
    addAnswering,
    answering,
    chosen,
    surroundings,
    finish,
  };
  addAgentCommands(context);
  addStatusCommands(context);
  addSettingCommands(context);
  addOperatorCommands(context);
  addArrivalCommands(context);
  addOtherCommands(context);
  addHelpCommand(context);
  return program;
}

/** `help maintenance` prints what `maintenance --help` does. */
function addHelpCommand({ program, surroundings, finish }: Context): void {
  program
    .helpCommand(false)
    .command('help')
    .description('print this list, or what a command takes')
    .argument('[command...]', 'the command')
    .action((words: string[]) => {
      let command = program;
      for (const word of words) {
        const next = command.commands.find((one) => one.name() === word);
        // What follows is a word of the command's own, as in `maintenance on`.
        if (next === undefined && command !== program) break;
        if (next === undefined) return finish(failUnknown(surroundings, command, word));
        command = next;
      }
      command.outputHelp();
      return finish(EXIT.done);
    });
}

const argumentTerm = (argument: Argument): string => {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
};

const withConfig = (command: Command): Command =>
  command.option('--config <file>', `settings file (default: ${DEFAULT_CONFIG})`);

function addAgentCommands({ add, chosen, surroundings, finish }: Context): void {
  add('run', 'run the agent in the foreground').action(async (options: ConfigOption) =>
    finish(await surroundings.run(chosen(options).path)),
  );
  add('release', 'remove every address this agent may have left').action(
    async (options: ConfigOption) => finish(await surroundings.release(chosen(options).path)),
  );
}

function addStatusCommands({ program, add, chosen, surroundings, finish }: Context): void {
  const status = async (options: StatusOptions): Promise<void> => {
    const { showStatus } = await import('./commands/status.js');
    finish(await showStatus(surroundings, chosen(options), options));
  };
  const withOptions = (command: Command): Command =>
    command
      .option('--json', 'print the status as JSON')
      .option('--watch', 'go on, and print every change')
      .option('--check', 'one line and an exit code for a monitoring plug-in');
  withOptions(add('status', 'what this appliance does, and why (the default)')).action(
    (options: StatusOptions) => status({ ...program.opts<StatusOptions>(), ...options }),
  );
  withConfig(withOptions(program))
    .allowExcessArguments(true)
    .action(async (options: StatusOptions) => {
      const [unknown] = program.args;
      if (unknown === undefined) await status(options);
      else finish(failUnknown(surroundings, program, unknown));
    });
}

function failUnknown(surroundings: Surroundings, program: Command, name: string): number {
  return fail(
    surroundings,
    EXIT.usage,
    `there is no command ${JSON.stringify(name)}`,
    unknownRemedy(program, name),
  );
}

function addSettingCommands({ addAnswering: add, chosen, answering, finish }: Context): void {
  add('check', 'validate the settings file; every error, with a remedy').action(
    async (options: AnswerOptions) => {
      const { checkSettings } = await import('./commands/check.js');
      finish(await checkSettings(answering(options), chosen(options)));
    },
  );
  add('plan', 'print the netlink scripts that takeover and release would run').action(
    async (options: AnswerOptions) => {
      const { printPlan } = await import('./commands/plan.js');
      finish(printPlan(answering(options), chosen(options)));
    },
  );
  add('get', 'print settings: those the agent runs with, else those of the file')
    .argument('[setting]', 'name of one setting; without it, all')
    .action(async (setting: string | undefined, options: AnswerOptions) => {
      const { getSettings } = await import('./commands/get.js');
      finish(await getSettings(answering(options), chosen(options), setting));
    });
  add('set', 'change a setting, through the running agent or in the file')
    .argument('<setting>', 'its name, as understudy get lists it')
    .argument(
      '<value...>',
      'one word; on or off where there are only two; numbers in the unit listed',
    )
    .action(async (setting: string, words: string[], options: AnswerOptions) => {
      const { setSetting } = await import('./commands/set.js');
      finish(await setSetting(answering(options), chosen(options), setting, words));
    });
  add('reload', 'have the agent read its settings again, and say what changed').action(
    async (options: AnswerOptions) => {
      const { reloadAgent } = await import('./commands/reload.js');
      finish(await reloadAgent(answering(options), chosen(options)));
    },
  );
}

function addOtherCommands({ program, chosen, surroundings, finish }: Context): void {
  program
    .command('completion')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<bash|zsh|fish>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .allowExcessArguments(false)
    .action(async (shell: Shell) => {
      const { printCompletion } = await import('./commands/completion.js');
      finish(printCompletion(surroundings, shell));
    });
  // What that script asks: no word of it is an option here.
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: string[]) => {
      const { printCandidates } = await import('./commands/completion.js');
      const at = words.indexOf('--config');
      const config = at === -1 || at + 2 >= words.length ? {} : { config: words[at + 1] ?? '' };
      finish(await printCandidates(surroundings, chosen(config), program, words));
    });
  program
    .command('demo')
    .description('show a failover in a sandbox on this host')
    .argument('[arguments...]', 'handed to the demonstration; --help lists them')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: string[]) => {
      const { runDemo } = await import('./commands/demo.js');
      finish(await runDemo(surroundings, words));
    });
}
