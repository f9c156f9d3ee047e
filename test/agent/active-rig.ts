// The rig of a driver whose one virtual router is Active or becomes it, and what its peer says on the wire. No tests.
import assert from 'node:assert/strict';
import { centiseconds } from '../../src/model/units.js';
import { encodeAdvertisement, VRRP_GROUP } from '../../src/wire/advertisement.js';
import { INDEX, PEER, rig, settle, VIRTUAL, type Rig, type RigOptions } from './rig.js';

export const SECOND = 1_000_000;
/** Active_Down_Interval at priority 100 and 100 cs (RFC 9568 §6.1). */
export const ACTIVE_DOWN = 3_609_375;
/** The virtual address as state.json has it. */
export const VIRTUAL_TARGET = {
  interface: 'eth0',
  addresses: [{ address: VIRTUAL, prefixLength: 24 }],
};

/** An advertisement of the peer as it lies in the socket. */
export function peerAdvertisement(priority: number, dialect: 'rfc9568' | 'rfc5798' = 'rfc9568') {
  return {
    family: 'ipv4' as const,
    linkIndex: INDEX,
    source: PEER,
    destination: VRRP_GROUP.ipv4,
    hopLimit: 255,
    message: encodeAdvertisement(
      { vrid: 51, priority, maxAdvertiseInterval: centiseconds(100), addresses: [VIRTUAL] },
      { source: PEER, destination: VRRP_GROUP.ipv4, dialect },
    ),
  };
}

export const stateOf = ({ driver }: Rig): string | undefined =>
  driver.snapshot().virtualRouters[0]?.state;

/** One whose virtual routers have just become Active, by Active_Down_Interval. */
export async function active(options: RigOptions = {}): Promise<Rig> {
  const made = rig(options);
  made.driver.start();
  await settle();
  made.kernel.advance(ACTIVE_DOWN);
  await settle();
  for (const { state } of made.driver.snapshot().virtualRouters) assert.equal(state, 'Active');
  return made;
}
