// Tessera behind a pair of nginx balancers: which parts fail, in which order, and what that may cost. The
// back ends listen where the page's own configuration of Tessera says, and tell what it advertises.
import { readFileSync } from 'node:fs';
import { ROOT } from '../../scripts/lab/program.js';
import { balancers, operations } from './balancers.js';
import { met, planned, unnoticed } from './bounds.js';
import type { Chapter } from './chapter.js';
import type { Site, SitePlan } from './site.js';
import type { HttpService } from './stand-in.js';

type App = 'Q2T' | 'ThirdParty' | 'P2P';

/** As much of Tessera's configuration as says who listens where. */
interface Configuration {
  readonly serverConfigs: readonly {
    readonly app: App;
    /** What others are told. */
    readonly serverAddress: string;
    readonly bindingAddress: string;
  }[];
  readonly peer: readonly { readonly url: string }[];
}

const FOLDER = `${ROOT}docs/deployments/tessera`;
const VIRTUAL = '10.99.0.100';

const configurationOf = (instance: 1 | 2): Configuration =>
  JSON.parse(readFileSync(`${FOLDER}/tessera-${instance}.json`, 'utf8')) as Configuration;

function services({ serverConfigs, peer }: Configuration): HttpService[] {
  return serverConfigs.map(({ app, serverAddress, bindingAddress }) => {
    const { hostname, port } = new URL(bindingAddress);
    const told = { url: serverAddress, peers: peer };
    return {
      kind: 'http',
      address: hostname,
      port: Number(port),
      paths: {
        '/upcheck': "I'm up!",
        ...(app === 'P2P' ? { '/partyinfo': JSON.stringify(told) } : {}),
      },
      workMs: 2,
    };
  });
}

const instance = (number: 1 | 2) => ({
  host: { address: `10.99.0.1${number}/24`, gateway: '10.99.0.254' },
  plan: { name: `tessera-${number}`, services: services(configurationOf(number)) },
});

const balancer = (number: 1 | 2) => ({
  'etc/understudy.yaml': `tessera-lb-${number}.yaml`,
  'nginx/nginx.conf': 'nginx.conf',
  'nginx/understudy-upstreams.conf': 'understudy-upstreams.conf',
});

export const plan = (): SitePlan => ({
  name: 'tessera',
  appliances: { a: 'tessera-lb-1', b: 'tessera-lb-2' },
  files: { a: balancer(1), b: balancer(2) },
  standIns: { 'host-tessera-1': instance(1), 'host-tessera-2': instance(2) },
  hooks: { monitor: 'nginx-upstream' },
  nginx: true,
  targets: [
    { name: 'q2t', url: `http://${VIRTUAL}:9101/transaction` },
    { name: 'POST /send', url: `http://${VIRTUAL}:9101/send`, method: 'POST', body: '{}' },
    { name: 'third party', url: `http://${VIRTUAL}:9080/keys` },
    { name: 'p2p', url: `http://${VIRTUAL}:9000/partyinfo` },
  ],
  addresses: [VIRTUAL],
});

const BOTH = ['tessera-1', 'tessera-2'];
/** nginx does not give a request to the other instance that this one may have carried out. */
const EXPOSED = ['POST /send'];

export const tessera: readonly Chapter[] = [
  {
    title: 'Tessera',
    plan,
    parts: {
      operations: async (site) => {
        await site.answering(BOTH);
        await tellsVirtualAddress(site);
        await operations(site, () => tellsVirtualAddress(site));
      },
      maintenance,
      instances,
      balancers: async (site) => {
        await balancers(site, () => tellsVirtualAddress(site));
        await tellsVirtualAddress(site);
      },
    },
  },
];

/**
 * Peers are told the virtual address by whichever instance they ask, and what they are told answers.
 * @throws Error when not.
 */
