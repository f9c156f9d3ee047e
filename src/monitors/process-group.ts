// Process groups that a check has started: killed, and awaited until nothing of them is left. No check,
// no result.
import { readdirSync, readFileSync } from 'node:fs';

/** Time from one look at a group that outlives SIGKILL to the next: at first, and at most. */
const FIRST_LOOK_MS = 10;
const LAST_LOOK_MS = 100;

/** Kills every process of the group. @returns whether there was any: one may be left all the same. */
export const killGroup = (group: number): boolean => signalGroup(group, 'SIGKILL');

/**
 * The processes of a group that still run, by their numbers. A zombie does not: it holds nothing, and
 * without an init process it would stay for ever.
 */
export function survivors(group: number): number[] {
  if (!signalGroup(group, 0)) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && runsIn(name, group))
    .map(Number);
}

/**
 * Calls `then` when nothing of a killed group runs any more, which a process that waits for a dead
 * file server may put off for ever. The kernel tells nobody about processes that are not one's own
 * children, so it is asked, ever more rarely. Returns what ends the wait.
 */
export function whenGone(group: number, then: () => void): () => void {
  let pause = FIRST_LOOK_MS;
  let timer: NodeJS.Timeout | null = null;
  let left = survivors(group);
  const look = (): void => {
    left = left.filter((pid) => runsIn(String(pid), group));
    if (left.length === 0) left = survivors(group);
    if (left.length === 0) {
      then();
      return;
    }
    timer = setTimeout(look, pause);
    pause = Math.min(2 * pause, LAST_LOOK_MS);
  };
  look();
  return () => {
    if (timer !== null) clearTimeout(timer);
  };
}

function signalGroup(group: number, signal: 'SIGKILL' | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    // ESRCH: all have ended. EPERM: they have changed their user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** /proc/PID/stat: `pid (name) state parent group …`; the name may hold anything. */
function runsIn(pid: string, group: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', , of = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ', 3);
    return Number(of) === group && !'ZX'.includes(state);
  } catch {
    // It has ended meanwhile.
    return false;
  }
}
