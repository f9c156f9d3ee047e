// The other thread of elsewhere.ts: one job, one answer, and its end. Nothing else may run here.
import { parentPort, workerData } from 'node:worker_threads';
import type { SettingsJob } from './elsewhere.js';
import { loadSettings } from './load.js';
import { changeSetting } from './save.js';

const job = workerData as SettingsJob;
const answer =
  job.kind === 'load'
    ? loadSettings(job.path)
    : await changeSetting(job.path, job.setting, job.value);
// Nothing is transferred: all of it is copied.
parentPort?.postMessage(answer, []);
