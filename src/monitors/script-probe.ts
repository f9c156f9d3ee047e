// Whether a program of the user's exits with 0. It runs in a process group of its own, of which
// nothing is left when the attempt is over. No shell.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
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

/**
 * @param onGroup told of every process group that begins and ends, so that somebody can kill what
 * this process leaves behind when it is killed itself.
 */
export function createScriptProbe(
  settings: ScriptCheckSettings,
  onGroup: (group: number, running: boolean) => void,
): Probe {
  /** The last one; until it has ended, which even SIGKILL may not achieve, there is no next. */
  let last: Script | null = null;
  return {
    run: (signal) =>
      attempt(
        settings.timeoutMs,
        signal,
        (settle) => {
          let script: Script | null = null;
          const begin = (): void => {
            script = start(settings, settle);
            last = script;
            if (script?.pid !== undefined) follow(script, script.pid, settings, settle, onGroup);
          };
          const before = last !== null && isRunning(last) ? last : null;
          if (before === null) begin();
          else before.once('exit', begin);
          return () => {
            before?.off('exit', begin);
            if (script !== null) takeDown(script);
          };
        },
        `did not end within ${settings.timeoutMs} ms`,
      ),
    close: () => undefined,
  };
}

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
  script: Script,
  group: number,
  { timeoutMs }: ScriptCheckSettings,
  settle: (result: ProbeResult) => void,
  onGroup: (group: number, running: boolean) => void,
): void {
  const startedAt = monotonicMs();
  onGroup(group, true);
  const output = collect(script, () => {
    settle(
      failure(`more than ${MAXIMUM_OUTPUT_BYTES} bytes of output: send it to a file or nowhere`),
    );
  });
  script.on('exit', (code, signal) => {
    // Whatever it has left behind in its group; that also closes the pipes.
    killGroup(group);
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

/** Kills every process of the group; none may be left. */
export function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // ESRCH: all have ended.
  }
}
