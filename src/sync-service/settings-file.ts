// The settings file in the hands of the service: read, checked with this host's surroundings, replaced as a whole. Which
// text it is to have is for the keeper to say.
import { access, constants } from 'node:fs/promises';
import type { SettingsError } from '../config/errors.js';
import { parseSettings, readSettingsText } from '../config/load.js';
import { readDocument } from '../config/document.js';
import type { Settings } from '../config/settings.js';
import { atomicWriteFile } from '../files/atomic-write.js';
import { refusedByRoot } from '../host/root-programs.js';
import { sharedOf, type SharedDocument } from '../sync/shared.js';

export interface FileText {
  readonly text: string;
  /** The byte order mark before the text, or nothing. */
  readonly mark: string;
}

const BYTE_ORDER_MARK = '\ufeff';

/** Of a whole file. */
export function fileText(whole: string): FileText {
  const mark = whole.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
  return { text: whole.slice(mark.length), mark };
}

export interface SettingsFile {
  /** @throws SettingsRefused when it cannot be read. */
  read(): FileText;
  /** @throws the system's error (rejects); the file is then as it was. */
  write(text: FileText): Promise<void>;
  /** What speaks against running with this text here, where `before` runs now; nothing when it is well. */
  check(text: string, before: string): Promise<readonly SettingsError[]>;
}

/** Carries what is wrong with a file. */
export class SettingsRefused extends Error {
  readonly errors: readonly SettingsError[];
  constructor(errors: readonly SettingsError[]) {
    super(errors[0]?.found ?? 'refused');
    this.errors = errors;
  }
}

/** @param missingLinks which of these interfaces this host does not have. */
export function openSettingsFile(
  path: string,
  missingLinks: (names: readonly string[]) => Promise<readonly string[]>,
): SettingsFile {
  return {
    read: () => {
      const read = readSettingsText(path);
      if (!read.ok) throw new SettingsRefused(read.errors);
      return { text: read.text, mark: read.mark };
    },
    write: ({ text, mark }) => atomicWriteFile(path, `${mark}${text}`),
    check: async (text, before) => {
      const result = parseSettings(text, path);
      if (!result.ok) return result.errors;
      const former = parseSettings(before, path);
      const known = former.ok ? former.settings : null;
      const refused = await refusedByRoot(result.settings);
      if (refused.length > 0) return refused;
      return [
        ...(await linkErrors(result.settings, known, missingLinks)),
        ...(await programErrors(result.settings, known)),
      ];
    },
  };
}

/** What the file says of shared settings. @throws SettingsRefused when it is no document. */
export function sharedIn(text: string): SharedDocument {
  const read = readDocument(text);
  if (!read.ok) throw new SettingsRefused(read.errors);
  return sharedOf(read.document.value);
}

/** Settings with the interface that each names. */
function linksOf({ virtualRouters, monitors }: Settings): [setting: string, link: string][] {
  const { links, bandwidth, gateway } = monitors;
  return [
    ...virtualRouters.map((one): [string, string] => [
      `virtualRouters[${one.name}].interface`,
      one.interface,
    ]),
    ...(links?.pairs ?? []).flat().map((link): [string, string] => ['linkMonitoring.pairs', link]),
    ...(bandwidth?.interfaces ?? []).map((link): [string, string] => [
      'bandwidthMonitoring.interfaces',
      link,
    ]),
    ...(gateway?.interface === undefined
      ? []
      : [['gatewayMonitoring.interface', gateway.interface] as [string, string]]),
  ];
}

/** Interfaces that were named before may be missing for a reason of their own. */
async function linkErrors(
  settings: Settings,
  before: Settings | null,
  missingLinks: (names: readonly string[]) => Promise<readonly string[]>,
): Promise<SettingsError[]> {
  const known = new Set((before === null ? [] : linksOf(before)).map(([, link]) => link));
  const named = linksOf(settings).filter(([, link]) => !known.has(link));
  if (named.length === 0) return [];
  const missing = new Set(await missingLinks([...new Set(named.map(([, link]) => link))]));
  return named
    .filter(([, link]) => missing.has(link))
    .map(([path, link]) => ({
      path,
      code: 'not-here',
      expected: 'an interface of this appliance',
      found: `${link}, which it does not have`,
      remedy: `give the interface that name here (a systemd .link file), or name one that both have`,
    }));
}

const programsOf = ({ monitors }: Settings): [string, string][] =>
  monitors.checks.flatMap(({ name, kind }) =>
    kind.type === 'script' ? [[`checks[${name}].command`, kind.command[0] ?? '']] : [],
  );

async function programErrors(
  settings: Settings,
  before: Settings | null,
): Promise<SettingsError[]> {
  const known = new Set((before === null ? [] : programsOf(before)).map(([, path]) => path));
  const errors: SettingsError[] = [];
  for (const [path, program] of programsOf(settings)) {
    if (known.has(program)) continue;
    const there = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) continue;
    errors.push({
      path,
      code: 'not-here',
      expected: 'a program of this appliance',
      found: `${program}, which is not there or cannot be run`,
      remedy: 'install it on this appliance first',
    });
  }
  return errors;
}
