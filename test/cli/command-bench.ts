// What tests of the command line share: settings in a folder of their own, command lines by their
// streams and exit codes, and an agent that answers them.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from '../support/test.js';
import { runCommandLine } from '../../src/cli/program.js';
import type { Surroundings } from '../../src/cli/surroundings.js';
import { loadSettings } from '../../src/config/load.js';
import { changeSetting } from '../../src/config/save.js';
import { viewSettings } from '../../src/config/setting-names.js';
import type { ControlHandlers } from '../../src/control/protocol.js';
import { startControlServer, type ControlServer } from '../../src/control/server.js';
import { eventSource } from '../control/events.js';
import { healthy, NOW } from './statuses.js';

export let folder = '';
export let config = '';
/** Called after the test. */
export let closers: (() => unknown)[] = [];

/** A folder of its own for every test, with settings and a vip script. */
export function useFolder(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-cli-'));
    config = join(folder, 'understudy.yaml');
    closers = [];
    writeFileSync(join(folder, 'vip'), '#!/bin/sh\n');
    chmodSync(join(folder, 'vip'), 0o755);
    writeFileSync(config, settingsText());
  });
  afterEach(async () => {
    for (const close of closers) await close();
    rmSync(folder, { recursive: true });
  });
}

export const settingsText = (): string => `name: dallas-1
runtimeDirectory: ${folder}   # a comment
vip: { script: ${folder}/vip }
ha:
  mode: active-passive # keep me
  primary: true
virtualRouters:
  - name: lan
    interface: lo
    vrid: 51
    addresses: [10.99.0.100/24, 10.99.0.101/24]
  - name: lan6
    interface: lo
    vrid: 51
    addresses: ["fe80::33/64"]
`;

/** What makes a pair of it; the key is not there. */
export const pairText = (): string => `ha:
  keyFile: ${folder}/ha.key
  peers: [{ name: dallas-2, addresses: [10.98.0.2] }]`;

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line with --config, and gathers what it says; folder names are made equal. */
export async function say(
  words: readonly string[],
  changed: Partial<Surroundings> = {},
): Promise<Said> {
  return bare([...words, '--config', config], changed);
}

export async function bare(
  words: readonly string[],
  changed: Partial<Surroundings> = {},
): Promise<Said> {
  let out = '';
  let err = '';
  const code = await runCommandLine(words, {
    run: () => assert.fail('run was called'),
    release: () => assert.fail('release was called'),
    actAsOwner: () => Promise.resolve(),
    keygen: () => assert.fail('keygen was called'),
    rotateKey: () => assert.fail('rotateKey was called'),
    retireKey: () => assert.fail('retireKey was called'),
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    isTerminal: false,
    environment: {},
    now: () => NOW,
    ...changed,
  });
  const same = (text: string): string => text.replaceAll(folder, '/run/u');
  return { code, out: same(out), err: same(err) };
}

export async function startAgent(changed: Partial<ControlHandlers> = {}): Promise<ControlServer> {
  const handlers: ControlHandlers = {
    status: () => healthy,
    metrics: () => Promise.resolve({ type: 'text/plain', bytes: Buffer.from('# HELP x y\n') }),
    settings: () => {
      const loaded = loadSettings(config);
      assert.ok(loaded.ok);
      return viewSettings(loaded.listed, config);
    },
    set: (setting, value) => changeSetting(config, setting, value),
    change: () => assert.fail('nobody changes several settings'),
    reload: () => assert.fail('nobody reloads'),
    command: () => assert.fail('nobody orders'),
    ...eventSource().handlers,
    ...changed,
  };
  const path = join(folder, 'control.sock');
  const server = await startControlServer({ path, handlers, onError: () => undefined });
  closers.push(() => server.close());
  return server;
}
