// How a process of the lab runs before everything else. Nothing is started here.

/**
 * Prefix of a command line that runs under SCHED_FIFO; needs root. A process that never sleeps would
 * take the machine down with it: the kernel ends it (SIGXCPU) after two seconds without a pause.
 */
export const realtime = (priority: 1 | 2): string[] => [
  'prlimit',
  '--rttime=2000000:2000000',
  'chrt',
  '--fifo',
  String(priority),
];
