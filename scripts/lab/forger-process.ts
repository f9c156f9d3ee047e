// Sends prepared Ethernet frames on an interface, some of them each so often, as anybody on the link could. Started by
// the lab in a namespace; the plan is JSON on stdin.
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { openKernel } from '../../src/kernel/native.js';

export interface ForgerPlan {
  readonly interface: string;
  /** Hexadecimal, whole frames without check sequence; each round sends all of them. */
  readonly frames: readonly string[];
  readonly everyMs: number;
  readonly rounds: number;
}

async function main(): Promise<void> {
  const plan = JSON.parse(await text(process.stdin)) as ForgerPlan;
  const kernel = openKernel();
  const watch = kernel.openNetworkWatch(() => undefined);
  const link = [...watch.links.values()].find(({ name }) => name === plan.interface);
  watch.close();
  if (link === undefined) throw new Error(`there is no interface ${plan.interface}`);
  const announcer = kernel.openAnnouncer();
  const batch = plan.frames.map((frame) => ({
    linkIndex: link.index,
    frame: new Uint8Array(Buffer.from(frame, 'hex')),
  }));
  for (let round = 0; round < plan.rounds; round += 1) {
    const failures = announcer.send(batch);
    if (failures.length > 0) throw new Error(`not sent: ${JSON.stringify(failures)}`);
    await pause(plan.everyMs);
  }
  announcer.close();
}

await main();
