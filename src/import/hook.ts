// From notify scripts to the transition hook: the script itself where one does for all, else a program that calls
// them as keepalived would. Nothing is written here.
import type { Account } from './account.js';
import type { Group, Instance, Notify, NotifyState } from './parts.js';
import type { ImportedRouter } from './routers.js';

export interface ImportedHook {
  /** The program that hooks.transition names. */
  readonly path: string;
  /** What it holds, when it has to be written. */
  readonly text: string | null;
}

interface Call {
  readonly router: string;
  readonly state: NotifyState;
  readonly command: readonly string[];
  /** `INSTANCE VI_1`; only `notify` is told. */
  readonly told: readonly [string, string];
}

/** `path`: where a hook of several scripts is to stand. Null when nothing is notified. */
export function hookOf(
  routers: readonly ImportedRouter[],
  groups: readonly Group[],
  path: string,
  account: Account,
): ImportedHook | null {
  const mains = [...new Map(routers.map((router) => [router.instance, router])).values()].map(
    (router) => routers.find(({ instance }) => instance === router.instance) ?? router,
  );
  const calls = [
    ...mains.flatMap(({ instance, name }) => callsOf(instance, name, ['INSTANCE', instance.name])),
    ...groups.flatMap((group) => {
      // A group moves as one: its scripts hear of the first of its members.
      const first = mains.find(({ instance }) => instance.name === group.members[0]);
      if (first === undefined) return [];
      for (const { place } of group.notifies) {
        account.changed(place, `called at the transitions of ${first.name}, a member of the group`);
      }
      return callsOf(group, first.name, ['GROUP', group.name]);
    }),
  ];
  if (calls.length === 0) return null;
  const single = singleScript(calls, routers);
  if (single !== null) {
    return { path: single, text: null };
  }
  for (const { place } of [...mains.map(({ instance }) => instance), ...groups].flatMap(
    ({ notifies }) => notifies,
  )) {
    account.changed(place, 'called by the transition hook that this import writes');
  }
  return { path, text: hookText(calls) };
}

const callsOf = (
  { notifies }: Pick<Instance, 'notifies'>,
  router: string,
  told: readonly [string, string],
): Call[] =>
  [...notifies]
    // keepalived calls `notify` after the others.
    .toSorted((one, other) => Number(one.state === 'any') - Number(other.state === 'any'))
    .map(({ state, command }: Notify) => ({ router, state, command, told }));

/** One `notify` script for all instances, called as keepalived calls it. */
function singleScript(calls: readonly Call[], routers: readonly ImportedRouter[]): string | null {
  const scripts = new Set(calls.map(({ command }) => command.join('\0')));
  const plain = calls.every(
    ({ state, command, told, router }) =>
      state === 'any' && command.length === 1 && told[0] === 'INSTANCE' && told[1] === router,
  );
  const all = calls.length === routers.length;
  const path = calls[0]?.command[0] ?? '';
  return scripts.size === 1 && plain && all && path.startsWith('/') ? path : null;
}

function hookText(calls: readonly Call[]): string {
  const arms = calls.map(({ router, state, command, told }) => {
    const pattern = state === 'any' ? `${quoted(`${router} `)}*` : quoted(`${router} ${state}`);
    const words = command.map(quoted).join(' ');
    const rest = state === 'any' ? ` ${told.map(quoted).join(' ')} "$3" "$4"` : '';
    return [
      'case "$2 $3" in',
      `${pattern}) ${words}${rest} </dev/null || failed=1 ;;`,
      'esac',
    ].join('\n');
  });
  return [
    '#!/bin/sh',
    '# The notify scripts of keepalived.conf, called as keepalived calls them. Written by understudy import.',
    '# HOOK INSTANCE <virtual router> MASTER|BACKUP|FAULT|STOP <priority>: docs/HOOKS.md.',
    'failed=0',
    ...arms,
    'exit "$failed"',
    '',
  ].join('\n');
}

const quoted = (word: string): string =>
  /^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
