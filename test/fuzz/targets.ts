// The decoders that read what somebody else wrote, each with what must hold whatever it is given. What feeds them:
// fuzz.ts.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { parseSettings } from '../../src/config/load.js';
import { parsePath } from '../../src/config/on-page.js';
import type { ControlHandlers } from '../../src/control/protocol.js';
import { handle } from '../../src/control/requests.js';
import { importKeepalived } from '../../src/import/import.js';
import { parseAddress, type Family, type IpAddress } from '../../src/model/address.js';
import { DISCARD_REASONS } from '../../src/model/advertisement.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import { centiseconds } from '../../src/model/units.js';
import {
  decodeAdvertisement,
  encodeAdvertisement,
  VRRP_GROUP,
  VRRP_PROTOCOL,
  type ReceivedMessage,
} from '../../src/wire/advertisement.js';
import { internetChecksum, pseudoHeader } from '../../src/wire/checksum.js';
import {
  decodePeerMessage,
  encodePeerMessage,
  encodePeerReport,
  kindOfRepetition,
  PEER_DISCARD_REASONS,
  type PeerHeader,
  type ReportMemory,
} from '../../src/wire/peer-message.js';
import type { Target } from './fuzz.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const textOf = (input: Buffer): string => input.toString('utf8');
/** Of a list whose words stand between broken bars. */
const wordsOf = (text: string): Buffer[] => text.split('¦').map((word) => Buffer.from(word));

/** The files below a folder that end so. */
const filesBelow = (folder: string, end: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => join(ROOT, folder, name));

// --- advertisements -----------------------------------------------------------------------------

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  assert(parsed !== null, text);
  return parsed;
}

const SOURCE: Readonly<Record<Family, IpAddress>> = {
  ipv4: address('192.0.2.2'),
  ipv6: address('fe80::2'),
};
const ADDRESSES: Readonly<Record<Family, readonly IpAddress[]>> = {
  ipv4: [address('192.0.2.100'), address('192.0.2.101')],
  ipv6: [address('fe80::64'), address('2001:db8::64')],
};

/** Bits of the first byte of an input. */
const IPV6 = 1;
const REPAIRED = 2;
const BARE = 4;
const LOW_HOP_LIMIT = 8;

/** What arrived: the first byte says how, so that mutations reach what stands behind the checksum. */
function receivedFrom(input: Buffer): ReceivedMessage {
  const how = input[0] ?? 0;
  const family: Family = (how & IPV6) === 0 ? 'ipv4' : 'ipv6';
  const [source, destination] = [SOURCE[family], VRRP_GROUP[family]];
  const message = Uint8Array.from(input.subarray(1));
  if ((how & REPAIRED) !== 0 && message.length >= 8) {
    message.fill(0, 6, 8);
    const pseudo = pseudoHeader(source, destination, VRRP_PROTOCOL, message.length);
    const bare = family === 'ipv4' && (how & BARE) !== 0;
    const sum = bare ? internetChecksum(message) : internetChecksum(pseudo, message);
    new DataView(message.buffer).setUint16(6, sum);
  }
  return {
    family,
    source,
    destination,
    hopLimit: (how & LOW_HOP_LIMIT) === 0 ? 255 : 254,
    message,
  };
}

const advertisement: Target = {
  name: 'advertisement',
  words: [],
  longest: 1 + 8 + 255 * 16,
  seeds: (['ipv4', 'ipv6'] as const).flatMap((family) =>
    [0, REPAIRED, REPAIRED | BARE].map((how) => {
      const message = encodeAdvertisement(
        {
          vrid: 51,
          priority: 100,
          maxAdvertiseInterval: centiseconds(100),
          addresses: ADDRESSES[family],
        },
        { source: SOURCE[family], destination: VRRP_GROUP[family], dialect: 'rfc9568' },
      );
      return Buffer.from([how | (family === 'ipv6' ? IPV6 : 0), ...message]);
    }),
  ),
  take: (input) => {
    const packet = receivedFrom(input);
    const decoded = decodeAdvertisement(packet);
    if (!decoded.ok) {
      assert(decoded.reason in DISCARD_REASONS, decoded.reason);
      return decoded.reason;
    }
    const { source, destination } = packet;
    const again = encodeAdvertisement(decoded.advertisement, {
      source,
      destination,
      dialect: decoded.dialect,
    });
    const second = decodeAdvertisement({ ...packet, message: again });
    assert(second.ok, 'what was decoded can be encoded');
    assert.deepEqual(second.advertisement, decoded.advertisement);
    return `${packet.family} ${decoded.dialect} of ${decoded.advertisement.addresses.length}`;
  },
};

