// What a message costs the HA port, printed beside a bare UDP echo. No speed is asserted.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { test } from '../support/test.js';
import { decodePeerMessage, encodePeerReport } from '../../src/wire/peer-message.js';
import { address, Appliance, bindSocket, freePort, KEY, reportOf } from './ha-port-rig.js';
import { eventOf } from '../support/limits.js';
import { encodePeerMessage, splitSigned } from '../wire/peer-messages.js';

const MESSAGES = 3_000;

/** CPU time of this process for one datagram there and one back, in µs. */
async function costPerRoundTrip(
  client: Socket,
  port: number,
  datagrams: readonly Uint8Array[],
): Promise<number> {
  const started = process.cpuUsage();
  for (const datagram of datagrams) {
    const answered = eventOf(client, 'message', 'an answer');
    client.send(datagram, port, '127.0.0.1');
    await answered;
  }
  const { user, system } = process.cpuUsage(started);
  return (user + system) / datagrams.length;
}

test('a request received, verified, decoded and answered: CPU time, printed', async (t) => {
  const client = await bindSocket('127.10.2.1', 0);
  const echo = await bindSocket('127.0.0.1', 0);
  echo.on('message', (bytes, from) => echo.send(bytes, from.port, from.address));
  const a = new Appliance('a', await freePort());
  const { port } = client.address();
  await a.start([{ name: 'b', addresses: [address('127.10.2.1')], port }]);
  try {
    a.ha.check('b');
    const [request] = (await eventOf(client, 'message')) as [Uint8Array];
    const heard = decodePeerMessage(request);
    assert.ok(heard.ok);
    const report = encodePeerReport(reportOf('b'));
    const datagrams = Array.from({ length: MESSAGES }, (_, index) => {
      const { datagram, signed, mac } = encodePeerMessage(
        {
          kind: 'request',
          session: 1n,
          sequence: index + 1,
          nonce: Buffer.alloc(16, 1),
          echo: heard.header.nonce,
        },
        report,
      );
      mac.set(createHmac('sha256', KEY).update(signed).digest());
      return datagram;
    });
    const bare = await costPerRoundTrip(client, echo.address().port, datagrams);
    const whole = await costPerRoundTrip(client, a.port, datagrams);
    assert.equal(a.reports.all.length, MESSAGES);
    const [first] = datagrams;
    assert.ok(first !== undefined);
    t.diagnostic(`${first.length} bytes; bare UDP echo ${bare.toFixed(1)} µs`);
    t.diagnostic(`receive, verify, decode, sign, answer ${whole.toFixed(1)} µs, echo included`);
    t.diagnostic(`verify and decode alone ${costOfVerifying(first).toFixed(1)} µs`);
  } finally {
    client.close();
    echo.close();
    await a.stop();
  }
});

function costOfVerifying(datagram: Uint8Array): number {
  const started = process.cpuUsage();
  for (let count = 0; count < MESSAGES; count += 1) {
    createHmac('sha256', KEY).update(splitSigned(datagram).signed).digest();
    decodePeerMessage(datagram);
  }
  const { user, system } = process.cpuUsage(started);
  return (user + system) / MESSAGES;
}
