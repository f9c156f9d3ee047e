// One task after the other, in the order in which they were asked for. No knowledge of any task.

/** Begins each task when the one before has ended, however it ended; answers what it answers. */
type InTurn = <Answer>(task: () => Promise<Answer>) => Promise<Answer>;

export function createTurn(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = last.then(task, task);
    last = next.catch(() => undefined);
    return next;
  };
}
