// A peer: what a message changes, when it is asked, and how it is seen from a virtual router. No
// decisions.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import {
  checkDue,
  createPeer,
  excusePeer,
  isSpeaking,
  isStranger,
  lanPathOf,
  peerDeadline,
  peerHeard,
  peerSilent,
  reconfigurePeer,
  routerAt,
  viewsOf,
  type Peer,
  type Place,
} from '../../../src/core/peers/peers.js';
import type { IpAddress } from '../../../src/model/address.js';
import type { PeerReport } from '../../../src/model/peer-report.js';
import { instant, microseconds } from '../../../src/model/units.js';
import { PEER, router, wan } from '../instance-bench.js';
import { HA, PairBench, THERE, backupBench } from '../pair-bench.js';
import { address } from '../machine/virtual-router-bench.js';

const PARAMETERS = {
  interval: microseconds(100_000),
  failureThreshold: 3,
  recoveryThreshold: 2,
};

const REPORT = new PairBench([router(), wan()]).voice().report;
const PLACE: Place = {
  position: 1,
  interface: 'eth0',
  virtualRoutersDigest: REPORT.digests.virtualRouters,
};

const peer = (at = 0): Peer => createPeer(THERE, PARAMETERS, instant(at));

function hear(one: Peer, at: number, report: PeerReport = REPORT, on: IpAddress = HA) {
  return peerHeard(one, PARAMETERS, { address: on, report, answered: true }, instant(at));
}

function fallSilent(one: Peer): boolean[] {
  return [1, 2, 3].map(() => {
    const due = Math.max(...one.paths.map(({ failAt }) => failAt));
    return peerSilent(one, PARAMETERS, instant(due)).state;
  });
}

describe('what a message changes', () => {
  it('the first report is news; the state only with the threshold', () => {
    const one = peer();

    assert.deepEqual(hear(one, 0), { state: false, report: true });
    assert.deepEqual(hear(one, 100_000), { state: true, report: false });
    assert.deepEqual(hear(one, 200_000), { state: false, report: false });
  });

  it('only the path on which it came counts', () => {
    const one = peer();
    hear(one, 0);
    hear(one, 100_000, REPORT, PEER);

    assert.deepEqual(
      one.paths.map(({ successes }) => successes),
      [1, 1],
    );
    assert.equal(one.state, 'unknown');
  });

  it('an equal report in other words is no news, a different one is', () => {
    const one = peer();
    hear(one, 0);
    const [first, second] = REPORT.routers;
    assert.ok(first !== undefined && second !== undefined);
    const copy = structuredClone(REPORT);
    const different: PeerReport[] = [
      { ...copy, fit: false },
      { ...copy, gateway: 'reachable' },
      { ...copy, digests: { ...copy.digests, thresholds: 1 } },
      { ...copy, primaryAddresses: [] },
      { ...copy, primaryAddresses: [...copy.primaryAddresses, address('192.0.2.7')] },
      { ...copy, routers: [first] },
      { ...copy, routers: [first, second, second] },
      { ...copy, routers: [first, { ...second, evidence: 5 }] },
      { ...copy, routers: [first, { ...second, releasing: true }] },
    ];

    assert.equal(hear(one, 100_000, copy).report, false);
    for (const report of different) {
      assert.equal(hear(one, 200_000, report).report, true, JSON.stringify(report));
      assert.equal(one.report, report);
      assert.equal(hear(one, 200_000, copy).report, true, 'and back');
    }
  });

  it('all silent: unhealthy once; healthy again once', () => {
    const one = peer();
    hear(one, 0);
    hear(one, 100_000);

    const silence = fallSilent(one);
    const back = [hear(one, 900_000).state, hear(one, 1_000_000).state];

    assert.deepEqual(silence, [false, false, true]);
    assert.deepEqual(back, [false, true]);
  });

  it('between the thresholds it stays what it was', () => {
    const one = peer();
    hear(one, 0);
    hear(one, 100_000);
    fallSilent(one);

    hear(one, 900_000);

    assert.equal(one.state, 'unhealthy');
  });

  it('it is known by the addresses it had, newest first, sixteen of them', () => {
    const one = peer();
    const numbered = (number: number): IpAddress => address(`192.0.2.${number}`);
    for (let number = 1; number <= 20; number += 1) {
      hear(one, 0, { ...REPORT, primaryAddresses: [numbered(number)] });
    }
    hear(one, 0, { ...REPORT, primaryAddresses: [] });

    assert.equal(one.knownBy.length, 16);
    assert.deepEqual([one.knownBy[0], one.knownBy.at(-1)], [numbered(20), numbered(5)]);
    const before = one.knownBy;
    hear(one, 0, { ...REPORT, primaryAddresses: [numbered(9)] });
    assert.equal(one.knownBy, before, 'a known one changes nothing');
  });

  it('whether it speaks: a message came, and not too long ago', () => {
    const one = peer();
    const before = isSpeaking(one, instant(0));
    hear(one, 0);

    const speaking = [0, 339_999, 340_000].map((at) => isSpeaking(one, instant(at)));

    assert.deepEqual([before, ...speaking], [false, true, true, false]);
  });

  it('silent once nothing comes any more, until a message comes', () => {
    const one = peer();
    hear(one, 0);
    hear(one, 100_000);

    fallSilent(one);
    const fell = one.silent;
    hear(one, 900_000);

    assert.deepEqual([fell, one.silent], [true, false]);
  });
});

