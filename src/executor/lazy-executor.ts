// An executor that is started by its first use: most agents have no hooks to run.
import type { Executor } from './executor.js';

/** `start` is called at most once at a time; when it fails, the run fails and the next tries again. */
export function lazyExecutor(start: () => Promise<Executor>): Executor {
  let starting: Promise<Executor> | null = null;
  const started = async (): Promise<Executor> => {
    starting ??= start();
    try {
      return await starting;
    } catch (error) {
      starting = null;
      throw error;
    }
  };
  return {
    run: async (request) => {
      try {
        return await (await started()).run(request);
      } catch (error) {
        const { message } = error as Error;
        return { outcome: { kind: 'failed', message }, stdout: '', stderr: '' };
      }
    },
    // Nothing that a hook does outlives its agent by intent.
    setWill: () => undefined,
    // No hook is so urgent.
    setStandby: () => undefined,
    holdUntil: () => undefined,
    finish: async (options) => {
      const executor = await starting?.catch(() => null);
      await executor?.finish(options);
    },
  };
}
