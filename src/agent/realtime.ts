// Has this process run before all ordinary ones, as far as the settings ask and the kernel allows. A
// refusal costs punctuality on a busy machine, not the role: it is said in status.
import type { RealtimeSettings } from '../config/settings.js';
import type { KernelError } from '../kernel/kernel.js';
import type { RealtimeKernel } from '../kernel/realtime.js';
import type { RealtimeStatus } from '../model/status.js';
import { microseconds } from '../model/units.js';

/**
 * A runaway agent would take the machine with it. That it hangs is noticed by executor and watchdog
 * long before; this is for the machine on which nothing else runs any more. Not shorter: a virtual
 * machine whose host gives it memory page by page has been seen to run for two seconds without a pause.
 */
const LONGEST_RUN = microseconds(10_000_000);

/** Read by native/executor/main.c when it starts. */
const EXECUTOR_PRIORITY = 'UNDERSTUDY_REALTIME_PRIORITY';

export interface Realtime {
  /** Brings scheduling in line with the settings; never throws. Executors started later follow. */
  apply(settings: RealtimeSettings): void;
  /** To be called once, when everything is loaded and nothing is sent yet; never throws. */
  settle(): void;
  /** Gives back memory that is not used; half a millisecond. */
  trim(): void;
  status(): RealtimeStatus;
}

export const createRealtime = (
  kernel: RealtimeKernel,
  environment: NodeJS.ProcessEnv = process.env,
): Realtime => new Scheduling(kernel, environment);

class Scheduling implements Realtime {
  readonly #kernel: RealtimeKernel;
  readonly #environment: NodeJS.ProcessEnv;
  #scheduled: Omit<RealtimeStatus, 'programLocked'> = {
    enabled: false,
    scheduling: 'ordinary',
    priority: null,
    missing: [],
  };
  #memory: Pick<RealtimeStatus, 'programLocked' | 'missing'> = {
    programLocked: false,
    missing: [],
  };

  constructor(kernel: RealtimeKernel, environment: NodeJS.ProcessEnv) {
    this.#kernel = kernel;
    this.#environment = environment;
  }

  status(): RealtimeStatus {
    const { missing, programLocked } = this.#memory;
    const wanting = this.#scheduled.enabled ? missing : [];
    return { ...this.#scheduled, programLocked, missing: [...this.#scheduled.missing, ...wanting] };
  }

  apply({ enabled, priority: wanted }: RealtimeSettings): void {
    const missing: string[] = [];
    const priority = enabled ? this.#schedule(wanted, missing) : this.#leave();
    if (priority === null) delete this.#environment[EXECUTOR_PRIORITY];
    else this.#environment[EXECUTOR_PRIORITY] = String(wanted + 1);
    const scheduling = priority === null ? 'ordinary' : 'fifo';
    this.#scheduled = { enabled, scheduling, priority, missing };
  }

  settle(): void {
    const { enabled } = this.#scheduled;
    try {
      this.#kernel.settle(enabled);
      this.#memory = { programLocked: enabled, missing: [] };
    } catch (error) {
      const what = `the whole program locked in memory (${(error as KernelError).code})`;
      const advice = 'CAP_IPC_LOCK, or RLIMIT_MEMLOCK of 128 MiB (LimitMEMLOCK=)';
      this.#memory = { programLocked: false, missing: [`${what}: needs ${advice}`] };
    }
  }

  trim(): void {
    this.#kernel.trim();
  }

  #schedule(wanted: number, missing: string[]): number | null {
    try {
      this.#kernel.limit(LONGEST_RUN);
      const priority = this.#kernel.schedule(wanted);
      if (priority < wanted) missing.push(`SCHED_FIFO ${wanted}: ${RTPRIO} allows ${priority}`);
      return priority;
    } catch (error) {
      const advice = `CAP_SYS_NICE, or ${RTPRIO} of at least ${wanted + 1} (LimitRTPRIO=)`;
      missing.push(`SCHED_FIFO ${wanted} (${(error as KernelError).code}): needs ${advice}`);
      return null;
    }
  }

  #leave(): null {
    // A kernel that refuses to change the scheduling is not asked to when it has not been changed.
    if (this.#scheduled.priority !== null) this.#kernel.schedule(0);
    return null;
  }
}

const RTPRIO = 'RLIMIT_RTPRIO';
