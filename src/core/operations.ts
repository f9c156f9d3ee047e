// What operators order. Maintenance, latches and the bypass take effect when the instance settles; a
// failover begins at once, or is refused.
import { noFlaps } from './flap-counter.js';
import type { OperatorCommand } from './interface.js';
import { hasSuccessor } from './pair.js';
import type { Stage } from './stage.js';

export function operate(stage: Stage, command: OperatorCommand): void {
  const { conduct } = stage;
  switch (command) {
    case 'failover':
      failover(stage);
      return;
    case 'maintenance-on':
    case 'maintenance-off':
      stage.conduct = { ...conduct, maintenance: command === 'maintenance-on' };
      stage.report('maintenance', command);
      return;
    case 'bypass-engage':
      if (!stage.configuration.hasBypass) {
        stage.report('refused', 'bypass engage: the settings name no bypass hook');
        return;
      }
      stage.conduct = { ...conduct, bypassEngaged: true };
      return;
    case 'bypass-release':
      stage.conduct = { ...conduct, bypassEngaged: false, flaps: noFlaps };
      return;
    case 'flaps-clear':
      stage.conduct = { ...conduct, flaps: noFlaps };
  }
}

/** Hands everything over, or nothing: a virtual router without a successor stays with the others. */
function failover(stage: Stage): void {
  const active = [...stage.routers.values()].filter(({ machine: { kind } }) => kind === 'Active');
  const stranded = active.find((router) => !hasSuccessor(stage, router, 'fit'));
  if (active.length === 0 || stranded !== undefined) {
    const detail = active.length === 0 ? 'not Active' : 'no healthy peer could take over';
    stage.report('refused', `failover: ${detail}`, stranded);
    return;
  }
  stage.conduct = { ...stage.conduct, standBack: true };
  stage.report('failover', active.map(({ configuration: { name } }) => name).join(', '));
  for (const router of active) stage.release(router, 'failover');
}
