// Whether a program of the user's exits with 0. It runs in a process group of its own, which is killed
// when the attempt is over; there is no next one until nothing of it is left. No shell.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { killGroup, survivors, whenGone } from './process-group.js';
import {
  attempt,
  explain,
  failure,
  formatMs,
  monotonicMs,
  oneLine,
  success,
  unavailable,
  type Probe,
  type ProbeResult,
} from './probe.js';
import type { ScriptCheckSettings } from './settings.js';

/** A script that writes more than this is killed. */
const MAXIMUM_OUTPUT_BYTES = 64 * 1024;
/** Output that is still in the pipe when the script has ended gets this long to arrive. */
const LAST_OUTPUT_MS = 100;

/** The host has no room for a process: that says nothing about what the script would have. */
const NO_ROOM = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']);

type Script = ChildProcess & { readonly stdout: Readable; readonly stderr: Readable };

interface Attempt {
  readonly script: Script;
  /** Its process group. */
  readonly group: number;
  /** What waits until nothing of it is left. */
  onGone: (() => void) | null;
  /** Ends the looking for what is left, while there is any. */
  stopLooking: (() => void) | null;
}

/**
 * @param onGroup told of every process group that begins and ends, so that somebody can kill what
 * this process leaves behind when it is killed itself.
 */
export function createScriptProbe(
  settings: ScriptCheckSettings,
  onGroup: (group: number, running: boolean) => void,
): Probe {
  /** The last attempt, until nothing of it runs any more; SIGKILL may not achieve that. */
  let last: Attempt | null = null;
  return {
    run: (signal) => {
      const before = last;
      return attempt(
        settings.timeoutMs,
        signal,
        (settle) => {
          let current: Attempt | null = null;
          const begin = (): void => {
            const script = start(settings, settle);
            if (script?.pid === undefined) return;
            current = { script, group: script.pid, onGone: null, stopLooking: null };
            last = current;
            follow(current, settings, settle, onGroup, () => {
              last = null;
            });
          };
          if (before === null) begin();
          else before.onGone = begin;
          return () => {
            if (before !== null) before.onGone = null;
            if (current !== null) takeDown(current.script);
          };
        },
        () => late(settings, before !== null && before === last ? survivors(before.group) : []),
      );
    },
    close: () => last?.stopLooking?.(),
  };
}

const late = ({ timeoutMs }: ScriptCheckSettings, undying: readonly number[]): string =>
  undying.length === 0
    ? `did not end within ${timeoutMs} ms`
    : `not tried again: killed, but still not ended: process ${undying.join(', ')} of an earlier attempt`;

function takeDown(script: Script): void {
  if (script.pid === undefined) return;
  // When it has ended its group was killed then; by now the number may be another's.
  if (isRunning(script)) killGroup(script.pid);
  script.stdout.destroy();
  script.stderr.destroy();
}

/** Null when it could not be started, which has been told by then. */
function start(
  { name, command }: ScriptCheckSettings,
  settle: (result: ProbeResult) => void,
): Script | null {
  const [program = '', ...words] = command;
  const refuse = (error: Error): void => {
    const text = `cannot run ${program}: ${explain(error)}`;
    const code = 'code' in error ? String(error.code) : '';
    settle(NO_ROOM.has(code) ? unavailable(text) : failure(text));
  };
  try {
    const script = spawn(program, words, {
      cwd: '/',
      // setsid(2): a process group of its own.
      detached: true,
      // What was set for this process alone is not passed on.
      env: { ...process.env, UV_THREADPOOL_SIZE: undefined, UNDERSTUDY_CHECK: name },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    script.on('error', refuse);
    return script;
  } catch (error) {
    refuse(error as Error);
    return null;
  }
}

function follow(
  current: Attempt,
  { timeoutMs }: ScriptCheckSettings,
  settle: (result: ProbeResult) => void,
  onGroup: (group: number, running: boolean) => void,
  onGone: () => void,
): void {
  const { script, group } = current;
  const startedAt = monotonicMs();
  onGroup(group, true);
  const output = collect(script, () => {
    settle(
      failure(`more than ${MAXIMUM_OUTPUT_BYTES} bytes of output: send it to a file or nowhere`),
    );
  });
  script.on('exit', (code, signal) => {
    const gone = (): void => {
      onGone();
      current.onGone?.();
    };
    // Whatever it has left behind in its group; that also closes the pipes.
    if (killGroup(group)) current.stopLooking = whenGone(group, gone);
    else gone();
    onGroup(group, false);
    const took = formatMs(monotonicMs() - startedAt);
    const conclude = (): void => {
      clearTimeout(patience);
      settle(code === 0 ? success(`exit 0 in ${took}`) : failure(describe(code, signal, output())));
    };
    const patience = setTimeout(conclude, Math.min(LAST_OUTPUT_MS, timeoutMs));
    script.on('close', conclude);
  });
}

/** Reads both outputs, so that the script never waits for a reader. Returns what came so far. */
function collect(script: Script, onTooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  for (const stream of [script.stdout, script.stderr]) {
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAXIMUM_OUTPUT_BYTES) onTooMuch();
      else chunks.push(chunk);
    });
  }
  return () => Buffer.concat(chunks).toString();
}

function describe(code: number | null, signal: NodeJS.Signals | null, output: string): string {
  const end = signal === null ? `exit ${code}` : `killed by ${signal}`;
  const said = oneLine(output);
  return said === '' ? end : `${end}: ${said}`;
}

const isRunning = ({ pid, exitCode, signalCode }: Script): boolean =>
  pid !== undefined && exitCode === null && signalCode === null;
