// The form of what is monitored: traffic, links, gateways, checks. No meaning across settings: see
// monitor-checks.ts.
import {
  flag,
  list,
  number,
  section,
  standingSection,
  text,
  type SettingSchema,
} from './setting-schema.js';

const INTERFACE: SettingSchema = { ...text('Name of an interface.', 15), names: 'interface' };

const thresholds = (failures: number, recoveries: number): Record<string, SettingSchema> => ({
  failureThreshold: number('Failures in a row that count.', [1, 255], { default: failures }),
  recoveryThreshold: number('Successes in a row that end a failure.', [1, 255], {
    default: recoveries,
  }),
});

/** Only what all checks have carries a default: it would appear in checks of the other types too. */
const CHECK = section(
  'One check. A failure is a soft fault, or lowers the priority when it has a weight; one of 0 moves nothing.',
  {
    name: text('Name of the check in status, log and events.', 64),
    type: {
      type: 'string',
      description:
        'tcp: a connection is accepted. http: a GET is answered as expected. script: a program exits with 0.',
      enum: ['tcp', 'http', 'script'],
    },
    intervalMs: number('Time from one attempt to the next.', [10, 3_600_000], {
      unit: 'milliseconds',
      default: 1000,
    }),
    timeoutMs: number('For the whole attempt.', [10, 3_600_000], {
      unit: 'milliseconds',
      default: 1000,
    }),
    ...thresholds(3, 2),
    weight: number(
      'A failure lowers the priority by this much. 0: it is shown and told to hooks.monitor, and moves no role. Without a weight it is a soft fault: the role goes to a peer that is sound.',
      [0, 254],
    ),
    host: text('tcp: host name or address. Required.', 253),
    port: number('tcp: the port. Required.', [1, 65_535]),
    url: text('http: what to GET, http:// or https://. Required.', 2000),
    expectStatus: section('http: which answers count as a success.', {
      minimum: number('Lowest status.', [100, 599], { default: 200 }),
      maximum: number('Highest status.', [100, 599], { default: 299 }),
    }),
    expectBody: text('http: text that the first MiB of the body has.', 1000),
    expectHeader: section(
      'http: a header that the answer has.',
      {
        name: text('Name of the header.', 256),
        value: text('Text that it contains. Default: any.', 1000),
      },
      ['name'],
    ),
    requestHeaders: {
      type: 'object',
      description: 'http: headers sent with the request, such as Host.',
      additionalProperties: text('Value of the header.', 1000),
    },
    verifyTls: {
      type: 'boolean',
      description: 'http: whether an https certificate must be valid for the host. Default: true.',
    },
    command: {
      ...list(
        'script: program (an absolute path) and arguments; no shell is involved. Required.',
        text('The program, or an argument.', 4095),
        [1, 64],
      ),
      names: 'command',
    },
  },
  ['name', 'type'],
);

/** The sections of the top, in the order of the documentation. */
export const MONITORS: Readonly<Record<string, SettingSchema>> = {
  bandwidthMonitoring: standingSection(
    'Traffic below a minimum is a soft fault. Judged only while Active, once it has been at the minimum.',
    {
      enabled: flag('Whether traffic is judged.', false, 'Enable Bandwidth Monitoring'),
      interfaces: {
        ...list('What they receive together is judged. Required when enabled.', INTERFACE, [0, 64]),
        default: [],
      },
      minimumBps: number('The minimum.', [1, 1_000_000_000_000], {
        unit: 'bits per second',
        default: 1_000_000,
        page: 'Minimum Bandwidth',
      }),
      seconds: number(
        'Time over which traffic is averaged, and how long a new Active waits for it.',
        [1, 3600],
        { unit: 'seconds', default: 10 },
      ),
    },
  ),
  linkMonitoring: standingSection(
    'Links that traffic passes through, in pairs. A pair is active when both ends have carrier.',
    {
      intervalMs: number(
        'Time between two looks at all links. The kernel tells of changes at once; this finds what it did not tell.',
        [10, 60_000],
        { unit: 'milliseconds', default: 500, page: 'Link Monitoring Interval' },
      ),
      pairs: {
        ...list(
          'The pairs, such as [[eth1, eth2]]. Without any, links are not monitored.',
          list('Two interfaces.', INTERFACE, [2, 2]),
          [0, 64],
        ),
        default: [],
      },
      minimumActive: number('Fewer active pairs are a hard fault. 0: they never are.', [0, 64], {
        default: 1,
        page: 'Minimum Active Links',
      }),
    },
  ),
  gatewayMonitoring: standingSection(
    'Gateways asked by ICMP echo. That none answers is a soft fault.',
    {
      addresses: {
        ...list(
          'The gateways, without prefix length. Without any, nothing is asked.',
          { type: 'string', description: 'Address without prefix length.' },
          [0, 8],
        ),
        default: [],
      },
      interface: {
        ...text(
          'Ask through this interface alone. Required when an address is link-local (fe80::/10).',
          15,
        ),
        names: 'interface',
      },
      intervalMs: number(
        'Time between two questions. One that is not answered within half of it (all of it with a failureThreshold of 1) is a failure; an answer that comes later makes the next one a success.',
        [10, 60_000],
        {
          unit: 'milliseconds',
          default: 200,
        },
      ),
      ...thresholds(3, 3),
    },
  ),
  checks: {
    ...list('What else must work here.', CHECK, [0, 64]),
    default: [],
  },
};
