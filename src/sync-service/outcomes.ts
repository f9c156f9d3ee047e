// What is said of shared settings that were taken, refused or not to be had. Words alone.
import type { SettingsError } from '../config/errors.js';
import type { SyncMode } from '../model/status.js';
import { differences, type Difference } from '../sync/difference.js';
import type { Written } from './exchange.js';
import type { KnownPeer } from './peer-book.js';
import type { SyncOutcome } from './status.js';

export const EDITED_APART = 'both were edited since they were the same';
export const NEVER_MET = 'they have never been the same';

export const errorText = ({ path, expected, found }: SettingsError): string =>
  `${path === '' ? '' : `${path}: `}expected ${expected}, found ${found}`;

export const settingsIn = (found: readonly Difference[]): string =>
  found.map(({ setting }) => setting).join(', ');

export const namesOf = (found: readonly Difference[]): string[] =>
  found.map(({ setting }) => setting);

/** What a peer refuses, for whoever is here. */
export const thereOn = (peer: string, error: SettingsError): SettingsError => ({
  ...error,
  expected: `on ${peer}, ${error.expected}`,
});

/** One author at a time. */
export const waitFor = (peer: string): SettingsError => ({
  path: '',
  code: 'changed-meanwhile',
  expected: 'one change at a time among the appliances',
  found: `another one is under way on ${peer}`,
  remedy: 'make the change again in a moment',
});

export const failure = (code: string, message: string, remedy: string): SyncOutcome => ({
  ok: false,
  code,
  message,
  remedy,
});

export const unanswered = ({ name, status }: KnownPeer): SyncOutcome =>
  failure('no-answer', `${name}: ${status.detail ?? 'no answer'}`, 'see understudy sync status');

export const refusedHere = (
  { name }: KnownPeer,
  errors: readonly SettingsError[],
): SyncOutcome => ({
  ok: false,
  code: 'refused',
  message: `what ${name} has does not fit this appliance; nothing was changed`,
  remedy: 'correct what the errors name, here or there',
  errors,
});

export const refusedThere = (
  { name }: KnownPeer,
  errors: readonly SettingsError[],
): SyncOutcome => ({
  ok: false,
  code: 'refused',
  message: `${name} refuses what is here; nothing was changed there`,
  remedy: 'correct what the errors name, here or there',
  errors,
});

export const unknownPeer = (peers: readonly string[], name: string): SyncOutcome =>
  failure('unknown-peer', `expected one of ${peers.join(', ')}, found ${name}`, 'name one of them');

/** Where an appliance does not follow, what it runs is chosen there and nowhere else: the programs that are new to it. */
export const programsIn = (
  { self, mode }: { readonly self: string; readonly mode: SyncMode },
  mine: Written,
  theirs: Written,
): SettingsError[] =>
  mode === 'follow'
    ? []
    : differences(mine.document, theirs.document, null)
        .filter((one) => one.setting.endsWith('.command') && one.theirs !== undefined)
        .map(({ setting }) => ({
          path: setting,
          code: 'not-settable',
          expected: `programs that an operator of ${self} has chosen (ha.sync is ${mode} there)`,
          found: 'another program than it runs',
          remedy: `understudy sync pull on ${self}`,
        }));
