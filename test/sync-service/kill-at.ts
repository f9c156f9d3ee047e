// Loaded into an agent before everything else: its sync service, or the agent itself, is killed (SIGKILL) at one
// replacement of a file by the service, which the file `kill` beside the settings file names. No tests in here.
import { readFileSync, unlinkSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** `nth`: of the replacements of that file since this was written. */
export interface KillPlan {
  readonly victim: 'service' | 'agent';
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

if (plan !== undefined && process.argv[1]?.endsWith('sync-service/service.js') === true) {
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
    if (wanted.file !== basename(to)) return;
    if (when === 'before') count += 1;
    if (wanted.when !== when || wanted.nth !== count) return;
    unlinkSync(plan);
    process.kill(wanted.victim === 'service' ? process.pid : process.ppid, 'SIGKILL');
  };
  promises.rename = async (from, to) => {
    hit('before', String(to));
    await rename(from, to);
    hit('after', String(to));
  };
  syncBuiltinESMExports();
}
