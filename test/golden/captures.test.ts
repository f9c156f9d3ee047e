import assert from 'node:assert/strict';
import { describe, test } from '../support/test.js';
import {
  checkDelivery,
  decodeAdvertisement,
  encodeAdvertisement,
  encodeAdvertisementFrame,
  type DecodedAdvertisement,
  type DeliveryScope,
} from '../../src/wire/advertisement.js';
import { createAdvertisementDecoder } from '../../src/wire/advertisement-decoder.js';
import { decodeArpFrame, gratuitousArpFrame } from '../../src/wire/arp.js';
import { unsolicitedNeighborAdvertisementFrame } from '../../src/wire/neighbor-advertisement.js';
import {
  captureNames,
  INJECTOR_MAC,
  ipv6Text,
  readCapture,
  readVectors,
  type CapturedAdvertisement,
  type Vector,
} from './captures.js';
import { injectionCases, type Verdict } from './injection-cases.js';
import { address } from '../support/address.js';

const ADVERTISED_AT_ANOTHER_ROUTER: DeliveryScope = {
  ownAddresses: new Set(),
  ownSources: new Set(),
  unicastPeers: new Set(),
  networks: [],
};
const ROUTER_A: DeliveryScope = {
  ownAddresses: new Set([address('192.0.2.10'), address('fe80::ff:fe00:1')]),
  ownSources: new Set([address('192.0.2.10'), address('fe80::ff:fe00:1')]),
  unicastPeers: new Set(),
  networks: [],
};
/** The unicast capture, seen by whichever router a packet was sent to. */
const UNICAST: DeliveryScope = {
  ownAddresses: new Set([address('192.0.2.20'), address('192.0.2.30')]),
  ownSources: new Set([address('192.0.2.20'), address('192.0.2.30')]),
  unicastPeers: new Set([address('192.0.2.10')]),
  networks: [],
};

const byCapture = new Map(
  captureNames().map((name) => [name, readCapture(name).filter((one) => one.kind === 'vrrp')]),
);
const advertisementsOf = (capture: string): CapturedAdvertisement[] => {
  const advertisements = byCapture.get(capture);
  assert.ok(advertisements, capture);
  return advertisements;
};

const fromDaemon = (one: CapturedAdvertisement): boolean => one.sourceMac !== INJECTOR_MAC;

const accepted = (decoded: DecodedAdvertisement): Extract<DecodedAdvertisement, { ok: true }> => {
  assert.ok(decoded.ok, JSON.stringify(decoded));
  return decoded;
};

function judge(one: CapturedAdvertisement, scope: DeliveryScope, configuredVrid: number): Verdict {
  const undelivered = checkDelivery(one.packet, scope);
  if (undelivered !== null) return undelivered;
  const decoded = decodeAdvertisement(one.packet);
  if (!decoded.ok) return decoded.reason;
  return decoded.advertisement.vrid === configuredVrid ? 'accepted' : 'vrid';
}

