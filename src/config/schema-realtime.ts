// The form of how the agent is scheduled. What is then asked of the kernel: src/agent/realtime.ts.
import { flag, number, standingSection } from './setting-schema.js';

export const REALTIME = standingSection(
  'How the agent and its executor are scheduled. What the kernel does not grant is said in status.',
  {
    enabled: flag(
      'Run before all ordinary processes (SCHED_FIFO), with the program locked in memory, as far as the kernel allows.',
      true,
    ),
    priority: number('SCHED_FIFO priority of the agent; the executor has one more.', [1, 98], {
      default: 1,
    }),
  },
);
