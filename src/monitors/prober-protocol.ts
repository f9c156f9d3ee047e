// What agent and prober say to each other: JSON, one message a line, over the prober's standard
// input and output. No process, no meaning.
import type { MonitorStatus } from '../model/monitor.js';
import type { ProberRole, ProberSettings } from './settings.js';

export type ToProber =
  | { readonly kind: 'configure'; readonly revision: number; readonly settings: ProberSettings }
  | { readonly kind: 'role'; readonly role: ProberRole };

export type FromProber =
  /**
   * The statuses that changed; all of them after `configure`. Sent at once when a state changed or
   * became doubtful, and every REPORT_INTERVAL_MS even if nothing did, which shows that the prober is alive.
   */
  | {
      readonly kind: 'report';
      /** Of the settings these monitors are from. */
      readonly revision: number;
      readonly statuses: readonly MonitorStatus[];
    }
  /** A process group of a script began or ended: whoever outlives the prober kills those running. */
  | { readonly kind: 'group'; readonly group: number; readonly running: boolean };

export const REPORT_INTERVAL_MS = 1_000;

/** Far more than the settings of a hundred checks. */
const MAXIMUM_LINE_LENGTH = 4 << 20;

export const encodeMessage = (message: ToProber | FromProber): string =>
  `${JSON.stringify(message)}\n`;

/**
 * Cuts a stream into messages. Both ends are this package, so that their form is not checked.
 * @param onMessage called with each message, a `ToProber` or a `FromProber`.
 * @returns a function that takes text as it comes.
 * @throws Error from that function, when a line is no JSON or does not end.
 */
export function messageReader(onMessage: (message: unknown) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAXIMUM_LINE_LENGTH) {
      throw new Error(`a line of at most ${MAXIMUM_LINE_LENGTH} characters expected`);
    }
    for (const line of lines) onMessage(JSON.parse(line));
  };
}
