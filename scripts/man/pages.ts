// The man pages: understudy(8) from the tree of commands and docs/CLI.md, understudy.yaml(5) from the schema of the
// settings, understudy-hooks(7) from docs/HOOKS.md. Text only; man-pages.ts writes them.
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { expectation } from '../../src/config/remedy.js';
import { SETTINGS_SCHEMA, type SettingSchema } from '../../src/config/schema.js';
import { HIDDEN } from '../../src/cli/completion/candidates.js';
import { buildProgram } from '../../src/cli/program.js';
import { escaped, inline, sections, title, toMan } from './roff.js';

const ROOT = new URL('../../../', import.meta.url);
const page = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

export interface Setting {
  /** As in `virtualRouters[].vrid`. */
  readonly path: string;
  readonly schema: SettingSchema;
  readonly required: boolean;
}

/** Every setting of the schema, sections before what is in them. */
export function everySetting(schema: SettingSchema = SETTINGS_SCHEMA, path = ''): Setting[] {
  const container = schema.type === 'array' ? schema.items : schema;
  const prefix = schema.type === 'array' ? `${path}[]` : path;
  return Object.entries(container?.properties ?? {}).flatMap(([key, child]) => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    const required = (container?.required ?? []).includes(key);
    return [{ path: name, schema: child, required }, ...everySetting(child, name)];
  });
}

/** The commands as `understudy` has them; none of them is run. */
export function commandTree(): Command {
  const nowhere = { write: () => true };
  const unused = (): never => {
    throw new Error('no command is run here');
  };
  return buildProgram(
    {
      run: unused,
      release: unused,
      actAsOwner: unused,
      keygen: unused,
      rotateKey: unused,
      retireKey: unused,
      stdout: nowhere,
      stderr: nowhere,
      isTerminal: false,
      environment: {},
    },
    unused,
  );
}

/** Each page by its file name. */
export const manPages = (): Readonly<Record<string, string>> => ({
  'understudy.8': text(commandPage(commandTree())),
  'understudy.yaml.5': text(settingsPage()),
  'understudy-hooks.7': text(hooksPage()),
});

const GENERATED = '.\\" Made from docs/ and the program by scripts/man-pages.ts.';

const text = (lines: readonly string[]): string => `${[GENERATED, ...lines].join('\n')}\n`;

function commandPage(program: Command): string[] {
  return [
    ...title('understudy', 8, 'VRRPv3 failover agent for paired Linux appliances'),
    '.SH SYNOPSIS',
    '.B understudy',
    '[\\fIcommand\\fR] [\\fIoptions\\fR]',
    '.SH DESCRIPTION',
    inline(
      'understudy shares virtual addresses between two appliances by VRRPv3 (RFC 9568). One agent runs on each of them. One appliance is Active and has the virtual addresses; the other one is Backup, and takes over when the Active fails or an operator says so. Without a command, `understudy` shows the status.',
    ),
    '.PP',
    inline(
      'Every command but `completion`, `demo` and `help` takes `--config FILE`, the settings file (default `/etc/understudy/understudy.yaml`), which also says where the agent is. `understudy help COMMAND` shows what a command takes.',
    ),
    ...toMan(sections(page('docs/FIRST-PAIR.md'), ['The first pair'])),
    '.SH COMMANDS',
    ...program.commands.filter((one) => !HIDDEN.has(one.name())).flatMap(commandEntry),
    ...toMan(
      sections(page('docs/CLI.md'), [
        'Exit codes',
        'status',
        'Orders',
        'events',
        'check',
        'key',
        'get and set',
        'reload',
        'Release',
        'completion',
        'Who may',
      ]),
    ),
    '.SH SIGNALS',
    '.TP',
    '\\fBSIGTERM\\fR, \\fBSIGINT\\fR',
    'The agent hands the role over and ends.',
    '.TP',
    '\\fBSIGHUP\\fR',
    'The agent reads its settings again; what came of it is in its log.',
    '.TP',
    '\\fBSIGUSR2\\fR',
    'The agent writes what its core was told lately to recording.jsonl in the state directory.',
    '.SH FILES',
    ...[
      ['/etc/understudy/understudy.yaml', 'the settings; see understudy.yaml(5)'],
      ['/etc/understudy/ha.key', 'the shared secret, where ha.keyFile says so'],
      ['/run/understudy/control.sock', 'the control socket'],
      ['/run/understudy/status.json', 'the status'],
      ['/var/lib/understudy/state.json', 'what must outlive the agent'],
      ['/var/lib/understudy/events.jsonl', 'the events'],
    ].flatMap(([file = '', what = '']) => ['.TP', `\\fI${escaped(file)}\\fR`, escaped(what)]),
    '.SH SEE ALSO',
    '.BR understudy.yaml (5),',
    '.BR understudy\\-hooks (7),',
    '.BR systemctl (1),',
    '.BR ip (8)',
  ];
}