describe('a stranger', () => {
  const there = address('10.99.0.2');
  const stranger = address('10.99.0.66');
  const said = (primaryAddresses: readonly IpAddress[]): Peer => {
    const one = peer();
    hear(one, 0, { ...REPORT, primaryAddresses });
    return one;
  };
  const eight = [1, 2, 3, 4, 5, 6, 7, 8].map((last) => address(`10.97.0.${last}`));

  it('is whoever advertises from no address of the peers', () => {
    assert.equal(isStranger([said([there])], stranger), true);
    assert.equal(isStranger([said([there])], there), false);
    const both = [said([there]), said([stranger])];
    assert.equal(isStranger(both, stranger), false);
  });

  it('is no address that a peer had before', () => {
    const one = said([there]);
    hear(one, 100_000, { ...REPORT, primaryAddresses: [address('10.99.0.9')] });
    assert.equal(isStranger([one], there), false);
  });

  it('is nobody without peers, nor before every peer was heard', () => {
    assert.equal(isStranger([], stranger), false);
    assert.equal(isStranger([said([there]), peer()], stranger), false);
  });

  it('is nobody where a peer may have more addresses than it tells', () => {
    assert.equal(isStranger([said(eight)], stranger), false);
    assert.equal(isStranger([said(eight.slice(1))], stranger), true);
  });

  it('is known to the instance, by all that its peers have said', () => {
    const alone = new PairBench([router()], {}, []);
    assert.equal(alone.instance.isStranger(stranger), false);

    const bench = backupBench();
    assert.equal(bench.instance.isStranger(stranger), true);
    assert.equal(bench.instance.isStranger(PEER), false);
  });
});

describe('when it is asked', () => {
  it('at once, then every interval, counted from the last due time', () => {
    const one = peer(5);

    assert.equal(checkDue(one, PARAMETERS, instant(4)), false);
    assert.equal(checkDue(one, PARAMETERS, instant(5)), true);
    assert.equal(one.nextCheckAt, 100_005);
    assert.equal(checkDue(one, PARAMETERS, instant(100_100)), true);
    assert.equal(one.nextCheckAt, 200_005);
  });

  it('after a silence of our own it is asked once, not for every interval missed', () => {
    const one = peer();

    assert.equal(checkDue(one, PARAMETERS, instant(5_000_000)), true);
    assert.equal(one.nextCheckAt, 5_100_000);
    assert.equal(checkDue(one, PARAMETERS, instant(5_000_000)), false);
  });

  it('its deadline is the next request, or the next failure of any path', () => {
    const one = peer();
    const asked = peerDeadline(one, PARAMETERS, instant(0));
    one.nextCheckAt = instant(1_000_000);
    hear(one, 100_000);

    assert.equal(asked, 0);
    assert.equal(
      peerDeadline(one, PARAMETERS, instant(100_000)),
      140_000,
      'the LAN, never heard of',
    );
  });

  it('excused: asked at once, and every path has a full term', () => {
    const one = peer();
    checkDue(one, PARAMETERS, instant(0));

    excusePeer(one, PARAMETERS, instant(50_000));

    assert.equal(one.nextCheckAt, 50_000);
    assert.deepEqual(
      one.paths.map(({ failAt }) => failAt),
      [190_000, 190_000],
    );
  });
});

