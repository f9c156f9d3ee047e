// What the tests of hooks stand on: the fake bypass hook with its relays in a directory, the real
// executor, a clock that moves when it is told to. No test.
import { EventEmitter } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import type { TestContext } from '../support/test.js';
import { fileURLToPath } from 'node:url';
import { Bypass, type BypassOptions } from '../../src/hooks/bypass.js';
import type { Severity } from '../../src/journal/journal.js';
import type { BypassSettings } from '../../src/config/settings.js';
import type { BypassState, EventFields } from '../../src/model/status.js';
import { milliseconds } from '../../src/model/units.js';
import { start } from '../executor/bench.js';
import { manualClock } from '../support/manual-clock.js';
import { temporaryFolder } from '../support/folder.js';
import { eventOf } from '../support/limits.js';

export const HOOKS = fileURLToPath(new URL('../../../scripts/hooks/', import.meta.url));

export const directory = (): string => temporaryFolder('understudy-hook-');

/** The fake hook in a directory of its own, and what can be told to it and read of it. */
export function fakeHook() {
  const path = directory();
  const hook = join(path, 'bypass');
  const relay = join(path, 'relay');
  mkdirSync(relay);
  symlinkSync(join(HOOKS, 'fake'), hook);
  execFileSync('mkfifo', [join(relay, 'gate')]);
  return {
    hook,
    tell: (file: string, times?: number) =>
      writeFileSync(join(relay, file), times === undefined ? '' : `${times}\n`),
    untell: (file: string) => unlinkSync(join(relay, file)),
    relay: (segment: string) => readFileSync(join(relay, `${segment}.state`), 'utf8').trim(),
    setRelay: (segment: string, word: string) =>
      writeFileSync(join(relay, `${segment}.state`), `${word}\n`),
    /** Every call, and the environment of each. */
    log: () => readFileSync(join(relay, 'calls'), 'utf8').trim().split('\n'),
    calls: () =>
      readFileSync(join(relay, 'calls'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.replace(/ name=.*/, '')),
    /** Waits until a slow call stands at the gate, and lets it go on. */
    pass: () => writeFile(join(relay, 'gate'), '\n'),
  };
}

export interface Told extends EventFields {
  readonly severity: Severity;
}

/** A bypass over the fake hook, with everything it says. Hooks have ten seconds unless told. */
export async function rig(
  t: TestContext,
  settings: Partial<BypassSettings> = {},
  options: Partial<BypassOptions> = {},
) {
  const fake = fakeHook();
  const { executor } = await start(t);
  const clock = manualClock();
  const events: Told[] = [];
  const states: BypassState[] = [];
  const inhibited: boolean[] = [];
  const signals = new EventEmitter();
  let id = 0;
  const bypass = new Bypass({
    executor,
    settings: { hook: fake.hook, segments: ['pair-1'], onStop: 'keep', ...settings },
    name: 'dallas-1',
    onState: (actual, perSegment) => {
      states.push(actual);
      signals.emit('state', actual, perSegment);
    },
    onInhibit: (value) => inhibited.push(value),
    onEvent: (severity, fields) => events.push({ severity, ...fields }),
    now: clock.now,
    later: clock.later,
    newEventId: () => `e${(id += 1)}`,
    deadline: milliseconds(10_000),
    ...options,
  });
  t.after(() => bypass.close());
  return {
    ...fake,
    bypass,
    clock,
    events,
    states,
    inhibited,
    nextState: async () =>
      (await eventOf(signals, 'state')) as [BypassState, ReadonlyMap<string, BypassState>],
    problems: () => events.filter(({ event }) => event === 'bypass-problem'),
  };
}
