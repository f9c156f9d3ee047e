// Advertisements by unicast, both ways, with a kernel in memory: peers of the settings, and a peer that
// the group does not reach. Who asks for it and why is core's.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { Settings } from '../../src/config/settings.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import { centiseconds } from '../../src/model/units.js';
import { encodeAdvertisement, VRRP_GROUP } from '../../src/wire/advertisement.js';
import { address } from '../support/fake-kernel.js';
import { ACTIVE_DOWN, SECOND, active } from './active-rig.js';
import { INDEX, PEER, VIRTUAL, rig, routerSettings, settingsOf, settle, type Rig } from './rig.js';

const OWN = address('10.99.0.1');
const SECOND_PEER = address('10.99.0.3');

const routerOf = ({ driver }: Rig) => driver.snapshot().virtualRouters[0];

function advertisementTo(destination: typeof OWN, source = PEER) {
  return {
    family: 'ipv4' as const,
    linkIndex: INDEX,
    source,
    destination,
    hopLimit: 255,
    message: encodeAdvertisement(
      { vrid: 51, priority: 200, maxAdvertiseInterval: centiseconds(100), addresses: [VIRTUAL] },
      { source, destination, dialect: 'rfc9568' },
    ),
  };
}

describe('unicastPeers', () => {
  const settings = settingsOf([routerSettings({ unicastPeers: [PEER, SECOND_PEER] })]);

  it('each gets the advertisement, and the group none', async () => {
    const made = rig({ settings });
    made.driver.start();
    await settle();
    made.kernel.advance(ACTIVE_DOWN);
    await settle();
    assert.deepEqual(made.trace.lines(0, 'advertisement'), [
      `advertisement 100 to ${PEER}`,
      `advertisement 100 to ${SECOND_PEER}`,
    ]);
  });

  it('are heard at our own address: the Active_Down_Timer starts again', async () => {
    const made = rig({ settings });
    made.driver.start();
    await settle();
    for (let second = 0; second < 6; second += 1) {
      made.kernel.deliver(advertisementTo(OWN));
      made.kernel.advance(SECOND);
    }
    assert.equal(routerOf(made)?.state, 'Backup');
    assert.deepEqual(made.driver.reception.byRouter.countsOf('lan'), {});
  });

  it('nobody else is: it is counted, and the timer runs on', async () => {
    const made = rig({ settings });
    made.driver.start();
    await settle();
    made.kernel.deliver(advertisementTo(OWN, address('10.99.0.66')));
    made.kernel.advance(ACTIVE_DOWN);
    assert.equal(routerOf(made)?.state, 'Active');
    assert.deepEqual(made.driver.reception.byRouter.countsOf('lan'), { notForUs: 1 });
  });
});

describe('a peer that the group does not reach', () => {
  /** The peer's address on the LAN is one of its HA addresses. */
  function withNeighbour(): Settings {
    const lan = settingsOf([routerSettings({})]);
    return { ...lan, ha: { ...lan.ha, peers: [{ name: 'there', addresses: [PEER] }] } };
  }

  function reportOf({ told }: Rig, change: object): PeerReport {
    const [report] = told.flatMap((one) => (one.kind === 'news' ? [one.report] : []));
    assert.ok(report !== undefined, 'the peers have been told something');
    const routers = report.routers.map((router) => ({
      ...router,
      effectivePriority: 50,
      ...change,
    }));
    return { ...report, name: 'there', primaryAddresses: [PEER], routers };
  }

  async function besideNeighbour(): Promise<{ made: Rig; hear: (change: object) => void }> {
    const made = await active({ settings: withNeighbour() });
    const hear = (change: object): void => {
      const report = reportOf(made, change);
      // A peer counts as alive after as many answers as its recovery threshold has.
      for (let answer = 0; answer < 5; answer += 1) {
        made.driver.deliver({
          kind: 'peer-report',
          peer: 'there',
          address: PEER,
          report,
          answered: true,
        });
        made.kernel.advance(100_000);
      }
    };
    return { made, hear };
  }

  it('and wants unicast gets the advertisement besides the group, until it does no longer', async () => {
    const { made, hear } = await besideNeighbour();
    /** What two seconds bring in which the peer goes on saying so. */
    const nextTwo = async (wantsUnicast: boolean): Promise<string[]> => {
      hear({ wantsUnicast });
      await settle();
      const mark = made.trace.length;
      for (let tenth = 0; tenth < 20; tenth += 1) {
        made.kernel.advance(SECOND / 10);
        hear({ wantsUnicast });
        await settle();
      }
      return [...new Set(made.trace.lines(mark, 'advertisement'))];
    };
    const group = `advertisement 100 to ${VRRP_GROUP.ipv4}`;

    assert.deepEqual(await nextTwo(true), [group, `advertisement 100 to ${PEER}`]);
    assert.deepEqual(await nextTwo(false), [group]);
  });

  it('sends to our own address, and is heard there', async () => {
    const made = rig({ settings: withNeighbour() });
    made.driver.start();
    await settle();
    made.kernel.deliver(advertisementTo(OWN));
    assert.deepEqual(made.driver.reception.byRouter.countsOf('lan'), {});
    const heard = made.driver.recorder
      .recording()
      .events.flatMap(({ event }) => (event.kind === 'advertisement' ? [event.multicast] : []));
    assert.deepEqual(heard, [false], 'and core is told that it came by unicast');
  });
});
