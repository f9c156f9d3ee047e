// The form of what is monitored: traffic, links, gateways, checks. No meaning across settings: see
// monitor-checks.ts.
import { item, listOf, section, shared, standingSection } from './setting-schema.js';

const INTERFACE = item('Name of an interface.', 15, { names: 'interface' });

const FAILURES = 'Failures in a row that count.';
const RECOVERIES = 'Successes in a row that end a failure.';

/** Only what all checks have carries a default: it would appear in checks of the other types too. */
export const CHECK = section(
  'One check. A failure is a soft fault, or lowers the priority when it has a weight; one of 0 moves nothing.',
  {
    name: shared.text('Name of the check in status, log and events.', 64, {
      examples: ['upcheck'],
    }),
    type: shared.word(
      'tcp: a connection is accepted. http: a GET is answered as expected. script: a program exits with 0.',
      ['tcp', 'http', 'script'],
    ),
    intervalMs: shared.number('Time from one attempt to the next.', [10, 3_600_000], {
      unit: 'milliseconds',
      default: 1000,
    }),
    timeoutMs: shared.number('For the whole attempt.', [10, 3_600_000], {
      unit: 'milliseconds',
      default: 1000,
    }),
    failureThreshold: shared.number(FAILURES, [1, 255], { default: 3 }),
    recoveryThreshold: shared.number(RECOVERIES, [1, 255], { default: 2 }),
    weight: shared.number(
      'A failure lowers the priority by this much. 0: it is shown and told to hooks.monitor, and moves no role. Without a weight it is a soft fault: the role goes to a peer that is sound.',
      [0, 254],
    ),
    host: shared.text('tcp: host name or address. Required.', 253, { examples: ['127.0.0.1'] }),
    port: shared.number('tcp: the port. Required.', [1, 65_535]),
    url: shared.text('http: what to GET, http:// or https://. Required.', 2000, {
      examples: ['http://127.0.0.1:9000/upcheck'],
    }),
    expectStatus: section('http: which answers count as a success.', {
      minimum: shared.number('Lowest status.', [100, 599], { default: 200 }),
      maximum: shared.number('Highest status.', [100, 599], { default: 299 }),
    }),
    expectBody: shared.text('http: text that the first MiB of the body has.', 1000, {
      examples: ['"status":"ok"'],
    }),
    expectHeader: section(
      'http: a header that the answer has.',
      {
        name: shared.text('Name of the header.', 256, { examples: ['Content-Type'] }),
        value: shared.text('Text that it contains. Default: any.', 1000, {
          examples: ['application/json'],
        }),
      },
      ['name'],
    ),
    requestHeaders: shared.mapping(
      'http: headers sent with the request, such as Host.',
      item('Value of the header.', 1000),
      { examples: [{ Host: 'www.example.com' }] },
    ),
    verifyTls: shared.flag(
      'http: whether an https certificate must be valid for the host. Default: true.',
    ),
    command: shared.list(
      'script: program (an absolute path) and arguments; no shell is involved. Required.',
      item('The program, or an argument.', 4095),
      [1, 64],
      { names: 'command', examples: [['/usr/local/bin/upcheck', '--quick']] },
    ),
  },
  ['name', 'type'],
);

export const BANDWIDTH = standingSection(
  'Traffic below a minimum is a soft fault. Judged only while Active, once it has been at the minimum.',
  {
    enabled: shared.flag('Whether traffic is judged.', {
      default: false,
      set: 'bandwidth-monitoring',
      page: 'Enable Bandwidth Monitoring',
    }),
    interfaces: shared.list(
      'What they receive together is judged. Required when enabled.',
      INTERFACE,
      [0, 64],
      { default: [], examples: [['eth1', 'eth2']] },
    ),
    minimumBps: shared.number('The minimum.', [1, 1_000_000_000_000], {
      unit: 'bits per second',
      default: 1_000_000,
      set: 'minimum-bandwidth',
      page: 'Minimum Bandwidth',
    }),
    seconds: shared.number(
      'Time over which traffic is averaged, and how long a new Active waits for it.',
      [1, 3600],
      { unit: 'seconds', default: 10, set: 'bandwidth-interval' },
    ),
  },
);

export const LINKS = standingSection(
  'Links that traffic passes through, in pairs. A pair is active when both ends have carrier.',
  {
    intervalMs: shared.number(
      'Time between two looks at all links, and never more than 5 s. The kernel tells of changes at once; this finds what it did not tell.',
      [10, 60_000],
      {
        unit: 'milliseconds',
        default: 500,
        set: 'link-monitoring-interval',
        page: 'Link Monitoring Interval',
      },
    ),
    pairs: shared.list(
      'The pairs, such as [[eth1, eth2]]. Without any, links are not monitored.',
      listOf('Two interfaces.', INTERFACE, [2, 2]),
      [0, 64],
      {
        default: [],
        examples: [
          [
            ['eth1', 'eth2'],
            ['eth3', 'eth4'],
          ],
        ],
      },
    ),
    minimumActive: shared.number(
      'Fewer active pairs are a hard fault. 0: they never are.',
      [0, 64],
      { default: 1, set: 'minimum-active-links', page: 'Minimum Active Links' },
    ),
  },
);

export const GATEWAYS = standingSection(
  'Gateways asked by ICMP echo. That none answers is a soft fault.',
  {
    addresses: shared.list(
      'The gateways, without prefix length. Without any, nothing is asked.',
      item('Address without prefix length.'),
      [0, 8],
      { default: [], examples: [['10.99.0.1']] },
    ),
    interface: shared.text(
      'Ask through this interface alone. Required when an address is link-local (fe80::/10).',
      15,
      { names: 'interface', examples: ['eth0'] },
    ),
    intervalMs: shared.number(
      'Time between two questions. One that is not answered within half of it (all of it with a failureThreshold of 1) is a failure; an answer that comes later makes the next one a success.',
      [10, 60_000],
      { unit: 'milliseconds', default: 200, set: 'gateway-monitoring-interval' },
    ),
    failureThreshold: shared.number(FAILURES, [1, 255], {
      default: 3,
      set: 'gateway-failure-threshold',
    }),
    recoveryThreshold: shared.number(RECOVERIES, [1, 255], {
      default: 3,
      set: 'gateway-recovery-threshold',
    }),
  },
);
