// Octopus Deploy behind a pair of nginx balancers: which parts fail, in which order, and what that may
// cost; the maintenance of its nodes; and whose address they note for the audit trail.
import { readFileSync } from 'node:fs';
import { attempt, type Completed } from '../../scripts/lab/command.js';
import type { ApplianceName, HostName } from '../../scripts/lab/network.js';
import { ROOT } from '../../scripts/lab/program.js';
import { auditedAddress } from './audit.js';
import { balancers, operations } from './balancers.js';
import { planned, unnoticed } from './bounds.js';
import { WITH_COMMAND } from './host.js';
import { operate, type Remote } from './operator.js';
import type { Chapter } from './chapter.js';
import { sameScreen } from './screen.js';
import type { Site, SitePlan } from './site.js';
import type { Asked } from './stand-in.js';

const VIRTUAL = '10.99.0.100';
const CLIENT = '10.99.0.10';
const PING = '/api/octopusservernodes/ping';
/** From which nginx asks: what the page lists as trusted proxies; and what somebody might write instead. */
const OWN_ADDRESSES: Readonly<Record<string, string>> = { a: '10.99.0.1', b: '10.99.0.2' };
const TRUSTED = Object.values(OWN_ADDRESSES);
const TRUSTED_RANGE = ['10.99.0.0/24'];
const FORGED = '203.0.113.66';

const NODES = ['octopus-1', 'octopus-2', 'octopus-3'];

const node = (number: number) => ({
  host: { address: `10.99.0.1${number}/24`, gateway: '10.99.0.254' },
  plan: {
    name: `octopus-${number}`,
    services: [{ kind: 'http' as const, port: 8080, paths: { [PING]: '{}' }, workMs: 2 }],
  },
});

const balancer = (number: 1 | 2) => ({
  'etc/understudy.yaml': `octopus-lb-${number}.yaml`,
  'nginx/nginx.conf': 'nginx.conf',
  'nginx/understudy-upstreams.conf': 'understudy-upstreams.conf',
});

const PLAN: SitePlan = {
  name: 'octopus',
  appliances: { a: 'octopus-lb-1', b: 'octopus-lb-2' },
  files: { a: balancer(1), b: balancer(2) },
  standIns: { 'host-octopus-1': node(1), 'host-octopus-2': node(2), 'host-octopus-3': node(3) },
  hooks: { monitor: 'nginx-upstream' },
  nginx: true,
  targets: [
    { name: 'portal', url: `http://${VIRTUAL}/app` },
    { name: 'api', url: `http://${VIRTUAL}/api/Spaces-1/projects` },
  ],
  // A node that hangs keeps a request for proxy_read_timeout, 10 s; then another node answers it.
  requestTimeoutMs: 15_000,
  addresses: [VIRTUAL],
};

export const octopus: readonly Chapter[] = [
  {
    title: 'Octopus Deploy',
    plan: () => PLAN,
    parts: {
      operations: async (site) => {
        await site.answering(NODES);
        await notesTheClient(site);
        await operations(site, () => notesTheClient(site));
      },
      upload,
      maintenance,
      nodes,
      balancers: (site) => balancers(site, () => notesTheClient(site)),
    },
  },
];

/**
 * The nodes are told the client's own address by the balancer that has the virtual address, whatever the
 * client says itself. @throws Error when not.
 */
async function notesTheClient(site: Site): Promise<void> {
  const holder = (): string => OWN_ADDRESSES[site.lab.holding(VIRTUAL).join()] ?? 'nobody';
  for (const headers of [{}, { 'x-forwarded-for': FORGED }]) {
    const before = holder();
    const asked = await site.askJson<Asked>({ url: `http://${VIRTUAL}/api/audit`, headers });
    if (asked.from !== before && asked.from !== holder()) {
      throw new Error(`${asked.instance}: asked by ${before} expected, found ${asked.from}`);
    }
    for (const trusted of [TRUSTED, TRUSTED_RANGE]) {
      const noted = auditedAddress(asked, trusted);
      if (noted === CLIENT) continue;
      throw new Error(
        `${asked.instance}, which trusts ${trusted.join(', ')}: ${CLIENT} expected in the audit ` +
          `trail, found ${noted} (X-Forwarded-For: ${asked.forwardedFor})`,
      );
    }
  }
}

const PACKAGE = { bytes: 4_000_000, overMs: 4_000 };

/** Sends a package all the while. @throws Error when it does not arrive as a whole. */
async function whileUploading(site: Site, act: () => Promise<unknown>): Promise<void> {
  const { underWay, answer } = site.ask({
    url: `http://${VIRTUAL}/api/Spaces-1/packages/raw`,
    method: 'POST',
    upload: PACKAGE,
  });
  await underWay;
  await Promise.all([act(), answer]);
  const { receivedBytes } = JSON.parse((await answer).body) as Asked;
  if (receivedBytes !== PACKAGE.bytes) {
    throw new Error(`a package of ${PACKAGE.bytes} bytes expected, ${receivedBytes} received`);
  }
}

