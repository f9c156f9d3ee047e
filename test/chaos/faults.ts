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
  processes.freezeAgent,
  processes.freezeExecutor,
  processes.freezeBoth,
  processes.powerCut,
  network.interfaceRemade,
  network.interfaceRemadeUnseen,
  network.interfaceRenamed,
  network.carrierLost,
  network.oneWayLoss,
  network.multicastFiltered,
  network.haLinkCut,
  network.haPortFiltered,
  network.partition,
  network.addressTakenAway,
  operation.diskFull,
  operation.reloadSame,
  operation.reloadChanged,
  operation.reloadInvalid,
  operation.scriptFails,
  operation.failoverToBrokenScript,
  operation.failover,
  operation.maintenance,
  operation.setMode,
];

/** @throws Error when there is no such row. */
export function faultNamed(name: string): Fault {
  const fault = FAULTS.find((row) => row.name === name);
  if (fault === undefined) throw new Error(`a fault of the table expected, found "${name}"`);
  return fault;
}
