// The other thread of elsewhere.ts: one job, one answer, and its end. Nothing else may run here.
import { parentPort, workerData } from 'node:worker_threads';
import { BUILD } from '../model/build.js';
import { replaced, type SettingsAnswer, type SettingsJob } from './elsewhere.js';
import { urgently } from './urgency.js';

// To its end: there is no other work here.
urgently();

type Job<K extends SettingsJob['kind']> = Extract<SettingsJob, { kind: K }>;

async function main(): Promise<void> {
  const job = workerData as SettingsJob;
  // In the form of every release: an agent of an earlier one takes it as its answer.
  if (job.build !== BUILD) return parentPort?.postMessage(replaced(job.path), []);
  const [{ loadSettings }, { draftSetting }, { draftChange }, { writeDraft }] = await Promise.all([
    import('./load.js'),
    import('./save.js'),
    import('./change.js'),
    import('./draft.js'),
  ]);
  const answers = {
    load: () => loadSettings(job.path),
    set: ({ path, setting, value }: Job<'set'>) => draftSetting(path, setting, value),
    change: ({ path, request }: Job<'change'>) => draftChange(path, request),
    write: ({ path, draft }: Job<'write'>) => writeDraft(path, draft),
  };
  const answer: SettingsAnswer['answer'] = await answers[job.kind](job as never);
  // Nothing is transferred: all of it is copied.
  parentPort?.postMessage({ build: BUILD, answer } satisfies SettingsAnswer, []);
}

// A rejection ends the thread, whose starter is told.
void main();
