// What may stand where the cursor is on a command line, from the tree of commands itself. Pure: what settings and
// events are called is given.
import type { Argument, Command, Option } from 'commander';

export interface Candidate {
  readonly value: string;
  /** Empty for none. */
  readonly description: string;
}

type Completion =
  | { readonly kind: 'words'; readonly candidates: readonly Candidate[] }
  /** Paths, which the shell knows best. */
  | { readonly kind: 'files' };

/** Names that no command knows by itself. */
export interface Vocabulary {
  readonly settings: () => readonly Candidate[];
  readonly settable: () => readonly Candidate[];
  /** What the setting of this name takes. */
  readonly values: (setting: string) => readonly Candidate[];
  readonly events: () => readonly Candidate[];
  readonly routers: () => readonly Candidate[];
}

/** Commands that are there for programs, not for people. */
export const HIDDEN: ReadonlySet<string> = new Set(['complete']);

const words = (candidates: readonly Candidate[]): Completion => ({ kind: 'words', candidates });
const plain = (value: string): Candidate => ({ value, description: '' });

/** `typed`: what stands behind `understudy`, the word at the cursor last, even when it is empty. */
export function complete(
  program: Command,
  typed: readonly string[],
  vocabulary: Vocabulary,
): Completion {
  const current = typed.at(-1) ?? '';
  const at = walk(program, typed.slice(0, -1));
  const all =
    at.pending === null
      ? nextWords(program, at, current, vocabulary)
      : valuesOf(at.pending, vocabulary);
  if (all.kind === 'files') return all;
  return words(all.candidates.filter(({ value }) => value.startsWith(current)));
}

interface Place {
  readonly command: Command;
  /** The command's own words so far. */
  readonly given: readonly string[];
  /** The option whose value comes next. */
  readonly pending: Option | null;
}

function walk(program: Command, before: readonly string[]): Place {
  let command = program;
  let given: string[] = [];
  let pending: Option | null = null;
  for (const word of before) {
    if (pending !== null) {
      pending = null;
    } else if (word.startsWith('-')) {
      const option = [...command.options, ...program.options].find(
        ({ short, long }) => word === short || word === long,
      );
      pending = option?.required === true ? option : null;
    } else {
      const next: Command | undefined =
        command === program ? visible(program).find((one) => one.name() === word) : undefined;
      if (next === undefined) given = [...given, word];
      else command = next;
    }
  }
  return { command, given, pending };
}

const visible = (program: Command): Command[] =>
  program.commands.filter((one) => !HIDDEN.has(one.name()));

function nextWords(
  program: Command,
  { command, given }: Place,
  current: string,
  vocabulary: Vocabulary,
): Completion {
  if (current.startsWith('-')) return words(optionsOf(command));
  if (command === program) return given.length === 0 ? words(commandsOf(program)) : words([]);
  if (command.name() === 'help') return given.length === 0 ? words(commandsOf(program)) : words([]);
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  const argument =
    registeredArguments[given.length] ?? (last?.variadic === true ? last : undefined);
  if (argument === undefined) return words([]);
  return argumentWords(argument, command, given, vocabulary);
}

const commandsOf = (program: Command): Candidate[] =>
  visible(program).map((command) => ({
    value: command.name(),
    description: command.description(),
  }));

const optionsOf = (command: Command): Candidate[] => [
  ...command.options.map(({ long, short, description }) => ({
    value: long ?? short ?? '',
    description,
  })),
  { value: '--help', description: 'what it takes' },
];

function argumentWords(
  argument: Argument,
  command: Command,
  given: readonly string[],
  vocabulary: Vocabulary,
): Completion {
  const { argChoices } = argument;
  if (argChoices !== undefined) return words(argChoices.map(plain));
  switch (argument.name()) {
    case 'file':
      return { kind: 'files' };
    case 'setting':
      return words(command.name() === 'set' ? vocabulary.settable() : vocabulary.settings());
    case 'value':
      return words(given.length === 1 ? vocabulary.values(given[0] ?? '') : []);
    default:
      return words([]);
  }
}

function valuesOf(option: Option, vocabulary: Vocabulary): Completion {
  if (/<file>/.test(option.flags)) return { kind: 'files' };
  switch (option.long ?? '') {
    case '--event':
      return words(vocabulary.events());
    case '--router':
      return words(vocabulary.routers());
    default:
      return words([]);
  }
}
