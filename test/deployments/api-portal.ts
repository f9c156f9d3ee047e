// API Portal, two instances: behind a pair of balancers, or with understudy on the instances themselves.
// Which parts fail, in which order, and what that may cost.
import type { ApplianceName } from '../../scripts/lab/network.js';
import { balancers, operations } from './balancers.js';
import {
  agentDead,
  checked,
  dark,
  handedOver,
  planned,
  silence,
  told,
  unnoticed,
  untilMended,
} from './bounds.js';
import { PORTAL_CERTIFICATE } from './certificate.js';
import type { Chapter } from './chapter.js';
import { hangShare, thawShare } from './shared-files.js';
import type { Part } from './part.js';
import type { Site, SitePlan } from './site.js';
import type { StandInPlan } from './stand-in.js';

const MYSQL = 3306;
/** On the shared file system. */
const SHARED_FILE = '/images/alive.txt';

/**
 * The web server of an instance, on these ports, and its database, without which it answers with status
 * 500. The client does without TLS: its share would cost more than all the rest.
 */
const instance = (number: 1 | 2, ports: readonly number[]): StandInPlan => ({
  name: `portal-${number}`,
  services: [
    ...ports.map((port) => ({
      kind: 'http' as const,
      port,
      paths: { [SHARED_FILE]: 'alive\n' },
      workMs: 2,
      needs: MYSQL,
    })),
    { kind: 'tcp', port: MYSQL, greeting: '8.0.40' },
  ],
});

/** nginx asks at 80, the check at 443. */
const BEHIND = [80, 443];
const DIRECT = [443];

const host = (number: 1 | 2) => ({
  host: { address: `10.99.0.1${number}/24`, gateway: '10.99.0.254' },
  plan: instance(number, BEHIND),
});

const NGINX_FILES = {
  'nginx/nginx.conf': 'nginx.conf',
  'nginx/understudy-upstreams.conf': 'understudy-upstreams.conf',
};

const BALANCED: SitePlan = {
  name: 'api-portal',
  appliances: { a: 'portal-lb-1', b: 'portal-lb-2' },
  files: {
    a: { 'etc/understudy.yaml': 'portal-lb-1.yaml', ...NGINX_FILES },
    b: { 'etc/understudy.yaml': 'portal-lb-2.yaml', ...NGINX_FILES },
  },
  standIns: { 'host-portal-1': host(1), 'host-portal-2': host(2) },
  texts: {
    'nginx/portal.crt': PORTAL_CERTIFICATE.cert,
    'nginx/portal.key': PORTAL_CERTIFICATE.key,
  },
  hooks: { monitor: 'nginx-upstream' },
  nginx: true,
  targets: [{ name: 'portal', url: 'http://10.99.0.100/' }],
  addresses: ['10.99.0.100'],
};

const SPREAD = ['a', 'b'] as const;

const ACTIVE_ACTIVE: SitePlan = {
  name: 'api-portal',
  appliances: { a: 'portal-1', b: 'portal-2' },
  files: {
    a: { 'etc/understudy.yaml': 'portal-1.yaml' },
    b: { 'etc/understudy.yaml': 'portal-2.yaml' },
  },
  ownStandIns: { a: instance(1, DIRECT), b: instance(2, DIRECT) },
  texts: { '../shared/alive.txt': 'alive\n' },
  nginx: false,
  targets: [
    { name: 'first', url: 'http://10.99.0.101:443/' },
    { name: 'second', url: 'http://10.99.0.102:443/' },
  ],
  addresses: ['10.99.0.101', '10.99.0.102'],
  holders: SPREAD,
};

const BOTH = ['portal-1', 'portal-2'];
/** Two attempts 250 ms apart, the hook by way of root, and nginx's reload. */
const LEFT_OUT_MS = 1200;

export const apiPortal: readonly Chapter[] = [
  {
    title: 'Balancers in front',
    plan: () => BALANCED,
    parts: {
      operations: (site) => operations(site),
      instances,
      balancers: (site) => balancers(site),
    },
  },
  {
    title: 'Active-active',
    plan: () => ACTIVE_ACTIVE,
    parts: { maintenance, services, 'shared-files': sharedFiles, hosts },
  },
];

/* --- balancers in front ---------------------------------------------------------------------- */

/** One instance loses something: nginx of both balancers leaves it out, and takes it back. */
async function instances(site: Site): Promise<void> {
  const [first, second] = [site.standIn('portal-1'), site.standIn('portal-2')];
  const leftOut = { answering: ['portal-2'], leftOutBy: 'hook' } as const;
  await site.observe(
    { ...unnoticed('web server of one instance stopped'), ...leftOut },
    async () => {
      for (const port of BEHIND) await first.order({ kind: 'close', port });
      await site.leftOut(['portal-1-web']);
    },
  );
  await site.observe({ ...unnoticed('and started'), answering: BOTH }, async () => {
    for (const port of BEHIND) await first.order({ kind: 'open', port });
    await site.leftOut([]);
  });
  await site.observe({ ...patchy('MySQL of one instance stopped'), ...leftOut }, async () => {
    await first.order({ kind: 'close', port: MYSQL });
    await site.leftOut(['portal-1-web']);
  });
  await site.observe({ ...unnoticed('and started'), answering: BOTH }, async () => {
    await first.order({ kind: 'open', port: MYSQL });
    await site.leftOut([]);
  });
  await site.observe(
    { ...unnoticed('shared files of one instance gone'), ...leftOut },
    async () => {
      await first.order({ kind: 'answer', path: SHARED_FILE, status: 503 });
      await site.leftOut(['portal-1-web']);
    },
  );
  await site.observe({ ...unnoticed('and there again'), answering: BOTH }, async () => {
    await first.order({ kind: 'answer', path: SHARED_FILE, status: 200 });
    await site.leftOut([]);
  });
  await site.observe({ ...unnoticed("one instance's host dead"), ...leftOut }, async () => {
    await site.lab.unplugHost('host-portal-1');
    await site.leftOut(['portal-1-web']);
  });
  await site.observe({ ...unnoticed('and booted'), answering: BOTH }, async () => {
    await site.lab.plugHost('host-portal-1');
    await site.leftOut([]);
  });
  await site.observe(dark('MySQL of both stopped', 'a'), async () => {
    for (const one of [first, second]) await one.order({ kind: 'close', port: MYSQL });
    await site.waitForReason('a', /^portal-2-mysql: /);
  });
  await site.observe(untilMended('and started', 'a'), async () => {
    for (const one of [first, second]) await one.order({ kind: 'open', port: MYSQL });
    await site.answering(BOTH);
  });
  await site.settled(['a']);
}

