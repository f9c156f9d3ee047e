// `understudy import`: settings from a keepalived.conf, with an account of every line. What a line means is in
// src/import.
import { existsSync, lstatSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { atomicWriteFile } from '../../files/atomic-write.js';
import { parseSettings } from '../../config/load.js';
import { importKeepalived } from '../../import/import.js';
import type { ImportChoices } from '../../import/settings.js';
import { parseAddress } from '../../model/address.js';
import { fail, failSettings, refusalToAct } from '../failures.js';
import { fileReader, globFiles } from '../import/files.js';
import { accountText, errorText, settingsText } from '../import/text.js';
import { EXIT, type Surroundings } from '../surroundings.js';

export interface ImportOptions {
  readonly output?: string;
  readonly primary?: boolean;
  readonly name?: string;
  readonly peer?: string;
  readonly configId?: string;
}

/** Where a hook is to stand when nothing is written. */
const DEFAULT_HOOK = '/etc/understudy/hooks/transition';

/** @returns the exit code: 2 when the file cannot be imported as it is. */
export async function importSettings(
  surroundings: Surroundings,
  file: string,
  options: ImportOptions,
): Promise<number> {
  const { stdout, stderr, environment } = surroundings;
  const output = options.output === undefined ? null : resolve(options.output);
  const hookPath = output === null ? DEFAULT_HOOK : join(dirname(output), 'keepalived-notify');
  const choices = choicesOf(options, hookPath);
  if (typeof choices === 'string') {
    const example = 'write it as --peer dallas-2=10.98.0.2,10.99.0.2';
    return fail(surroundings, EXIT.usage, choices, example);
  }
  const path = resolve(file);
  const configId = options.configId ?? hostname().split('.')[0] ?? '';
  const source = { read: fileReader(), glob: globFiles, configId, environment };
  const result = importKeepalived(path, source, choices);
  if (!result.ok) {
    if (result.account.length > 0) stderr.write(`${accountText(result.account)}\n`);
    for (const error of result.errors) stderr.write(errorText(error));
    return EXIT.usage;
  }
  const { settings, hook, shared } = result.imported;
  const heading = [`From ${path}, by understudy import.`, ...result.warning];
  const text = settingsText(settings, heading);
  const checked = parseSettings(text, output ?? 'the settings made of it');
  if (!checked.ok) return failSettings(surroundings, checked.errors, checked.file);
  const told = output === null ? stderr : stdout;
  told.write(`${result.warning.join('\n')}\n\n${accountText(result.account)}\n`);
  if (output === null) stdout.write(text);
  else {
    const refused = await write(surroundings, output, text, hook);
    if (refused !== null) return refused;
    stdout.write(`written: ${output}\n`);
  }
  const hookText = hook?.text ?? '';
  if (hook !== null && hookText !== '' && output === null) {
    told.write(`\nTo be saved as ${hook.path}, executable:\n\n${hookText}`);
  }
  const advice = adviceOf(choices, shared, output ?? 'FILE');
  told.write(`\n${[...advice, ...result.order].join('\n')}\n`);
  return EXIT.done;
}

function adviceOf({ peer }: ImportChoices, shared: boolean, output: string): string[] {
  return [
    ...(shared && peer === null
      ? [
          'This appliance begins as Active of some instances and as Backup of others: two share the work. Here all',
          'move together. To keep it so, name the other one: --peer NAME=ADDRESS,... makes it active-active.',
        ]
      : []),
    ...(peer === null
      ? [
          'No peer is named: the two know each other by advertisements alone. With --peer NAME=ADDRESS,... they have an',
          'HA port besides, so that a planned move loses no packet.',
        ]
      : [
          `The two share a key: understudy keygen --config ${output}, and copy ha.key to ${peer.name}.`,
        ]),
    `What this host lacks: understudy check --config ${output}`,
    '',
  ];
}

/** What the options say, or what is wrong with them. */
function choicesOf(options: ImportOptions, hookPath: string): ImportChoices | string {
  const name = options.name ?? hostname();
  const base = { name, primary: options.primary === true, hookPath };
  if (options.peer === undefined) return { ...base, peer: null };
  const [peer = '', list = ''] = options.peer.split('=', 2);
  const addresses = list.split(',').map((text) => ({ text, address: parseAddress(text) }));
  const wrong = addresses.find(({ address }) => address === null);
  if (peer === '' || wrong !== undefined) {
    return `expected NAME=ADDRESS,... behind --peer, found ${JSON.stringify(options.peer)}`;
  }
  return {
    ...base,
    peer: { name: peer, addresses: addresses.flatMap(({ address }) => address ?? []) },
  };
}

/** Writes what does not exist yet. @returns the exit code when that is refused; else null. */
async function write(
  surroundings: Surroundings,
  output: string,
  text: string,
  hook: { readonly path: string; readonly text: string | null } | null,
): Promise<number | null> {
  const foreign = await refusalToAct(surroundings, output);
  if (foreign !== null) return foreign;
  const files = [
    ...(hook === null || hook.text === null
      ? []
      : [{ path: hook.path, text: hook.text, mode: 0o755 }]),
    { path: output, text, mode: 0o644 },
  ];
  const standing = files.find(({ path }) => isThere(path));
  if (standing !== undefined) {
    return fail(
      surroundings,
      EXIT.failed,
      `expected no file ${standing.path}, found one: nothing was written`,
      'name another one with --output, or move that one away first',
    );
  }
  for (const { path, text: content, mode } of files) {
    try {
      await atomicWriteFile(path, content, { mode });
    } catch (error) {
      const { message } = error as Error;
      return fail(surroundings, EXIT.failed, `cannot write ${path}: ${message}`, 'see the error');
    }
  }
  return null;
}

/** A link that leads nowhere is there too. */
const isThere = (path: string): boolean =>
  existsSync(path) || lstatSync(path, { throwIfNoEntry: false }) !== undefined;