async function tellsVirtualAddress(site: Site): Promise<void> {
  const wanted = `http://${VIRTUAL}:9000`;
  // One after the other: nginx asks the instances in turn.
  for (const _ of BOTH) {
    const { url } = await site.askJson<{ readonly url: string }>({ url: `${wanted}/partyinfo` });
    if (url !== wanted) throw new Error(`peers should be told ${wanted}, found ${url}`);
    await site.ask({ url: `${url}/upcheck` }).answer;
  }
}

/** One instance is taken out, stopped, started and taken back. */
async function maintenance(site: Site): Promise<void> {
  const first = site.standIn('tessera-1');
  const out = '/etc/understudy/out-tessera-1';
  const onBoth = (argv: readonly string[]): Promise<unknown> =>
    Promise.all([site.on('a', argv), site.on('b', argv)]);
  const without = { answering: ['tessera-2'] };
  const takenOut = { ...planned('one instance taken out', 'a'), leftOutBy: 'hook' } as const;
  await site.observe({ ...takenOut, ...without }, async () => {
    await onBoth(['touch', out]);
    await site.leftOut(['tessera-1']);
    await site.answering(['tessera-2']);
  });
  await site.observe({ ...planned('stopped', 'a'), ...without }, () => first.stop());
  const [a, b] = [site.lab.appliance('a'), site.lab.appliance('b')];
  await site.observe({ ...planned('failover meanwhile', 'b'), ...without }, () =>
    a.patientControl.command('failover'),
  );
  await site.observe({ ...planned('and back', 'a'), ...without }, () =>
    b.patientControl.command('failover'),
  );
  await site.observe({ ...planned('started', 'a'), ...without }, () => first.start());
  await site.observe({ ...planned('and taken back', 'a'), answering: BOTH }, async () => {
    await onBoth(['rm', out]);
    await back(site);
  });
  await site.settled(['a']);
}

/** Each instance in each way that it can fail; the balancers stay. */
async function instances(site: Site): Promise<void> {
  await fails(site, 1, {
    part: 'killed',
    exposed: EXPOSED,
    break: (one) => one.kill(),
    mend: (one) => one.start(),
  });
  await fails(site, 2, {
    part: 'killed',
    exposed: EXPOSED,
    break: (one) => one.kill(),
    mend: (one) => one.start(),
  });
  await fails(site, 1, {
    part: 'hangs',
    exposed: EXPOSED,
    break: async (one) => one.freeze(),
    mend: async (one) => one.thaw(),
  });
  const upcheck = (status: number) => ({ kind: 'answer', path: '/upcheck', status }) as const;
  await fails(site, 2, {
    part: 'answers 503, on /upcheck only,',
    exposed: [],
    break: (one) => one.order(upcheck(503)),
    mend: (one) => one.order(upcheck(200)),
  });
  await fails(site, 1, {
    part: 'silent: its host is unplugged,',
    exposed: EXPOSED,
    break: () => site.lab.unplugHost('host-tessera-1'),
    mend: () => site.lab.plugHost('host-tessera-1'),
  });
}

interface Failure {
  readonly part: string;
  readonly exposed: readonly string[];
  readonly break: (one: ReturnType<Site['standIn']>) => Promise<void>;
  readonly mend: (one: ReturnType<Site['standIn']>) => Promise<void>;
}

async function fails(site: Site, number: 1 | 2, failure: Failure): Promise<void> {
  const name = `tessera-${number}`;
  const others = BOTH.filter((one) => one !== name);
  const one = site.standIn(name);
  const broken = {
    ...met(`${name} ${failure.part}`, failure.exposed),
    answering: others,
    leftOutBy: 'hook',
  } as const;
  await site.observe(broken, async () => {
    await failure.break(one);
    await site.leftOut([name]);
    await site.answering(others);
  });
  await site.observe({ ...unnoticed(`and is back`), answering: BOTH }, async () => {
    await failure.mend(one);
    await back(site);
  });
  await site.settled(['a']);
}

/** nginx asks both again, on both balancers. */
async function back(site: Site): Promise<void> {
  await site.leftOut([]);
  await site.answering(BOTH);
}
