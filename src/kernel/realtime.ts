// How the kernel schedules this process, over the native addon. What is asked for is decided in agent.
import type { Microseconds } from '../model/units.js';
import { loadAddon } from './addon.js';
import { refusal } from './refusal.js';

export interface RealtimeKernel {
  /**
   * Puts the calling thread under SCHED_FIFO at `priority` (1..99), or at the highest that
   * RLIMIT_RTPRIO allows; what it starts is ordinary. 0 makes it ordinary again.
   * @returns the priority in force.
   * @throws KernelError EPERM when none is allowed.
   */
  schedule(priority: number): number;
  /** A thread that runs under SCHED_FIFO without a pause for this long ends the process (SIGXCPU). */
  limit(longest: Microseconds): void;
  /**
   * Lets go of the pages of program and libraries that only the start needed, and of memory that was freed, now and from
   * now on; takes some ms. With `lock` those pages that are used from now on stay in memory.
   * @throws KernelError ENOMEM when RLIMIT_MEMLOCK does not allow all of it: some of it is locked then.
   */
  settle(lock: boolean): void;
  /** Gives back what has been freed between blocks that are in use, too; takes half a millisecond. */
  trim(): void;
}

interface Request {
  readonly request: 1 | 2 | 3 | 4;
  readonly syscall: string;
}

/** enum realtime_request of native/addon/realtime.h. */
const REQUEST = {
  schedule: { request: 1, syscall: 'sched_setscheduler' },
  limit: { request: 2, syscall: 'setrlimit' },
  settle: { request: 3, syscall: 'mlock2' },
  trim: { request: 4, syscall: 'madvise' },
} as const satisfies Record<string, Request>;

/** @throws Error when the addon is not built. */
export function openRealtime(): RealtimeKernel {
  const addon = loadAddon();
  const ask = ({ request, syscall }: Request, value: number): number => {
    const answer = addon.realtime(request, value);
    if (answer < 0) throw refusal('real time', answer, syscall);
    return answer;
  };
  return {
    schedule: (priority) => ask(REQUEST.schedule, priority),
    limit: (longest) => void ask(REQUEST.limit, longest),
    settle: (lock) => void ask(REQUEST.settle, lock ? 1 : 0),
    trim: () => void ask(REQUEST.trim, 0),
  };
}
