// Something to be done after a while, as an input: tests hand in a clock of their own. No deadline of
// the protocol is here; those live in the states of core.

/** Does `task` once, `ms` milliseconds from now, unless the returned function is called before. */
export type Later = (ms: number, task: () => void) => () => void;

/** The process's own timers. */
export const later: Later = (ms, task) => {
  const timer = setTimeout(task, ms);
  return () => clearTimeout(timer);
};

/** The same, but a process that has nothing else to do ends without it. */
export const laterIdly: Later = (ms, task) => {
  const timer = setTimeout(task, ms).unref();
  return () => clearTimeout(timer);
};
