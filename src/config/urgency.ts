// Reading settings before the ordinary work of the host: somebody waits for it, and it takes a fraction of a second. No
// settings are known here.
import { getPriority, setPriority } from 'node:os';

const NICE = -10;

/**
 * From now on the calling thread goes before ordinary work; without CAP_SYS_NICE or RLIMIT_NICE it takes its turn with
 * all others. @returns what puts it back where it was.
 */
export function urgently(): () => void {
  try {
    const usual = getPriority(0);
    if (usual <= NICE) return () => undefined;
    // Linux takes 0 for the calling thread.
    setPriority(0, NICE);
    return () => setPriority(0, usual);
  } catch {
    return () => undefined;
  }
}
