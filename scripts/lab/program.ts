// The failover software an appliance can run: understudy and, for comparison and interworking,
// keepalived. Files and command lines only: appliance.ts starts them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ChecksumDialect } from '../../src/model/advertisement.js';
import { ENGINE_OPTIONS } from '../../src/engine/options.js';

/** The project's root folder, seen from dist/scripts/lab. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The program that an appliance runs; the bundle's where scripts/test, scripts/deployments or scripts/bench says so. */
export const MAIN = process.env['UNDERSTUDY_MAIN'] ?? `${ROOT}dist/src/main.js`;

/** The folder of all programs, as MAIN is one: what is `dist` where understudy is installed. */
export const PROGRAMS = fileURLToPath(new URL('../', pathToFileURL(MAIN)));

/** The command as it is installed: with the options that its first line, and the unit, have. */
export const COMMAND: readonly string[] = [process.execPath, ...ENGINE_OPTIONS, MAIN];

export interface RouterSpec {
  readonly name: string;
  /** eth0 unless given. */
  readonly interface?: string;
  readonly vrid: number;
  /** With prefix lengths, all of one family; IPv6: link-local first. */
  readonly addresses: readonly string[];
}

/** What one appliance is to do, whichever software does it. */
export interface NodeSpec {
  readonly name: string;
  /** 1..254; the higher one of the pair is Active while both are fit. 255: the owner of the addresses. */
  readonly priority: number;
  readonly advertisementIntervalMs: number;
  readonly preempt?: boolean;
  /** IPv4 checksum that understudy sends; `auto` unless given. keepalived sends and takes `rfc5798`. */
  readonly checksum?: ChecksumDialect;
  readonly routers: readonly RouterSpec[];
}

export interface Program {
  readonly software: 'understudy' | 'keepalived';
  /** Writes its files below `directory` and answers the command line. */
  prepare(directory: string): string[];
  /** The processes that a crash of the daemon takes with it. */
  crashing(pid: number): number[];
}

/** A file that an appliance's settings refer to. */
export interface LabFile {
  /** Below the appliance's folder. */
  readonly name: string;
  readonly content: string;
  readonly mode: number;
}

type SettingsObject = Readonly<Record<string, unknown>>;

/**
 * Runs `understudy` with these settings; runtime and state folders are put below the appliance's own.
 * Settings that name `files` are a function of that folder.
 */
export function understudy(
  settings: SettingsObject | ((directory: string) => SettingsObject),
  files: readonly LabFile[] = [],
): Program {
  return {
    software: 'understudy',
    prepare(directory) {
      const file = `${directory}/understudy.yaml`;
      const folders = {
        runtimeDirectory: `${directory}/run`,
        stateDirectory: `${directory}/state`,
      };
      mkdirSync(folders.runtimeDirectory, { recursive: true });
      mkdirSync(folders.stateDirectory, { recursive: true });
      for (const { name, content, mode } of files) {
        writeFileSync(`${directory}/${name}`, content, { mode });
      }
      const vip = { script: `${ROOT}scripts/vip` };
      const own = typeof settings === 'function' ? settings(directory) : settings;
      writeFileSync(file, JSON.stringify({ vip, ...own, ...folders }, null, 2));
      return [...COMMAND, 'run', '--config', file];
    },
    // The executor is meant to outlive the agent: that is what it is for.
    crashing: (pid) => [pid],
  };
}

/**
 * Runs understudy as it is installed: its settings, folders and scripts where it looks for them by default.
 * The appliance's own folders (`OwnFolders`) put them there.
 */
export const installedUnderstudy: Program = {
  software: 'understudy',
  prepare: () => [...COMMAND, 'run'],
  crashing: (pid) => [pid],
};

/** The settings file of a node. */
export function understudySettings(spec: NodeSpec): Record<string, unknown> {
  return {
    name: spec.name,
    ha: {
      mode: 'active-passive',
      primary: spec.priority > 100,
      preempt: spec.preempt ?? true,
    },
    virtualRouters: spec.routers.map((router) => ({
      name: router.name,
      interface: router.interface ?? 'eth0',
      vrid: router.vrid,
      addresses: router.addresses,
      advertisementIntervalMs: spec.advertisementIntervalMs,
      priority: spec.priority,
      ...(spec.checksum === undefined ? {} : { checksum: spec.checksum }),
    })),
  };
}

/** Runs keepalived, VRRP only, with this configuration. `quiet`: its log without the details. */
export function keepalived(
  configuration: string,
  options: { readonly quiet?: boolean } = {},
): Program {
  return {
    software: 'keepalived',
    prepare(directory) {
      const file = `${directory}/keepalived.conf`;
      writeFileSync(file, configuration);
      const detail = options.quiet === true ? [] : ['--log-detail'];
      const logging = ['--dont-fork', '--log-console', ...detail, '--vrrp'];
      const files = ['--pid', `${directory}/pid`, '--vrrp_pid', `${directory}/vrrp.pid`];
      return ['keepalived', ...logging, ...files, '--use-file', file];
    },
    crashing: (pid) => [pid, ...childrenOf(pid)],
  };
}

/** Further lines of a keepalived.conf. */
export interface KeepalivedExtras {
  readonly global?: readonly string[];
  /** Between the global definitions and the instances. */
  readonly blocks?: string;
  /** Into every instance. */
  readonly instance?: readonly string[];
}

const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join('');

/** keepalived.conf of a node: VRRP version 3, everything else as it comes. */
export function keepalivedConfiguration(spec: NodeSpec, extras: KeepalivedExtras = {}): string {
  const { global: definitions = [], blocks = '', instance = [] } = extras;
  const lines = [`router_id ${spec.name}`, 'vrrp_version 3', 'script_user root', ...definitions];
  const global = `global_defs {\n${indented(lines)}}\n`;
  return (
    global +
    blocks +
    spec.routers
      .map(
        (router) => `
vrrp_instance ${router.name} {
  state BACKUP
  interface ${router.interface ?? 'eth0'}
  virtual_router_id ${router.vrid}
  priority ${spec.priority}
  advert_int ${spec.advertisementIntervalMs / 1000}
  ${spec.preempt === false ? 'nopreempt' : ''}
${indented(instance)}  virtual_ipaddress {
${router.addresses.map((address) => `    ${address}`).join('\n')}
  }
}
`,
      )
      .join('')
  );
}

/** The node run by either software. */
export const programFor = (software: Program['software'], spec: NodeSpec): Program =>
  software === 'understudy'
    ? understudy(understudySettings(spec))
    : keepalived(keepalivedConfiguration(spec));

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}
