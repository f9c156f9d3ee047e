// The plainest command lines, which are asked for all the time or wait to be Active: carried out without the parser
// of all commands, whose loading and building takes longer than they do. Each does what program.ts has it do.
import type { Surroundings } from './surroundings.js';
import { showStatus } from './commands/status.js';
import { guarded } from './guarded.js';
import { chooseConfig } from './locate.js';

/** The commands, and which of their options are plain; beside them `--config FILE`. */
const PLAIN = {
  status: ['json', 'watch', 'check'],
  check: ['json'],
  run: [],
  release: [],
} as const satisfies Record<string, readonly string[]>;

type PlainName = keyof typeof PLAIN;

export interface PlainCommand {
  readonly name: PlainName;
  /** As it was given. */
  readonly config?: string;
  readonly flags: ReadonlySet<string>;
}

const isPlainName = (word: string): word is PlainName => Object.hasOwn(PLAIN, word);

/**
 * What a command line (without node and script) asks for, when it consists of nothing but a command named in PLAIN,
 * or none, and its plain options, each once; null for any other one: the parser knows what to say of it.
 */
export function plainCommand(argv: readonly string[]): PlainCommand | null {
  const [first = 'status'] = argv;
  const named = !first.startsWith('-');
  const name = named ? first : 'status';
  if (!isPlainName(name)) return null;
  const known: readonly string[] = PLAIN[name];
  const flags = new Set<string>();
  let config: string | undefined;
  const words = named ? argv.slice(1) : argv;
  for (let at = 0; at < words.length; at += 1) {
    const flag = /^--([a-z]+)$/.exec(words[at] ?? '')?.[1] ?? '';
    if (flag === 'config') {
      at += 1;
      const value = words[at] ?? '';
      if (config !== undefined || value === '' || value.startsWith('-')) return null;
      config = value;
    } else if (known.includes(flag) && !flags.has(flag)) {
      flags.add(flag);
    } else return null;
  }
  return { name, flags, ...(config === undefined ? {} : { config }) };
}

/** Carries a plain command out. @returns its exit code. */
export async function runPlain(
  { name, config, flags }: PlainCommand,
  surroundings: Surroundings,
): Promise<number> {
  const choice = chooseConfig(config);
  switch (name) {
    case 'status':
      return showStatus(guarded(surroundings), choice, {
        json: flags.has('json'),
        watch: flags.has('watch'),
        check: flags.has('check'),
      });
    case 'check': {
      const { checkSettings } = await import('./commands/check.js');
      return checkSettings({ ...guarded(surroundings), json: flags.has('json') }, choice);
    }
    case 'run':
      return surroundings.run(choice.path);
    case 'release':
      return surroundings.release(choice.path);
  }
}
