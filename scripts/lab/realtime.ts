// How a process of the lab runs before everything else. Nothing is started here.

/**
 * Node that can run under SCHED_FIFO. Without the option the main thread may look again and again
 * whether a thread of the garbage collector is done, which at the same priority never gets its turn.
 */
export const realtimeNode = [process.execPath, '--single-threaded-gc'] as const;

/**
 * Prefix of a command line that runs under SCHED_FIFO; needs root. A process that never sleeps would
 * take the machine down with it: the kernel ends it (SIGXCPU) after ten seconds without a pause. Two are not
 * enough: a virtual machine whose host gives it its memory page by page has been seen to take longer
 * to start a process.
 */
export const realtime = (priority: 1 | 2 | 99): string[] => [
  'prlimit',
  '--rttime=10000000:10000000',
  'chrt',
  '--fifo',
  String(priority),
];
