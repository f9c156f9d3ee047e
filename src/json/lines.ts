// JSON, one message a line: what two processes of this package say to each other over a pipe. No process, no meaning.

/** Far more than settings of a hundred checks, or the largest document of shared settings with its differences. */
const LONGEST_LINE = 4 << 20;

export const encodeLine = (message: unknown): string => `${JSON.stringify(message)}\n`;

/**
 * Cuts a stream into messages. Both ends are this package, so that their form is not checked.
 * @returns a function that takes text as it comes.
 * @throws Error from that function, when a line is no JSON or does not end.
 */
export function lineReader(onMessage: (message: unknown) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) {
      throw new Error(`a line of at most ${LONGEST_LINE} characters expected`);
    }
    for (const line of lines) onMessage(JSON.parse(line));
  };
}
