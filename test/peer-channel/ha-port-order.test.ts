// What the HA port sends and takes, judged by what comes next: a message that is missing is missed as soon
// as the following one has arrived, and of one that must be discarded the first word counts. Real sockets
// on loopback; no clock is waited for.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from '../support/test.js';
import { until, within } from '../support/limits.js';
import {
  decodePeerMessage,
  encodePeerReport,
  PEER_MESSAGE_KINDS,
  type PeerMessageKind,
} from '../../src/wire/peer-message.js';
import { KEY, Pair, reportOf, type Packet } from './ha-port-rig.js';
import { encodePeerMessage } from '../wire/peer-messages.js';

const kindOf = ({ bytes }: Packet): PeerMessageKind | undefined =>
  PEER_MESSAGE_KINDS[(bytes[6] ?? 0) - 1];

/** What `a` sends on the path from now on, up to its next request. */
async function untilRequest({ network }: Pair, path: number): Promise<readonly unknown[]> {
  const start = network.recorded.all.length;
  const ours = (packet: Packet): boolean => packet.to === 'b' && packet.path === path;
  const sent = (): Packet[] => network.recorded.all.slice(start).filter(ours);
  const done = network.recorded.until(() => sent().some((one) => kindOf(one) === 'request'));
  await within(`a request on path ${path}`, done, () => sent().map(kindOf));
  return sent().map(kindOf);
}

for (const word of ['push', 'bye'] as const) {
  test(`a ${word} goes out at once on every path, before all that is sent after it`, async () => {
    const pair = await Pair.open(2);
    try {
      await within('the two in touch', pair.meet());
      const paths = [untilRequest(pair, 0), untilRequest(pair, 1)];
      pair.a.ha[word](reportOf('a', { fit: false }));
      pair.a.ha.check('b');
      assert.deepEqual(await Promise.all(paths), [
        [word, 'request'],
        [word, 'request'],
      ]);
    } finally {
      await pair.close();
    }
  });
}

/** What `b` says first of a datagram: the report that it took, or why it discarded it. */
async function firstWord({ b, network }: Pair, bytes: Buffer): Promise<string> {
  const [reports, discards] = [b.reports.all.length, b.discards.all.length];
  network.inject({ to: 'b', path: 0, bytes });
  const said = (): string[] => [
    ...b.reports.all.slice(reports).map(({ report }) => `a report of ${report.name}`),
    ...b.discards.all.slice(discards).map(({ reason }) => reason),
  ];
  const words = await until('a word of b', said, ({ length }) => length > 0, 1);
  return words.join(', ');
}

/** The next datagram of `a` to `b`, which does not arrive. */
async function kept({ a, network }: Pair): Promise<Buffer> {
  network.passes = () => false;
  const start = network.recorded.all.length;
  a.ha.check('b');
  const [packet] = await within(
    'a request',
    network.recorded.matching(({ to }) => to === 'b', 1, start),
  );
  assert.ok(packet !== undefined);
  return packet.bytes;
}

test('every byte of the HMAC counts, the last one too', async () => {
  const pair = await Pair.open(1);
  try {
    await within('the two in touch', pair.meet());
    const bytes = await kept(pair);
    const forged = Buffer.from(bytes);
    forged.writeUInt8((forged.at(-1) ?? 0) ^ 1, forged.length - 1);
    assert.equal(await firstWord(pair, forged), 'authentic');
    assert.equal(await firstWord(pair, bytes), 'a report of a', 'as it was sent');
  } finally {
    await pair.close();
  }
});

test('an authentic message by another name than the one configured is not taken', async () => {
  const pair = await Pair.open(1);
  try {
    await within('the two in touch', pair.meet());
    const bytes = await kept(pair);
    const message = decodePeerMessage(bytes);
    assert.ok(message.ok);
    const { datagram, signed, mac } = encodePeerMessage(
      message.header,
      encodePeerReport(reportOf('c')),
    );
    mac.set(createHmac('sha256', KEY).update(signed).digest());
    assert.equal(await firstWord(pair, Buffer.from(datagram)), 'unknownSender');
    assert.equal(await firstWord(pair, bytes), 'a report of a', 'by its own name');
  } finally {
    await pair.close();
  }
});