describe('under new settings', () => {
  it('paths that stay keep what is known of them, others are new or gone', () => {
    const one = peer();
    hear(one, 0);
    hear(one, 100_000);
    const other = address('203.0.113.9');

    reconfigurePeer(one, { name: 'there', addresses: [other, HA] }, PARAMETERS, instant(150_000));

    assert.deepEqual(
      one.paths.map(({ address: at, state, heardAt }) => [at, state, heardAt]),
      [
        [other, 'unknown', null],
        [HA, 'healthy', 100_000],
      ],
    );
    assert.equal(one.state, 'healthy');
  });

  it('the healthy path is gone: the peer is what the others say', () => {
    const one = peer();
    hear(one, 0);
    hear(one, 100_000);
    for (let time = 0; time < 3; time += 1) {
      const lan = one.paths[1];
      assert.ok(lan !== undefined);
      hear(one, lan.failAt);
      peerSilent(one, PARAMETERS, lan.failAt);
    }

    reconfigurePeer(one, { name: 'there', addresses: [PEER] }, PARAMETERS, instant(500_000));

    assert.equal(one.state, 'unhealthy');
  });

  it('all its paths are new: it stays what it was until they have been tried', () => {
    const one = peer();
    hear(one, 0);
    hear(one, 100_000);

    const elsewhere = { name: 'there', addresses: [address('203.0.113.9')] };
    reconfigurePeer(one, elsewhere, PARAMETERS, instant(150_000));
    const before = one.state;
    fallSilent(one);

    assert.deepEqual([before, one.state], ['healthy', 'unhealthy']);
  });

  it('a shorter interval counts from now: nothing waits for the old one', () => {
    const slow = { ...PARAMETERS, interval: microseconds(60_000_000) };
    const one = createPeer(THERE, slow, instant(0));
    checkDue(one, slow, instant(0));

    reconfigurePeer(one, THERE, PARAMETERS, instant(1_000_000));

    assert.equal(one.nextCheckAt, 1_100_000);
    assert.deepEqual(
      one.paths.map(({ failAt }) => failAt),
      [1_140_000, 1_140_000],
    );
  });

  it('a longer one does not postpone what is due', () => {
    const one = peer();
    checkDue(one, PARAMETERS, instant(0));
    const slow = { ...PARAMETERS, interval: microseconds(60_000_000) };

    reconfigurePeer(one, THERE, slow, instant(50_000));

    assert.equal(one.nextCheckAt, 100_000);
    assert.equal(one.paths[0]?.failAt, 140_000);
  });
});

describe('seen from a virtual router', () => {
  it('its virtual router at the same place, if both order them alike', () => {
    const one = peer();
    assert.equal(routerAt(one, PLACE), null, 'nothing reported yet');
    hear(one, 0);

    assert.equal(routerAt(one, PLACE), REPORT.routers[1]);
    assert.equal(routerAt(one, { ...PLACE, virtualRoutersDigest: 1 }), null);
    assert.equal(routerAt(one, { ...PLACE, position: 2 }), null, 'it did not fit into the message');
  });

  it('views are of those that count and have reported', () => {
    const silent = peer();
    const one = peer();
    hear(one, 0);

    assert.deepEqual(
      viewsOf([silent, one], PLACE, () => true),
      [{ peer: one, report: REPORT, router: REPORT.routers[1], lanPath: null }],
    );
    assert.deepEqual(
      viewsOf([silent, one], PLACE, () => false),
      [],
    );
  });

  it('the path on the link is the one that leads over its interface', () => {
    const one = peer();
    one.paths = one.paths.map((path) =>
      path.address === PEER ? { ...path, interface: 'eth0' } : path,
    );

    assert.equal(lanPathOf(one, 'eth0')?.address, PEER);
    assert.equal(lanPathOf(one, 'eth1'), null);
  });
});
