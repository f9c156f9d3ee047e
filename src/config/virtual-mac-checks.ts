// What must hold for virtual routers with a virtual MAC address, and for the names of their macvlans. Nothing of the
// host: see src/agent/virtual-macs.ts.
import { virtualMacInterface, virtualMacNamed } from '../model/virtual-mac.js';
import { formatPath, type Finding } from './errors.js';
import { fault } from './faults.js';
import { quote } from './found.js';
import type { PlacedRouter } from './placed.js';
import { repeated } from './plain-checks.js';

export const checkVirtualMacs = (routers: readonly PlacedRouter[]): Finding[] => [
  ...routers.flatMap(checkParent),
  ...routers.flatMap(checkOwner),
  ...checkNames(routers),
];

/** The names of our macvlans are nobody's interface: what stands there we made, and take away. */
function checkParent({ at, file: { interface: name } }: PlacedRouter): Finding[] {
  if (name === undefined || virtualMacNamed(name) === null) return [];
  return [fault('virtualMacName', [...at, 'interface'], quote(name))];
}

/** The owner's addresses are those of the interface itself, which answers with its own MAC address. */
function checkOwner({ at, file: { virtualMac, priority } }: PlacedRouter): Finding[] {
  if (virtualMac !== true || priority !== 255) return [];
  return [fault('virtualMacOfOwner', [...at, 'virtualMac'], 'true beside priority 255')];
}

function checkNames(routers: readonly PlacedRouter[]): Finding[] {
  const named = routers.flatMap(({ at, family, file: { vrid, virtualMac, interface: parent } }) =>
    virtualMac !== true || family === null || vrid === undefined || parent === undefined
      ? []
      : [{ at, parent, vrid, name: virtualMacInterface(family, vrid) }],
  );
  return repeated(named, ({ name }) => name)
    .filter(([one, first]) => one.parent !== first.parent)
    .map(([{ at, vrid, parent, name }, first]) => {
      const found = `${vrid} on ${parent}, as ${formatPath(first.at)} has on ${first.parent}`;
      return fault('virtualMacTwice', [...at, 'vrid'], found, { name });
    });
}
