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

/** Read by native/executor.c when it starts. */
const EXECUTOR_PRIORITY = 'UNDERSTUDY_REALTIME_PRIORITY';

export interface Realtime {
  /** Brings scheduling in line with the settings; never throws. Executors started later follow. */
  apply(settings: RealtimeSettings): void;
  status(): RealtimeStatus;
}

export const createRealtime = (
  kernel: RealtimeKernel,
  environment: NodeJS.ProcessEnv = process.env,
): Realtime => new Scheduling(kernel, environment);

class Scheduling implements Realtime {
  readonly #kernel: RealtimeKernel;
  readonly #environment: NodeJS.ProcessEnv;
  #status: RealtimeStatus = {
    enabled: false,
    scheduling: 'ordinary',
    priority: null,
    programLocked: false,
    missing: [],
  };

  constructor(kernel: RealtimeKernel, environment: NodeJS.ProcessEnv) {
    this.#kernel = kernel;
    this.#environment = environment;
  }

  status(): RealtimeStatus {
    return this.#status;
  }

  apply({ enabled, priority: wanted }: RealtimeSettings): void {
    const missing: string[] = [];
    const priority = enabled ? this.#schedule(wanted, missing) : this.#leave();
    if (priority === null) delete this.#environment[EXECUTOR_PRIORITY];
    else this.#environment[EXECUTOR_PRIORITY] = String(wanted + 1);
    // Once locked it stays so: to let go of it would gain nothing.
    const programLocked = this.#status.programLocked || (enabled && this.#lock(missing));
    const scheduling = priority === null ? 'ordinary' : 'fifo';
    this.#status = { enabled, scheduling, priority, programLocked, missing };
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
    // Nothing is asked of a kernel that may refuse it where nothing was had before.
    if (this.#status.priority !== null) this.#kernel.schedule(0);
    return null;
  }

  #lock(missing: string[]): boolean {
    try {
      this.#kernel.lockProgram();
      return true;
    } catch (error) {
      const { code } = error as KernelError;
      missing.push(
        `the whole program locked in memory (${code}): needs CAP_IPC_LOCK, or RLIMIT_MEMLOCK of 128 MiB (LimitMEMLOCK=)`,
      );
      return false;
    }
  }
}

const RTPRIO = 'RLIMIT_RTPRIO';
