// vip-ocf in a pair, with the real IPaddr2 of Debian's resource-agents behind it and an agent for a model of a cloud:
// who has the address after a handover and after a crash. In CI alone.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createLab, type Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { SHARED_KEY } from '../../scripts/lab/pair-program.js';
import { ROOT, understudy } from '../../scripts/lab/program.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { until, WAIT_LIMIT_MS } from '../support/limits.js';
import { after, before, describe, it } from '../support/test.js';
import { EVERYTHING } from './pace.js';

const skip = EVERYTHING ? ((await enterSandbox()) ?? false) : 'a real resource agent: in CI alone';

const BY_AGENT = '10.99.0.100';
const BY_CLOUD = '10.99.0.101';
const OTHER = { a: 'b', b: 'a' } as const;
const PATHS = { a: ['10.98.0.1', '10.99.0.1'], b: ['10.98.0.2', '10.99.0.2'] } as const;

/**
 * Moves an address in a cloud: a file that both appliances see says where it is. It takes one
 * order after the other.
 */
const CLOUD = (shared: string, name: string): string => `#!/bin/sh
exec 9>>${shared}/orders
case $1 in
meta-data) echo '<resource-agent><parameters/></resource-agent>' ;;
start)
    flock 9
    echo ${name} >${shared}/cloud
    ;;
stop)
    flock 9
    [ "$(cat ${shared}/cloud)" != ${name} ] || : >${shared}/cloud
    ;;
monitor) [ "$(cat ${shared}/cloud 2>/dev/null)" = ${name} ] || exit 7 ;;
esac
`;

/** The label is what IPaddr2 alone gives it. */
const FILE = (directory: string): string => `[${BY_AGENT}]
resource-agent = ocf:heartbeat:IPaddr2
on-interface = resource-agent
ip = ${BY_AGENT}
cidr_netmask = 24
nic = eth0
iflabel = ocf
arp_count = 1

[${BY_CLOUD}]
resource-agent = ${directory}/cloud
start-timeout = 60
`;

class OcfPair {
  readonly lab: Lab;
  constructor(lab: Lab) {
    this.lab = lab;
  }

  /** What both see. */
  get shared(): string {
    return this.lab.network.directory;
  }

  get cloud(): string {
    return existsSync(`${this.shared}/cloud`)
      ? readFileSync(`${this.shared}/cloud`, 'utf8').trim()
      : '';
  }

  start(name: ApplianceName): void {
    const peer = OTHER[name];
    const { directory } = this.lab.appliance(name);
    this.lab.appliance(name).start(
      understudy(
        (own) => ({
          name,
          ha: {
            mode: 'active-passive',
            primary: name === 'a',
            preempt: false,
            maximumFlaps: 0,
            peerFailureThreshold: 20,
            keyFile: `${own}/ha.key`,
            peers: [{ name: peer, addresses: PATHS[peer] }],
          },
          vip: { script: `${own}/vip-ocf`, timeoutSeconds: 60 },
          virtualRouters: [
            {
              name: 'lan',
              interface: 'eth0',
              vrid: 51,
              addresses: [`${BY_AGENT}/24`, `${BY_CLOUD}/24`],
            },
          ],
        }),
        [
          { name: 'ha.key', content: `${SHARED_KEY}\n`, mode: 0o600 },
          { name: 'agents', content: FILE(directory), mode: 0o640 },
          { name: 'cloud', content: CLOUD(this.shared, name), mode: 0o755 },
          {
            name: 'vip-ocf',
            content: `#!/bin/sh\nUNDERSTUDY_VIP_OCF=${directory}/agents exec ${ROOT}scripts/vip-ocf\n`,
            mode: 0o755,
          },
        ],
      ),
    );
  }

  async has(name: ApplianceName): Promise<void> {
    for (const address of [BY_AGENT, BY_CLOUD]) {
      await this.lab.waitForHolders(address, [name], WAIT_LIMIT_MS);
    }
    await until(
      `the cloud to have it at ${name}`,
      () => this.cloud,
      (at) => at === name,
      50,
    );
    const { stdout } = await this.lab.run(name, ['ip', '-o', 'address', 'show', 'dev', 'eth0']);
    assert.match(stdout, new RegExp(`inet ${BY_AGENT}/24 .* eth0:ocf`), 'IPaddr2 has put it there');
  }
}

describe('a pair whose addresses resource agents move', { skip }, () => {
  let pair: OcfPair;
  before(async () => {
    pair = new OcfPair(await createLab({ patienceMs: WAIT_LIMIT_MS }));
    pair.start('a');
    await pair.has('a');
    pair.start('b');
    await until(
      'b stands by',
      () =>
        pair.lab
          .appliance('b')
          .status()
          ?.peers.map(({ state }) => state)
          .join(),
      (state) => state === 'healthy',
    );
  });
  after(() => pair.lab.close());

  it('hands them over when the Active stops, and takes them when it is killed', async () => {
    await pair.lab.appliance('a').stop();
    await pair.has('b');
    pair.start('a');
    await until(
      'a stands by',
      () =>
        pair.lab
          .appliance('a')
          .status()
          ?.peers.map(({ state }) => state)
          .join(),
      (state) => state === 'healthy',
    );
    await pair.lab.appliance('b').kill();
    await pair.has('a');
  });
});