// --- peer messages ------------------------------------------------------------------------------

const REPORT: PeerReport = {
  name: 'there',
  mode: 'active-passive',
  primary: false,
  fit: true,
  sound: true,
  gateway: 'reachable',
  bandwidthLow: false,
  primaryAddresses: [SOURCE.ipv4, SOURCE.ipv6],
  digests: { virtualRouters: 1, addresses: 2, intervals: 3, thresholds: 4, primaries: 5, rules: 6 },
  cause: { reason: 'failover', detail: 'root', forced: false, doubtful: false },
  routers: Array.from({ length: 3 }, () => ({
    state: 'Backup',
    effectivePriority: 100,
    addressesPresent: false,
    wantsUnicast: true,
    releasing: false,
    evidence: 3,
  })),
};

const HEADER: PeerHeader = {
  kind: 'request',
  session: 7n,
  sequence: 3,
  nonce: new Uint8Array(16).fill(1),
  echo: new Uint8Array(16).fill(2),
};

const datagramOf = (header: PeerHeader, keys: readonly number[]): Buffer =>
  Buffer.from(encodePeerMessage(header, encodePeerReport(REPORT, keys)).datagram);

const KNOWN = datagramOf(HEADER, [1, 2]);

const peerMessage: Target = {
  name: 'peer-message',
  words: [],
  longest: 1300,
  seeds: (['request', 'answer', 'push', 'bye'] as const).flatMap((kind) => [
    datagramOf({ ...HEADER, kind }, []),
    datagramOf({ ...HEADER, kind, echo: null }, [1, 2, 3]),
  ]),
  take: (input) => {
    const decoded = decodePeerMessage(input);
    const memory: ReportMemory = { bytes: null, report: null };
    decodePeerMessage(KNOWN, memory);
    const view = new DataView(input.buffer, input.byteOffset, input.length);
    const repetition = kindOfRepetition(input, view, 0, input.length, memory);
    // The short way never accepts what the long way would refuse.
    if (repetition !== null) {
      assert(decoded.ok, 'a repetition that cannot be decoded');
      assert.equal(decoded.header.kind, repetition);
    }
    if (!decoded.ok) {
      assert(decoded.reason in PEER_DISCARD_REASONS, decoded.reason);
      return `${decoded.reason} ${decoded.detail.replaceAll(/[\d.]+|"[^"]*"/g, '_').slice(0, 40)}`;
    }
    assert(decoded.report.name.length > 0);
    assert(Number.isSafeInteger(decoded.header.sequence) && decoded.header.sequence > 0);
    return `${decoded.header.kind} ${decoded.report.routers.length} routers`;
  },
};

// --- settings -----------------------------------------------------------------------------------

const HOST = { hostName: () => 'here', fileExists: () => true };

const settings: Target = {
  name: 'settings',
  words: wordsOf(
    'ha:¦peers: [¦- {¦}¦]¦&a ¦*a¦<<: *a¦!!binary ¦|\n¦>-\n¦"¦\'¦#¦: ¦\n  ¦\t¦\0¦\u2028¦\ufeff¦' +
      '---\n¦...\n¦? ¦null¦~¦true¦yes¦1e9¦0x1F¦.inf¦-1¦10.0.0.1¦fe80::1%eth0¦[::]¦addresses¦' +
      'virtualRouters¦vrid¦checks¦__proto__¦constructor¦toString',
  ),
  longest: 4_096,
  seeds: filesBelow('docs/deployments', '.yaml').map((file) =>
    readFileSync(file).subarray(0, 4_096),
  ),
  take: (input) => {
    const result = parseSettings(textOf(input), 'understudy.yaml', HOST);
    if (result.ok) return `ok, ${result.settings.virtualRouters.length} virtual routers`;
    assert(result.errors.length > 0, 'refused without an error');
    for (const { expected, found, remedy, line } of result.errors) {
      assert(
        expected.length > 0 && found.length > 0 && remedy.length > 0,
        'an error that says nothing',
      );
      assert(line === undefined || line >= 1);
    }
    return [...new Set(result.errors.map(({ code }) => code))].slice(0, 3).join();
  },
};

