// The options of Node that every process of the program is started with, however it is started. What can be set
// later is in heap.ts.

/**
 * Garbage is collected by the thread that made it: under SCHED_FIFO that thread waits for no other, which on a busy
 * machine may not get its turn.
 *
 * V8 takes it at its start only. Set later (v8.setFlagsFromString) it works until a marking that was begun under the
 * old rule ends: V8 then ends the process (seen with Node 20).
 *
 * An option stands here only if there is no other way: the code that the bundle is compiled to ahead is of these
 * options, and most of them have V8 refuse the code that Node carries for its own modules, too.
 */
export const ENGINE_OPTIONS: readonly string[] = ['--single-threaded-gc'];