function commandEntry(command: Command): string[] {
  const terms = command.registeredArguments.map((one) => {
    const name = `${one.name()}${one.variadic ? '...' : ''}`;
    return one.required ? `<${name}>` : `[${name}]`;
  });
  const own = command.options.filter(({ long }) => long !== '--config' && long !== '--json');
  const json = command.options.some(({ long }) => long === '--json');
  return [
    '.TP',
    `\\fBunderstudy ${escaped([command.name(), ...terms].join(' '))}\\fR`,
    `${inline(capital(command.description()))}.`,
    ...(own.length === 0 && !json ? [] : ['.RS']),
    ...own.flatMap(({ flags, description }) => [
      '.TP',
      `\\fB${escaped(flags)}\\fR`,
      `${inline(capital(description))}.`,
    ]),
    ...(json ? ['.TP', '\\fB\\-\\-json\\fR', 'Answer as JSON.'] : []),
    ...(own.length === 0 && !json ? [] : ['.RE']),
  ];
}

const capital = (sentence: string): string =>
  /^[a-z]+[ ,;]/.test(sentence) ? sentence.charAt(0).toUpperCase() + sentence.slice(1) : sentence;

function settingsPage(): string[] {
  const all = everySetting();
  const top = all.filter(({ path }) => !path.includes('.'));
  const isSection = ({ schema }: Setting): boolean =>
    (schema.type === 'array' ? schema.items : schema)?.properties !== undefined;
  return [
    ...title('understudy.yaml', 5, 'settings of understudy'),
    '.SH SYNOPSIS',
    '.I /etc/understudy/understudy.yaml',
    '.SH DESCRIPTION',
    inline(
      'The file is YAML. The unit is the last part of a name (`Ms`, `Seconds`, `Bps`); an unknown key is an error. `understudy check` validates the file, and this host against it. `understudy reload` has a running agent read it again. `understudy set` changes a setting that has a name in parentheses below, and leaves the rest of the file as it is. A shared setting has the same value on all appliances of a group; an own one belongs to each appliance.',
    ),
    ...toMan(sections(page('docs/FIRST-PAIR.md'), ['Example'])),
    '.SH "THE APPLIANCE"',
    ...top.filter((one) => !isSection(one)).flatMap(settingEntry),
    ...top.filter(isSection).flatMap((section) => {
      const { path, schema } = section;
      const prefix = schema.type === 'array' ? `${path}[].` : `${path}.`;
      return [
        `.SH "${escaped(path.toUpperCase())}"`,
        inline(`\`${path}\`: ${schema.description}`),
        ...all.filter((one) => one.path.startsWith(prefix)).flatMap(settingEntry),
      ];
    }),
    '.SH SEE ALSO',
    '.BR understudy (8),',
    '.BR understudy\\-hooks (7)',
  ];
}

function settingEntry({ path, schema, required }: Setting): string[] {
  const { set } = schema;
  return [
    '.TP',
    `\\fB${escaped(path)}\\fR${set === undefined ? '' : ` (${escaped(set)})`}`,
    inline(schema.description),
    '.br',
    escaped(valueText(schema, required)),
  ];
}

function valueText(schema: SettingSchema, required: boolean): string {
  const { type, properties, default: standard, scope } = schema;
  const section = properties === undefined ? 'texts, each under a name of its own' : 'a section';
  const isPlain = !['object', 'undefined'].includes(typeof standard);
  return [
    capital(type === 'object' ? section : expectation(schema)),
    ...(isPlain ? [`default ${String(standard)}`] : []),
    ...(required ? ['required'] : []),
    ...(scope === undefined ? [] : [scope]),
  ].join('; ');
}

function hooksPage(): string[] {
  const markdown = page('docs/HOOKS.md');
  const [, introduction = ''] = markdown.split(/^(?=## )/m, 1)[0]?.split(/^# .*\n/m) ?? [];
  return [
    ...title('understudy-hooks', 7, 'programs that understudy calls'),
    '.SH DESCRIPTION',
    ...toMan(introduction.trimStart()).slice(1),
    ...toMan(markdown.slice(markdown.indexOf('\n## ') + 1)),
    '.SH SEE ALSO',
    '.BR understudy (8),',
    '.BR understudy.yaml (5)',
  ];
}
