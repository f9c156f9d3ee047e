// Sends prepared UDP datagrams, as fast as the socket takes them. Started by the lab in a namespace;
// the plan is JSON on stdin.
import { createSocket } from 'node:dgram';
import { text } from 'node:stream/consumers';

export interface DatagramPlan {
  readonly to: string;
  readonly port: number;
  /** Hexadecimal. */
  readonly payloads: readonly string[];
  /** How often all of them are sent; 1 by default. */
  readonly rounds?: number;
}

async function main(): Promise<void> {
  const plan = JSON.parse(await text(process.stdin)) as DatagramPlan;
  const payloads = plan.payloads.map((payload) => Buffer.from(payload, 'hex'));
  const socket = createSocket('udp4');
  for (let round = 0; round < (plan.rounds ?? 1); round += 1) {
    const sent = payloads.map(
      (payload) =>
        new Promise<void>((resolve) => socket.send(payload, plan.port, plan.to, () => resolve())),
    );
    await Promise.all(sent);
  }
  socket.close();
}

void main();