describe('captures', () => {
  test('case 5: every advertisement of vectors.json decodes to its fields', () => {
    const vectors = readVectors().filter((vector) => vector.kind === 'vrrp');
    assert.ok(vectors.length >= 46, `${vectors.length} vectors`);
    for (const vector of vectors) {
      const one = advertisementsOf(vector.pcap).find(({ frames }) =>
        frames.some(({ number }) => number === vector.frame),
      );
      assert.ok(one, `${vector.pcap} frame ${vector.frame} is an advertisement`);
      assertEqualsVector(one, vector);
    }
  });

  test('every advertisement a daemon sent is a known vector', () => {
    const vectors = new Map(readVectors().map((vector) => [vector.payload, vector]));
    let count = 0;
    for (const capture of captureNames()) {
      for (const one of advertisementsOf(capture).filter(fromDaemon)) {
        const vector = vectors.get(Buffer.from(one.packet.message).toString('hex'));
        assert.ok(vector, `${capture} frame ${one.frames[0]?.number} is in vectors.json`);
        assertEqualsVector(one, vector);
        count += 1;
      }
    }
    assert.ok(count > 2000, `${count} advertisements`);
  });

  test('every frame of every capture is of a known kind and gets the verdict RFC 9568 demands', () => {
    const verdicts = new Map<Verdict, number>();
    for (const capture of captureNames()) {
      const vrid = advertisementsOf(capture)[0]?.packet.message[1] ?? 0;
      for (const [one, expected] of expectedVerdicts(capture)) {
        const scope = scopeOf(capture, one);
        const verdict = judge(one, scope, vrid);
        assert.equal(verdict, expected, `${capture} frame ${one.frames[0]?.number}`);
        verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      }
    }
    // Every reason a packet can be discarded for stands in some capture.
    assert.equal(verdicts.size, 11, JSON.stringify([...verdicts]));
  });

  test('the remembering decoder says the same of every advertisement', () => {
    for (const capture of captureNames()) {
      const decode = createAdvertisementDecoder();
      for (const { packet } of advertisementsOf(capture)) {
        assert.deepEqual(decode(packet), decodeAdvertisement(packet));
      }
    }
  });

  test('case 43: IP options change nothing; case 44: nor do fragments; case 45: nor does padding', () => {
    const capture = 'keepalived-2.2.7-v3-ipv4-injection.pcap';
    const cases = injectionCases(capture).map(([name]) => name);
    const packets = injectedInto(capture);
    const plain = packets[0];
    assert.ok(plain);
    for (const name of ['IP options', 'two fragments', 'Ethernet padding']) {
      const one = packets[cases.indexOf(name)];
      assert.ok(one, name);
      const { advertisement } = accepted(decodeAdvertisement(one.packet));
      assert.deepEqual(advertisement, accepted(decodeAdvertisement(plain.packet)).advertisement);
    }
  });

  test('every accepted advertisement encodes back to its bytes', () => {
    let count = 0;
    for (const capture of captureNames()) {
      for (const one of advertisementsOf(capture)) {
        const decoded = decodeAdvertisement(one.packet);
        const reserved = (one.packet.message[4] ?? 0) >> 4;
        if (!decoded.ok || reserved !== 0) continue;
        const { source, destination } = one.packet;
        const { advertisement, dialect } = decoded;
        const bytes = encodeAdvertisement(advertisement, { source, destination, dialect });
        assert.deepEqual(Buffer.from(bytes), Buffer.from(one.packet.message), capture);
        count += 1;
      }
    }
    assert.ok(count > 2000, `${count} messages`);
  });

  test('case 6: whole frames equal those the daemons sent', () => {
    const counts = { ipv4: 0, ipv6: 0 };
    for (const capture of captureNames().filter((name) => !name.includes('unicast'))) {
      for (const one of advertisementsOf(capture).filter(fromDaemon)) {
        const decoded = decodeAdvertisement(one.packet);
        if (!decoded.ok) continue;
        const { family, source, destination } = one.packet;
        const { identification, sourceMac } = one;
        const frame = encodeAdvertisementFrame(decoded.advertisement, {
          source,
          destination,
          dialect: decoded.dialect,
          sourceMac,
          identification,
        });
        assert.deepEqual(Buffer.from(frame), withoutFlowLabel(one), capture);
        counts[family] += 1;
      }
    }
    assert.ok(counts.ipv4 > 1000 && counts.ipv6 > 800, JSON.stringify(counts));
  });
});

