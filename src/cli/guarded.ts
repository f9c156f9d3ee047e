// The last thing before the terminal: what came from a file, an agent or a peer cannot move the cursor or
// change the screen. No text is made here.
import type { Surroundings, TextSink } from './surroundings.js';

/** Cursor home, and clear what is below it: what `--watch` draws each screen with. */
export const REDRAW = '\u001B[H\u001B[2J';

const ESCAPE = '\u001B';

/** A control character, with what makes a colour of an escape. */
const CONTROL = /\p{Cc}(?:\[\d+m)?/gu;

/** Control characters as `?`; colours, tabs and ends of lines stay. A screen may begin with REDRAW. */
export function guardedText(text: string): string {
  if (text.startsWith(REDRAW)) return `${REDRAW}${guardedText(text.slice(REDRAW.length))}`;
  return text.replace(CONTROL, (found) => {
    const colour = found.startsWith(ESCAPE) && found.length > 1;
    return colour || found.startsWith('\n') || found.startsWith('\t')
      ? found
      : `?${found.slice(1)}`;
  });
}

const guardedSink = (sink: TextSink): TextSink => ({
  write: (text) => sink.write(guardedText(text)),
});

/** The same surroundings, whose streams let no control character through. */
export const guarded = (surroundings: Surroundings): Surroundings => ({
  ...surroundings,
  stdout: guardedSink(surroundings.stdout),
  stderr: guardedSink(surroundings.stderr),
});
