// Slips in the settings of a running pair that no single file shows: both primary, nobody, other
// primaries in active-active, one name twice. Both say so, and one of the two holds the address.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { IN_CI } from '../support/in-ci.js';
import { after, before, describe, it } from '../support/test.js';
import type { Status } from '../../src/model/status.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import { CALM, router, VIRTUAL } from './lan.js';

const skip = IN_CI || enterNamespace(import.meta.url);

const ADDRESS = { a: '192.0.2.1', b: '192.0.2.2' } as const;
const OTHER = { a: 'b', b: 'a' } as const;
type Side = keyof typeof ADDRESS;

interface Slip {
  readonly name?: string;
  readonly peer?: string;
  readonly ha?: object;
  readonly router?: object;
}

const settingsOf = (side: Side, slip: Slip = {}): object => ({
  name: slip.name ?? side,
  ha: {
    primary: side === 'a',
    keyFile: '/run/ha.key',
    peers: [{ name: slip.peer ?? OTHER[side], addresses: [ADDRESS[OTHER[side]]] }],
    ...CALM.ha,
    peerRecoveryThreshold: 2,
    ...slip.ha,
  },
  // Without a priority of its own: that of a primary, or not.
  virtualRouters: [router({ ...CALM.router, priority: undefined, ...slip.router })],
});

describe('slips in the settings of a pair', { skip }, () => {
  let agents: Record<Side, AgentProcess>;
  before(async () => {
    joinPeer();
    writeFileSync('/run/ha.key', `${'1a'.repeat(32)}\n`, { mode: 0o600 });
    const a = new AgentProcess(new AgentHome('a', settingsOf('a')));
    await a.transition('Active');
    const b = new AgentProcess(new AgentHome('b', settingsOf('b')), { netns: 'peer' });
    await b.transition('Backup');
    agents = { a, b };
    await bothSay('healthy', []);
  });
  after(() => Promise.all([agents.a.dispose(), agents.b.dispose()]));

  async function apply(slips: Partial<Record<Side, Slip>>): Promise<void> {
    for (const side of ['a', 'b'] as const) {
      const agent = agents[side];
      const from = agent.lines.length;
      agent.home.configure(settingsOf(side, slips[side]));
      agent.signal('SIGHUP');
      await agent.event('settings-applied', from);
    }
  }

  const healthIs = (side: Side, state: string, reasons: readonly string[]): Promise<Status> =>
    agents[side].until(
      ({ health }) => health.state === state && health.reasons.join() === reasons.join(),
    );

  /** `reasons` with PEER for the other one's name. */
  async function bothSay(state: string, reasons: readonly string[]): Promise<void> {
    for (const side of ['a', 'b'] as const) {
      const own = reasons.map((text) => text.replaceAll('PEER', OTHER[side]));
      await healthIs(side, state, own);
    }
  }

  /** Who is Active by its own word, and has the address by the kernel's. */
  async function holders(): Promise<string> {
    const one = async (side: Side, where: string): Promise<string> => {
      const { state } = await agents[side].router();
      const stands = ip(`${where}-o address show dev lan`).includes(` ${VIRTUAL}`);
      assert.equal(stands, state === 'Active', `${side} is ${state}, address: ${stands}`);
      return stands ? side : '';
    };
    return (await one('a', '')) + (await one('b', '-n peer '));
  }

  const slips: readonly [what: string, Partial<Record<Side, Slip>>, reason: string][] = [
    [
      'both primary',
      { b: { ha: { primary: true } } },
      'settings differ from those of PEER: both are primary (set ha.primary to false on one of them)',
    ],
    [
      'nobody primary',
      { a: { ha: { primary: false } } },
      'settings differ from those of PEER: nobody is primary (set ha.primary to true on one of them)',
    ],
    [
      'other primaries in active-active',
      {
        a: { ha: { mode: 'active-active' }, router: { primary: 'a' } },
        b: { ha: { mode: 'active-active', primary: false }, router: { primary: 'b' } },
      },
      'settings differ from those of PEER: other primaries of virtual routers (name the same one on both)',
    ],
  ];
  for (const [what, slip, reason] of slips) {
    it(`${what}: both say so and what to do, and a stays the holder`, async () => {
      await apply(slip);
      await bothSay('degraded', [reason]);
      assert.equal(await holders(), 'a');

      await apply({});
      await bothSay('healthy', []);
      assert.equal(await holders(), 'a');
    });
  }

  it('other rules: said by both, and no fault', async () => {
    await apply({ b: { ha: { maximumFlaps: 7 } } });
    await bothSay('healthy', [
      'other monitoring, flap, preemption or witness settings than PEER has',
    ]);
    await apply({});
    await bothSay('healthy', []);
  });

  it('a path that is not there, one that only the other knows, a name that is another', async () => {
    const paths = (addresses: string[], peer?: string): Slip => ({
      ha: { peers: [{ name: peer ?? 'b', addresses }] },
    });
    await apply({ a: paths(['192.0.2.2', '192.0.2.99']) });
    await healthIs('a', 'degraded', [
      'b does not answer over 192.0.2.99 (nothing comes from 192.0.2.99); 1 of 2 paths left',
    ]);

    ip('address add fd00::1/64 dev lan nodad');
    ip('-n peer address add fd00::2/64 dev lan nodad');
    const known = { ha: { peers: [{ name: 'a', addresses: ['192.0.2.1', 'fd00::1'] }] } };
    await apply({ b: known });
    await healthIs('b', 'degraded', [
      'a does not answer over fd00::1 (nothing comes from fd00::1); 1 of 2 paths left',
    ]);
    await apply({ a: paths(['192.0.2.2', 'fd00::2']), b: known });
    await bothSay('healthy', []);

    await apply({ a: paths(['192.0.2.2'], 'bert') });
    await healthIs('a', 'degraded', [
      'bert is silent on every path; what comes from 192.0.2.2 is discarded: the source address or ' +
        'the name in the message is not that of a configured peer (calls itself "b", configured as "bert")',
    ]);
    assert.equal(await holders(), 'a');
    await apply({});
    await bothSay('healthy', []);
  });

  it('one name for both: neither listens to the other, both say so, and one holds the address', async () => {
    await apply({ b: { name: 'a', peer: 'b' } });
    for (const side of ['a', 'b'] as const) {
      await healthIs(side, 'degraded', [
        ...(side === 'b' ? ['lan: the Active is 192.0.2.1, which is no peer'] : []),
        `b is silent on every path; what comes from ${ADDRESS[OTHER[side]]} is discarded: the ` +
          'sender has our own name: two appliances must not share one (it calls itself "a"; ' +
          'give one of the two another name, and its peers too)',
      ]);
    }
    assert.equal(await holders(), 'a');

    await apply({});
    await bothSay('healthy', []);
    assert.equal(await holders(), 'a');
  });
});
