// At the start: what an agent before this one has closed (acceptMode: false), and what stands no longer, is forgotten.
// Addresses that still stand stay closed; whoever takes them off opens them.
import type { Settings } from '../config/settings.js';
import type { Executor } from '../executor/executor.js';
import { readState, stateFilePath } from '../journal/state-file.js';
import { acceptModeLine } from '../model/netlink-script.js';
import { scriptRequest } from './keeping.js';

/** Before the agent closes anything itself. What goes wrong is told by the first script that closes or opens. */
export async function forgetClosed(
  executor: Pick<Executor, 'run'>,
  { stateDirectory, vip }: Pick<Settings, 'stateDirectory' | 'vip'>,
): Promise<void> {
  const { standing, mayAdd } = readState(stateFilePath(stateDirectory)).state;
  if ([...standing, ...mayAdd].every(({ acceptMode }) => acceptMode !== false)) return;
  await executor.run(scriptRequest(vip, [acceptModeLine([])]));
}