async function upload(site: Site): Promise<void> {
  const [a, b] = [site.lab.appliance('a'), site.lab.appliance('b')];
  await whileUploading(site, () =>
    site.observe(planned('failover during an upload of 4 s', 'b'), () =>
      a.patientControl.command('failover'),
    ),
  );
  await whileUploading(site, () =>
    site.observe(planned('failover back during another', 'a'), () =>
      b.patientControl.command('failover'),
    ),
  );
}

/** One node after the other, by the script of the page. */
async function maintenance(site: Site): Promise<void> {
  for (const name of NODES) {
    const part = { ...planned(`maintenance of ${name}`, 'a'), answering: NODES };
    await site.observe(part, async () => {
      await runScript(site, name, 0);
      await site.answering(NODES);
    });
  }
  await site.settled(['a']);
}

/** What the script says; it must end with this exit code. */
async function runScript(site: Site, name: string, expected: number): Promise<string> {
  const script = `${ROOT}docs/deployments/octopus/maintain-node`;
  const directory = `${site.lab.network.directory}/operator`;
  const { code, stderr } = await operate(directory, [script, name], remote(site));
  if (code === expected) return stderr;
  throw new Error(
    `maintain-node ${name}: exit code ${expected} expected, found ${code}: ${stderr}`,
  );
}

/** Never a second node: the script refuses. @throws Error when it does not, or not for that reason. */
async function refusesSecond(site: Site, name: string): Promise<void> {
  const said = await runScript(site, name, 1);
  if (!said.includes('all other nodes in service expected')) {
    throw new Error(`maintain-node ${name}: another reason expected, found: ${said}`);
  }
}

const DONE: Completed = { code: 0, stdout: '', stderr: '' };

/** What the hosts do with the commands of the page's script. */
function remote(site: Site): Remote {
  const appliances = Object.entries(PLAN.appliances) as [ApplianceName, string][];
  return async ({ host, command, input }) => {
    const appliance = appliances.find(([, name]) => name === host);
    if (appliance !== undefined) {
      return attempt(site.nginx[appliance[0]].inside([...WITH_COMMAND, ...command]), input);
    }
    const standIn = site.standIn(host);
    const words = command.join(' ');
    if (words === 'update-octopus') {
      await standIn.stop();
      await standIn.start();
      // Draining is remembered in the database.
      await standIn.order(ping(418));
    } else if (words === 'Octopus.Server node --drain=true --wait=3600') {
      await standIn.order(ping(418));
    } else if (words === 'Octopus.Server node --drain=false') {
      await standIn.order(ping(200));
    } else throw new Error(`${host}: ${words}: a command of maintain-node expected`);
    return DONE;
  };
}

const ping = (status: number) => ({ kind: 'answer', path: PING, status }) as const;

/** Nodes in each way that they can fail; the balancers stay. */
async function nodes(site: Site): Promise<void> {
  const [first, second, third] = NODES.map((name) => site.standIn(name));
  if (first === undefined || second === undefined || third === undefined) return;
  await fails(site, 'octopus-1', 'killed', {
    break: () => first.kill(),
    mend: () => first.start(),
  });
  await fails(site, 'octopus-2', 'drains', {
    break: () => second.order(ping(418)),
    mend: () => second.order(ping(200)),
    meanwhile: async () => {
      await showsTheNode(site);
      await refusesSecond(site, 'octopus-1');
    },
  });
  await fails(site, 'octopus-3', 'hangs', {
    break: async () => third.freeze(),
    mend: async () => third.thaw(),
  });
  const host: HostName = 'host-octopus-1';
  await fails(site, 'octopus-1', 'silent: its host is dead,', {
    break: () => site.lab.unplugHost(host),
    mend: () => site.lab.plugHost(host),
  });
}

interface Failure {
  readonly break: () => Promise<void>;
  readonly mend: () => Promise<void>;
  readonly meanwhile?: () => Promise<void>;
}

async function fails(site: Site, name: string, part: string, failure: Failure): Promise<void> {
  const others = NODES.filter((one) => one !== name);
  const broken = { ...unnoticed(`${name} ${part}`), leftOutBy: 'hook' } as const;
  await site.observe({ ...broken, answering: others }, async () => {
    await failure.break();
    await site.leftOut([name]);
    await site.answering(others);
  });
  await failure.meanwhile?.();
  await site.observe({ ...unnoticed('and is back'), answering: NODES }, async () => {
    await failure.mend();
    await site.leftOut([]);
    await site.answering(NODES);
  });
  await site.settled(['a']);
}

/** The screen on the page is what `understudy status` says. @throws Error with what it says, when not. */
async function showsTheNode(site: Site): Promise<void> {
  const page = readFileSync(`${ROOT}docs/deployments/octopus.md`, 'utf8');
  const screen = await site.on('a', [...WITH_COMMAND, 'understudy', 'status']);
  const json = JSON.parse(
    await site.on('a', [...WITH_COMMAND, 'understudy', 'status', '--json']),
  ) as { readonly monitors: readonly { readonly name: string }[] };
  const monitor = json.monitors.find(({ name }) => name === 'octopus-2');
  sameScreen(page, 'status', screen);
  sameScreen(page, 'status --json', `${JSON.stringify(monitor, null, 2)}\n`);
}