/** Requests that this instance still gets fail until nginx leaves it out: nginx itself sees good answers. */
const patchy = (part: string): Part => ({
  part,
  kind: 'fault',
  heir: 'a',
  aimMs: LEFT_OUT_MS,
  patchy: true,
});

/* --- active-active --------------------------------------------------------------------------- */

const back = (part: string): Part => ({ ...planned(part, SPREAD), answering: BOTH });
const moved = (part: Part): Part => ({ ...part, answering: ['portal-2'] });

async function maintenance(site: Site): Promise<void> {
  const a = site.lab.appliance('a');
  await site.observe(moved(planned('maintenance of portal-1', 'b')), () =>
    a.patientControl.command('maintenance', 'on'),
  );
  await site.observe(back('its end'), () => a.patientControl.command('maintenance', 'off'));
  await site.settled(SPREAD);
  await site.observe(moved(planned('agent of portal-1 stopped', 'b')), () => a.stop());
  await site.observe(back('and started'), async () => site.startAgent('a'));
  await site.settled(SPREAD);
}

async function services(site: Site): Promise<void> {
  const [first, second] = [site.standIn('portal-1'), site.standIn('portal-2')];
  for (const [name, port, aimMs, monitor] of [
    ['web server', 443, 300, 'web'],
    ['MySQL', MYSQL, 600, 'mysql'],
  ] as const) {
    await site.observe(moved(checked(aimMs, `${name} of portal-1 stopped`, 'b', monitor)), () =>
      first.order({ kind: 'close', port }),
    );
    await site.observe(back('and started'), () => first.order({ kind: 'open', port }));
    await site.settled(SPREAD);
  }
  // The one that finds it first hands over to the other, which then has nobody sound to hand over to.
  await site.observe(dark('MySQL of both stopped', 'a'), async () => {
    await second.order({ kind: 'close', port: MYSQL });
    await site.waitForReason('b', /^mysql: /);
    await hasBoth(site);
    await first.order({ kind: 'close', port: MYSQL });
    await site.waitForReason('a', /^mysql: /);
  });
  await site.observe(untilMended('and started', SPREAD), async () => {
    for (const one of [first, second]) await one.order({ kind: 'open', port: MYSQL });
  });
  await site.settled(SPREAD);
}

/** Resolves when portal-1 has what portal-2, which is not sound, has handed over. */
const hasBoth = (site: Site): Promise<void> =>
  site.waitFor(
    'portal-1 is Active for both',
    (a) => a !== null && a.virtualRouters.every(({ state }) => state === 'Active'),
  );

async function sharedFiles(site: Site): Promise<void> {
  const hang = async (name: ApplianceName): Promise<void> => {
    await hangShare(site.lab.appliance(name));
    await site.waitForReason(name, /^shared: did not end within 1000 ms/);
  };
  await site.observe(moved(handedOver('shared file system hangs on portal-1', 'b', 'shared')), () =>
    hang('a'),
  );
  await site.observe(back('and answers'), () => thawShare(site.lab.appliance('a')));
  await site.settled(SPREAD);
  const onBoth = { ...unnoticed('it hangs on both', 'a'), mayMove: true };
  await site.observe(onBoth, async () => {
    await hang('b');
    await hasBoth(site);
    await hang('a');
  });
  await site.observe(back('and answers'), () =>
    Promise.all(SPREAD.map((name) => thawShare(site.lab.appliance(name)))),
  );
  await site.settled(SPREAD);
}

async function hosts(site: Site): Promise<void> {
  const { lab } = site;
  const a = lab.appliance('a');
  await site.observe(moved(told('cable of portal-1 pulled', 'b', 'no-carrier')), () =>
    lab.unplug('a'),
  );
  await site.observe(back('and plugged in'), () => lab.plug('a'));
  await site.settled(SPREAD);
  await site.observe(unnoticed('HA link cut', SPREAD), () => lab.setHaLink(false));
  await site.observe(unnoticed('and whole again', SPREAD), () => lab.setHaLink(true));
  await site.settled(SPREAD);
  await site.observe(moved(agentDead('agent of portal-1 killed', 'b')), () => a.kill());
  await site.observe(back('and started'), async () => site.startAgent('a'));
  await site.settled(SPREAD);
  let restore = (): Promise<void> => Promise.resolve();
  await site.observe(moved(silence('host of portal-1 dead', 'b')), async () => {
    restore = await site.powerCut('a');
  });
  await site.observe(back('and booted'), async () => {
    await restore();
    // The agent first: an instance without its services is not given its address.
    site.startAgent('a');
    await site.standIn('portal-1').start();
  });
  await site.settled(SPREAD);
}
