// Whether a failover now would succeed, on the status screen. Pure.
import type { Readiness, Status } from '../../model/status.js';
import { hang, harmless, row, type Line, type Paint } from './text.js';

/** Behind the word of health, which is about this appliance: whether the role could move. Nothing without peers. */
export function readyWord({ readiness = [] }: Status, paint: Paint): string {
  if (readiness.length === 0) return '';
  const isReady = readiness.every(({ ready }) => ready);
  return `, ${isReady ? paint('green', 'READY') : paint('yellow', 'NOT READY')}`;
}

/** Below the text of a row. */
const INDENT = ' '.repeat(14);

/** `failover    would succeed, to dallas-2`; or why not, and what to do. */
export const readinessLines = ({ readiness = [] }: Status, paint: Paint): Line[] =>
  readiness.flatMap((one) => [
    ...row('failover', verdictText(one, paint)),
    ...one.hindrances.flatMap(({ reason, remedy }) =>
      hang(INDENT + paint('yellow', '- '), `${harmless(reason)}; ${harmless(remedy)}`),
    ),
  ]);

function verdictText({ direction, ready, to }: Readiness, paint: Paint): string {
  const whither =
    direction === 'here' ? 'to this appliance' : `to ${to.map(harmless).join(' or ') || 'a peer'}`;
  return ready
    ? `${paint('green', 'would succeed')}, ${whither}`
    : `${paint('red', 'would FAIL')}, ${whither}:`;
}
