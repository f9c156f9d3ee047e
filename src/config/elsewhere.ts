// Reads and changes the settings file on another thread: however large or strange the file is, the thread that
// advertises goes on. What is done there is load.ts, save.ts, change.ts and draft.ts; no settings are known here.
import { Worker } from 'node:worker_threads';
import { BUILD } from '../model/build.js';
import type { SettingsError } from './errors.js';
import { refusal } from './faults.js';
import type { LoadResult } from './load.js';
import type { SetDraft } from './save.js';
import type { ChangeDraft, ChangeRequest } from './change.js';
import type { Draft, WriteOutcome } from './draft.js';

/** What the other thread is asked. */
export type SettingsJob = { readonly build: string } & SettingsTask;

type SettingsTask =
  | { readonly kind: 'load'; readonly path: string }
  | { readonly kind: 'change'; readonly path: string; readonly request: ChangeRequest }
  | { readonly kind: 'write'; readonly path: string; readonly draft: Pick<Draft, 'base' | 'text'> }
  | {
      readonly kind: 'set';
      readonly path: string;
      readonly setting: string;
      readonly value: string;
    };

type Answer = LoadResult | SetDraft | ChangeDraft | WriteOutcome;

/** What it posts. One of another program, which an upgrade put in place, may understand settings otherwise. */
export interface SettingsAnswer {
  readonly build: string;
  readonly answer: Answer;
}

/** Settings of 1 MiB take a tenth of it. In MiB. */
const HEAP_LIMIT = { maxOldGenerationSizeMb: 512 } as const;
/** Only to end what would never end, in ms. */
const DEADLINE_MS = 60_000;

/** Tests have others. */
export const SETTINGS_THREAD = new URL('./settings-thread.js', import.meta.url);

/** `loadSettings`, elsewhere. Never rejects: a thread that fails is an error of the file. */
export const loadSettingsElsewhere = (path: string, thread?: URL): Promise<LoadResult> =>
  ask<LoadResult>({ kind: 'load', path }, thread);

/** `draftSetting`, elsewhere. Never rejects. */
export const draftSettingElsewhere = (
  path: string,
  setting: string,
  value: string,
): Promise<SetDraft> => ask<SetDraft>({ kind: 'set', path, setting, value });

/** `draftChange`, elsewhere. Never rejects. */
export const draftChangeElsewhere = (path: string, request: ChangeRequest): Promise<ChangeDraft> =>
  ask<ChangeDraft>({ kind: 'change', path, request });

/** `writeDraft`, elsewhere. Never rejects. */
export const writeDraftElsewhere = (path: string, { base, text }: Draft): Promise<WriteOutcome> =>
  ask<WriteOutcome>({ kind: 'write', path, draft: { base, text } });

type Refusal = {
  readonly ok: false;
  readonly file: string;
  readonly errors: readonly SettingsError[];
};

async function ask<Wanted extends Answer>(
  job: SettingsTask,
  thread = SETTINGS_THREAD,
): Promise<Wanted | Refusal> {
  try {
    const { build, answer } = await answerOf({ ...job, build: BUILD }, thread);
    return build === BUILD ? (answer as Wanted) : replaced(job.path);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { ok: false, file: job.path, errors: [unreadable(found)] };
  }
}

const unreadable = (found: string): SettingsError => ({
  path: '',
  code: 'unreadable',
  expected: 'settings that a thread of their own can read',
  found,
  remedy: 'shorten the file, or see whether the host has room for another thread; then try again',
});

/** By both threads, each for the other. */
export const replaced = (file: string): Refusal => ({
  ok: false,
  file,
  errors: [refusal('replaced', 'another one, installed since', { path: file })],
});

function answerOf(job: SettingsJob, thread: URL): Promise<SettingsAnswer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(thread, {
      workerData: job,
      resourceLimits: HEAP_LIMIT,
    });
    // An agent that ends waits for neither.
    worker.unref();
    const timer = setTimeout(() => {
      reject(new Error(`no answer within ${DEADLINE_MS / 1_000} s`));
      void worker.terminate();
    }, DEADLINE_MS).unref();
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      clearTimeout(timer);
      reject(new Error('the thread ended without an answer'));
    });
  });
}
