// The last thing before the terminal: what came from a file, an agent or a peer cannot move the cursor or
// change the screen. No text is made here.
import { plainText } from '../model/plain-text.js';
import type { Surroundings, TextSink } from './surroundings.js';

/** Cursor home, and clear what is below it: what `--watch` draws each screen with. */
export const REDRAW = '\u001B[H\u001B[2J';

/** Control characters as `?`; colours, tabs and ends of lines stay. A screen may begin with REDRAW. */
export const guardedText = (text: string): string =>
  text.startsWith(REDRAW)
    ? `${REDRAW}${guardedText(text.slice(REDRAW.length))}`
    : plainText(text, 'screen');

const guardedSink = (sink: TextSink): TextSink => ({
  write: (text) => sink.write(guardedText(text)),
});

/** The same surroundings, whose streams let no control character through. */
export const guarded = (surroundings: Surroundings): Surroundings => ({
  ...surroundings,
  stdout: guardedSink(surroundings.stdout),
  stderr: guardedSink(surroundings.stderr),
});