describe('announcements', () => {
  test("gratuitous ARP differs from a daemon's in the target hardware address alone", () => {
    const vectors = readVectors().filter((vector) => vector.kind === 'garp');
    assert.ok(vectors.length > 0);
    for (const vector of vectors) {
      const captured = Buffer.from(vector.frame_hex, 'hex');
      assert.deepEqual(decodeArpFrame(captured), {
        operation: 1,
        senderMac: vector.sha,
        senderAddress: vector.spa,
        targetMac: vector.tha,
        targetAddress: vector.spa,
      });
      // keepalived fills the target hardware address with ones; RFC 9568 wants the virtual MAC.
      captured.set(captured.subarray(22, 28), 32);
      const frame = gratuitousArpFrame(vector.sha, address(vector.spa));
      assert.deepEqual(Buffer.from(frame), captured);
    }
  });

  test('neighbor advertisements equal those of a daemon on a forwarding router', () => {
    const vectors = readVectors().filter((vector) => vector.kind === 'una' && vector.R === 1);
    assert.ok(vectors.length > 0);
    for (const vector of vectors) {
      const captured = Buffer.from(vector.frame_hex, 'hex');
      const mac = captured.toString('hex', 6, 12).replaceAll(/(..)(?!$)/g, '$1:');
      const frame = unsolicitedNeighborAdvertisementFrame(mac, address(vector.target));
      assert.deepEqual(Buffer.from(frame), captured);
    }
  });
});

/** Each advertisement of the capture with the verdict it has to get. */
function expectedVerdicts(capture: string): [CapturedAdvertisement, Verdict][] {
  const crafted = injectionCases(capture);
  const injected = injectedInto(capture);
  assert.equal(injected.length, crafted.length, capture);
  return advertisementsOf(capture).map((one) => {
    const [, verdict] = crafted[injected.indexOf(one)] ?? [];
    if (verdict !== undefined) return [one, verdict];
    if (capture.includes('-v2-')) return [one, 'version'];
    return [one, capture.includes('globalfirst') ? 'addressList' : 'accepted'];
  });
}

const injectedInto = (capture: string): CapturedAdvertisement[] =>
  advertisementsOf(capture).filter((one) => !fromDaemon(one));

function scopeOf(capture: string, one: CapturedAdvertisement): DeliveryScope {
  if (capture.includes('unicast')) return UNICAST;
  return fromDaemon(one) ? ADVERTISED_AT_ANOTHER_ROUTER : ROUTER_A;
}

/** The frame as captured; both daemons and their kernels invent flow labels, we send 0. */
function withoutFlowLabel(one: CapturedAdvertisement): Buffer {
  const [frame] = one.frames;
  assert.ok(frame);
  const bytes = Buffer.from(frame.bytes);
  if (one.packet.family === 'ipv6') {
    bytes.writeUInt8(bytes.readUInt8(15) & 0xf0, 15);
    bytes.writeUInt16BE(0, 16);
  }
  return bytes;
}

function assertEqualsVector(one: CapturedAdvertisement, vector: Vector): void {
  const decoded = decodeAdvertisement(one.packet);
  if (vector.version === 2) {
    assert.deepEqual([decoded.ok, !decoded.ok && decoded.reason], [false, 'version']);
    return;
  }
  if (vector.pcap.includes('globalfirst')) {
    assert.deepEqual([decoded.ok, !decoded.ok && decoded.reason], [false, 'addressList']);
    return;
  }
  const { advertisement, dialect } = accepted(decoded);
  const message = Buffer.from(vector.payload, 'hex');
  const size = one.packet.family === 'ipv4' ? 4 : 16;
  const addresses = Array.from({ length: vector.count }, (_, index) => {
    const bytes = message.subarray(8 + index * size, 8 + (index + 1) * size);
    return size === 4 ? bytes.join('.') : ipv6Text(bytes);
  });
  assert.deepEqual(advertisement, {
    vrid: vector.vrid,
    priority: vector.priority,
    maxAdvertiseInterval: vector.interval_field,
    addresses,
  });
  const pseudo = vector.checksum_form === 'pseudo-header' && one.packet.family === 'ipv4';
  assert.equal(dialect, pseudo ? 'rfc5798' : 'rfc9568');
}
