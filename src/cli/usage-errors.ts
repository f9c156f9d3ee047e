// What is said of a command line that cannot be read: text, with the command that was probably meant. Nothing is run.
import type { Command } from 'commander';
import { nearestName } from '../config/spelling.js';
import { HIDDEN } from './completion/candidates.js';

/**
 * What commander says of a wrong command line, in the form of every other failure. `argv`: the words of the command
 * line, so that the remedy names the command that was called.
 */
export function usageError(text: string, program: Command, argv: readonly string[]): string {
  const command = calledBy(program, argv);
  const [first = '', suggestion = ''] = text
    .trimEnd()
    .replace(/^error: /, '')
    .split('\n');
  const near = /^\(Did you mean (.*)\?\)$/.exec(suggestion)?.[1];
  const told =
    command === undefined ? null : (tooManyWords(first, command) ?? otherWord(first, command));
  const message = told?.message ?? missingError(first, command) ?? first;
  const usual = near === undefined ? `see ${helpFor(command)}` : `did you mean ${near}?`;
  const remedy = told?.remedy ?? usual;
  return `understudy: ${message}\n  remedy  ${remedy}\n`;
}

/** What to do about a command that there is not. */
export function unknownRemedy({ commands }: Command, name: string): string {
  const known = commands.map((command) => command.name()).filter((one) => !HIDDEN.has(one));
  const near = nearestName(name, known);
  if (near !== null) return `did you mean understudy ${near}?`;
  return isFile(name) ? `understudy status --config ${name}` : 'see understudy --help';
}

const calledBy = ({ commands }: Command, argv: readonly string[]): Command | undefined => {
  const name = argv.find((word) => commands.some((command) => command.name() === word));
  return commands.find((command) => command.name() === name);
};

const helpFor = (command: Command | undefined): string =>
  command === undefined ? 'understudy --help' : `understudy help ${command.name()}`;

/** `maintenance needs on or off, found nothing`, or the name of what is to follow. */
function missingError(text: string, command: Command | undefined): string | null {
  const [, name] = /^missing required argument '(.*)'$/.exec(text) ?? [];
  const argument = command?.registeredArguments.find((one) => one.name() === name);
  if (command === undefined || argument === undefined) return null;
  const { argChoices } = argument;
  const wanted = argChoices === undefined ? `its <${argument.name()}>` : choicesText(argChoices);
  return `${[command.name(), ...command.args].join(' ')} needs ${wanted}, found nothing`;
}

const choicesText = (choices: readonly string[]): string =>
  new Intl.ListFormat('en', { type: 'disjunction' }).format(choices);

interface Told {
  readonly message: string;
  readonly remedy: string;
}

/** A word that is none of those that may stand there. */
function otherWord(text: string, command: Command): Told | null {
  const choice = /^\S+ value '(.*)' is invalid for argument .* Allowed choices are (.*)\.$/.exec(
    text,
  );
  if (choice === null) return null;
  const [, found = '', allowed = ''] = choice;
  const near = nearestName(found, allowed.split(', '));
  return {
    message: `expected one of ${allowed}, found ${found}`,
    remedy: near === null ? `see ${helpFor(command)}` : `did you mean ${near}?`,
  };
}

/** Most often the word too many is the settings file. */
function tooManyWords(text: string, command: Command): Told | null {
  if (!text.startsWith('too many arguments')) return null;
  const { args, registeredArguments } = command;
  const most = registeredArguments.length;
  const message =
    most === 0
      ? `${command.name()} takes no argument, found ${args.join(' ')}`
      : `${command.name()} takes at most ${most} ${most === 1 ? 'argument' : 'arguments'}, found ${args.length}: ${args.join(' ')}`;
  const [word = ''] = args.slice(most);
  return { message, remedy: isFile(word) ? fileRemedy(command, word) : `see ${helpFor(command)}` };
}

function fileRemedy(command: Command, word: string): string {
  if (command.name() === 'keygen') return 'the settings say where the key goes: ha.keyFile';
  const wanted = [command.name(), ...command.args.slice(0, command.registeredArguments.length)];
  return `understudy ${wanted.join(' ')} --config ${word}`;
}

/** What nobody would call a command, a setting or a state. */
const isFile = (word: string): boolean => word.includes('/') || /\.(?:ya?ml|json)$/.test(word);