// --- the control socket -------------------------------------------------------------------------

const done = { ok: true, detail: 'done' } as const;
const refused = (): never => assert.fail('not asked for');
const HANDLERS: ControlHandlers = {
  status: refused,
  settings: refused,
  metrics: refused,
  events: refused,
  follow: refused,
  set: async () => ({ ok: false, file: 'understudy.yaml', errors: [] }),
  change: async ({ base, changes }) => {
    assert.equal(typeof base, 'string');
    for (const { path } of changes) parsePath(path);
    return { ok: false, file: 'understudy.yaml', errors: [] };
  },
  reload: async () => ({ ok: false, file: 'understudy.yaml', errors: [] }),
  command: async (name, argument) => {
    assert.equal(typeof name, 'string');
    assert(argument === undefined || typeof argument === 'string');
    return done;
  },
};

const control: Target = {
  name: 'control',
  words: wordsOf(
    '{¦}¦[¦]¦"¦:¦,¦null¦true¦1e999¦"command"¦"argument"¦"set"¦"setting"¦"value"¦"failover"¦' +
      '"maintenance"¦"on"¦"__proto__"¦"base"¦"changes"¦"path"¦"apply"¦"virtualRouters[0].vrid"',
  ),
  longest: 1_024,
  seeds: [
    { command: 'failover' },
    { command: 'maintenance', argument: 'on', force: true },
    { command: 'bypass', argument: 'engage' },
    { command: 'flaps', argument: 'clear' },
    { setting: 'ha.mode', value: 'off' },
  ].map((body) => Buffer.from(JSON.stringify(body))),
  take: async (input) => {
    const body = textOf(input);
    const answers = await Promise.all(
      (['set', 'change', 'command'] as const).map((name) =>
        handle(name, { body, uid: 0 }, HANDLERS),
      ),
    );
    for (const { status } of answers) assert([200, 400, 409, 422].includes(status), `${status}`);
    return answers.map(({ status }) => status).join();
  },
};

// --- keepalived.conf ----------------------------------------------------------------------------

const CHOICES = {
  name: 'here',
  primary: true,
  peer: { name: 'there', addresses: [address('192.0.2.2')] },
  hookPath: '/etc/understudy/hook',
};

const keepalived: Target = {
  name: 'keepalived',
  words: wordsOf(
    '{¦}¦\n¦!¦#¦"¦\'¦$A=¦${A}¦${_ENV HOME}¦@here ¦@^here ¦~SEQ(A,1,3) ¦~LST(A,1,2) ¦include ¦' +
      '*¦vrrp_instance ¦vrrp_script ¦track_script¦track_interface¦virtual_ipaddress¦weight -20¦' +
      'advert_int 0.01¦vrrp_sync_group ¦group¦state MASTER¦priority 255¦unicast_peer¦use_vmac',
  ),
  longest: 4_096,
  seeds: filesBelow('test/import/files', '.conf').map((file) =>
    readFileSync(file).subarray(0, 4_096),
  ),
  take: (input) => {
    const text = textOf(input);
    const result = importKeepalived(
      '/etc/keepalived/keepalived.conf',
      {
        read: (path) =>
          path === '/etc/keepalived/keepalived.conf'
            ? { text }
            : { problem: 'there is no such file' },
        glob: () => [],
        configId: 'here',
        environment: { HOME: '/root' },
      },
      CHOICES,
    );
    if (!result.ok) {
      assert(result.errors.length > 0, 'refused without an error');
      const [first] = result.errors;
      assert(first !== undefined && first.expected !== '' && first.remedy !== '');
      return `refused: ${first.expected.replaceAll(/\d+|"[^"]*"/g, '_').slice(0, 60)}`;
    }
    const written = parseSettings(stringify(result.imported.settings), 'imported.yaml', HOST);
    if (!written.ok)
      assert.fail(`check refuses what was imported: ${JSON.stringify(written.errors[0])}\n${text}`);
    return `ok: ${[...new Set(result.account.map(({ verdict }) => verdict))].toSorted().join()}`;
  },
};

export const TARGETS: readonly Target[] = [
  advertisement,
  peerMessage,
  settings,
  control,
  keepalived,
];
