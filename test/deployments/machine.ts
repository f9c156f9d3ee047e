// How fast the machine is: what stands beside every measured millisecond. No deployment.
import { now } from '../../scripts/lab/clock.js';
import { createLab } from '../../scripts/lab/lab.js';
import { programFor } from '../../scripts/lab/program.js';

const NODE = {
  name: 'machine',
  priority: 100,
  advertisementIntervalMs: 1000,
  routers: [{ name: 'lan', vrid: 51, addresses: ['10.99.0.100/24'] }],
};

/** Only to end a hang. */
const PATIENCE_MS = 60_000;

/** Milliseconds from the start of an agent to its first answer, measured once, with nothing beside it. */
export async function measureAgentStart(): Promise<number> {
  const lab = await createLab({ patienceMs: 60_000 });
  try {
    const agent = lab.appliance('a');
    const startedAt = now();
    agent.start(programFor('understudy', NODE));
    for (;;) {
      const answer = await agent.control.status().catch((error: Error) => error);
      const waitedMs = now() - startedAt;
      if (!(answer instanceof Error)) return waitedMs;
      if (waitedMs > PATIENCE_MS) {
        const seen = `${answer.message}\n${lab.logs()}`;
        throw new Error(`expected within ${PATIENCE_MS} ms: an answer; last seen: ${seen}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  } finally {
    await lab.close();
  }
}
