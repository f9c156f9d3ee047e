// Loaded into an agent before everything else: its sync service, or the agent itself, is killed (SIGKILL) at one
// replacement of a file by the service or by the agent's settings thread, which the file `kill` beside the settings file
// names. No tests in here.
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

/** `nth`: of the replacements of that file since this was written, by that process. */
export interface KillPlan {
  readonly victim: 'service' | 'agent';
  readonly by: 'service' | 'agent';
  readonly when: 'before' | 'after';
  readonly file: string;
  readonly nth: number;
}

const config = process.argv.indexOf('--config');
if (config !== -1) {
  process.env['KILL_PLAN'] = join(dirname(process.argv[config + 1] ?? ''), 'kill');
  process.env['NODE_OPTIONS'] = `--import ${import.meta.url}`;
}
const plan = process.env['KILL_PLAN'];
const isService = process.argv[1]?.endsWith('sync-service/service.js') === true;

if (plan !== undefined && (isService || !isMainThread)) {
  const pids = `${plan}-service`;
  if (isService) writeFileSync(pids, String(process.pid));
  const { rename } = promises;
  let text = '';
  let count = 0;
  const hit = (when: KillPlan['when'], to: string): void => {
    let now = '';
    try {
      now = readFileSync(plan, 'utf8');
    } catch {
      return;
    }
    if (now !== text) [text, count] = [now, 0];
    const wanted = JSON.parse(now) as KillPlan;
    if (wanted.file !== basename(to) || (wanted.by === 'service') !== isService) return;
    if (when === 'before') count += 1;
    if (wanted.when !== when || wanted.nth !== count) return;
    unlinkSync(plan);
    const agent = isService ? process.ppid : process.pid;
    const service = Number(readFileSync(pids, 'utf8'));
    process.kill(wanted.victim === 'service' ? service : agent, 'SIGKILL');
  };
  promises.rename = async (from, to) => {
    hit('before', String(to));
    await rename(from, to);
    hit('after', String(to));
  };
  syncBuiltinESMExports();
}
