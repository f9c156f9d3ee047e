// The HMAC of the HA port as another implementation would make and check it, byte for byte, on loopback:
// two ports that are wrong alike would agree. What else a hostile message may be is in ha-port-hostile.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { it } from '../support/test.js';
import { haKey } from '../../src/peer-channel/ha-key.js';
import { openHaPort } from '../../src/peer-channel/ha-port.js';
import { instant } from '../../src/model/units.js';
import { encodePeerReport } from '../../src/wire/peer-message.js';
import { until, within } from '../support/limits.js';
import { address, bindSocket, freePort, KEY, reportOf } from './ha-port-rig.js';
import { encodePeerMessage } from '../wire/peer-messages.js';

it('every message carries all 32 bytes of HMAC-SHA-256, and one wrong byte is enough', async (t) => {
  const where = '127.0.0.77';
  const port = await freePort();
  const peer = await bindSocket(where, 0);
  t.after(() => peer.close());
  const ha = await openHaPort({
    port,
    keys: [haKey(KEY)],
    self: 'here',
    peers: [{ name: 'there', addresses: [address(where)], port: peer.address().port }],
    sourceFor: () => null,
    onReport: () => undefined,
    onDiscard: () => undefined,
    now: () => instant(1),
  });
  t.after(() => ha.close());
  ha.setReport(reportOf('here'));

  const asked = once(peer, 'message') as Promise<[Buffer]>;
  ha.check('there');
  const [request] = await within('a request on the wire', asked, () => ha.counters());
  const sign = (bytes: Uint8Array): Buffer => createHmac('sha256', KEY).update(bytes).digest();
  assert.equal(
    request.subarray(-32).toString('hex'),
    sign(request.subarray(0, -32)).toString('hex'),
  );

  const { datagram, signed, mac } = encodePeerMessage(
    {
      kind: 'answer',
      session: 5n,
      sequence: 1,
      nonce: new Uint8Array(16).fill(1),
      echo: request.subarray(24, 40),
    },
    encodePeerReport(reportOf('there')),
  );
  mac.set(sign(signed));
  for (let index = 0; index < 32; index += 1) {
    const wrong = Buffer.from(datagram);
    const at = datagram.length - 32 + index;
    wrong[at] = (wrong[at] ?? 0) ^ 1;
    peer.send(wrong, port, '127.0.0.1');
  }
  peer.send(datagram, port, '127.0.0.1');

  const { discarded } = await until(
    'the one message with the right HMAC is taken',
    () => ha.counters(),
    ({ paths }) => paths[0]?.received === 1,
  );
  assert.deepEqual(discarded, { authentic: 32 });
});
