// The table of faults: whoever adds one adds a row. What each does stands in faults-*.ts.
import type { Fault } from './fault.js';
import * as network from './faults-network.js';
import * as operation from './faults-operation.js';
import * as processes from './faults-processes.js';

export const FAULTS: readonly Fault[] = [
  processes.killAgent,
  processes.killExecutor,
  processes.killBoth,
  processes.stop,
  processes.stopBoth,
  processes.stopThird,
  processes.freezeAgent,
  processes.freezeExecutor,
  processes.freezeBoth,
  processes.powerCut,
  processes.staggeredPowerCut,
  network.interfaceRemade,
  network.interfaceRemadeUnseen,
  network.interfaceRenamed,
  network.carrierLost,
  network.oneWayLoss,
  network.multicastFiltered,
  network.multicast6Filtered,
  network.haLinkCut,
  network.haPortFiltered,
  network.partition,
  network.addressTakenAway,
  operation.diskFull,
  operation.reloadSame,
  operation.reloadChanged,
  operation.reloadInvalid,
  operation.newKey,
  operation.scriptFails,
  operation.checkFails,
  operation.failoverToBrokenScript,
  operation.failover,
  operation.failoverToUnfit,
  operation.maintenance,
  operation.setMode,
];

/** @throws Error when there is no such row. */
export function faultNamed(name: string): Fault {
  const fault = FAULTS.find((row) => row.name === name);
  if (fault === undefined) throw new Error(`a fault of the table expected, found "${name}"`);
  return fault;
}
