// The options of Node that every process of the program is started with, however it is started. Nothing else.

/**
 * Garbage is collected by the thread that made it: under SCHED_FIFO that thread waits for no other,
 * which on a busy machine may not get its turn. And the young generation stays small: each
 * collection is short, and the process is.
 *
 * V8 takes both at its start only. Set later (v8.setFlagsFromString) the first one works until a
 * marking that was begun under the old rule ends: V8 then ends the process (seen with Node 20).
 *
 * The code that the bundle is compiled to ahead is of these options: a process that has others compiles anew.
 */
export const ENGINE_OPTIONS: readonly string[] = [
  '--single-threaded-gc',
  '--max-semi-space-size=1',
];
