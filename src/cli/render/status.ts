// The status screen: a Status in, text out. Pure; asks nobody. An agent of another version may leave
// fields out or add some, so nothing is relied on but what the client has checked.
import type { InterfaceStatus, Status } from '../../model/status.js';
import { countLines, sinceLines, type Counting } from './counts.js';
import { haPortLines, monitorLines, peerBlocks } from './peers.js';
import { readinessLines, readyWord } from './readiness.js';
import { renderRouter } from './router.js';
import { handoverLines, standingLines } from './standing.js';
import { syncLines, witnessLines } from './sync.js';
import {
  hang,
  harmless,
  layout,
  painter,
  type Clock,
  type Colour,
  type Line,
  type Paint,
} from './text.js';

interface RenderOptions extends Clock {
  readonly colour: boolean;
  /** Columns of the screen. */
  readonly width: number;
  /** Of this command, to be compared with the agent's. */
  readonly version: string;
}

/** The whole screen, health first. */
export function renderStatus(status: Status, options: RenderOptions): string {
  const paint = painter(options.colour);
  const counting = { ...options, startedAt: status.startedAt };
  const blocks: Line[][] = [
    [...headline(status, paint), ...handoverLines(status, paint), ...readinessLines(status, paint)],
    ...status.virtualRouters.map((router) => renderRouter(router, paint, counting)),
    interfaceLines(status.interfaces ?? [], paint, counting),
    ...peerBlocks(status.peers ?? [], paint),
    haPortLines(status, counting),
    monitorLines(status.monitors ?? [], paint),
    [
      ...standingLines(status, paint, options),
      ...witnessLines(status, paint, options),
      ...syncLines(status, paint, options),
    ],
    notes(status, options),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => layout(lines, options.width).join('\n'))
    .join('\n\n')}\n`;
}

const HEALTH_COLOUR: Readonly<Record<string, Colour>> = {
  healthy: 'green',
  degraded: 'yellow',
  fault: 'red',
};

function headline(status: Status, paint: Paint): Line[] {
  const { state, reasons } = status.health;
  const colour = HEALTH_COLOUR[state] ?? 'yellow';
  const words = [harmless(status.name), harmless(status.mode)];
  // In active-active each virtual router has its own.
  if (status.mode !== 'active-active') words.push(status.primary ? 'primary' : 'not primary');
  if (status.maintenance) words.push(paint('yellow', 'in maintenance'));
  return [
    `${paint(colour, harmless(state).toUpperCase())}${readyWord(status, paint)}  ${words.join(', ')}`,
    ...reasons.flatMap((reason) => hang(`  ${paint(colour, '!')} `, harmless(reason))),
  ];
}

/** Only what is not as it should be: interfaces that are up have nothing to say. */
function interfaceLines(
  interfaces: readonly InterfaceStatus[],
  paint: Paint,
  clock: Counting,
): Line[] {
  const lines = interfaces.flatMap((one) => {
    const trouble = interfaceTrouble(one);
    const counted = countLines(one.discarded ?? {}, 'discarded', one.lastDiscarded, clock);
    return [
      ...(trouble === null ? [] : [`  ${paint('red', trouble)}`]),
      ...counted,
      ...sinceLines(counted, clock),
    ].map((line, index) => (index === 0 ? [`interface ${harmless(one.name)}`, line] : [line]));
  });
  return lines.flat();
}

function interfaceTrouble({ present, up, carrier }: InterfaceStatus): string | null {
  if (!present) return 'does not exist';
  if (!up) return 'is administratively down';
  return carrier ? null : 'has no carrier';
}

function notes(status: Status, { version }: RenderOptions): Line[] {
  const lines: Line[] = [];
  if (status.version !== undefined && status.version !== version) {
    lines.push(`agent ${harmless(status.version)}, this command ${version}`);
  }
  return lines;
}
