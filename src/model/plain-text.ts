// Text from elsewhere as text and nothing else: the one place that says which characters may move a cursor, change a
// screen or begin a line. No text is made here.

/** C0, DEL and C1, with what makes a colour of an escape. */
const CONTROL = /\p{Cc}(?:\[\d+m)?/gu;

const ESCAPE = '\u001B';

/** What may stay: nothing in a part of a line; ends of lines, tabs and our own colours in a whole screen. */
export type Kept = 'nothing' | 'lines' | 'screen';

/** Of what `CONTROL` finds. */
const KEPT: Readonly<Record<Kept, (found: string) => boolean>> = {
  nothing: () => false,
  lines: (found) => found.startsWith('\n'),
  screen: (found) => /^[\n\t]/.test(found) || (found.startsWith(ESCAPE) && found !== ESCAPE),
};

/** Every other control character as `?`; what stood behind it stays. */
export const plainText = (text: string, kept: Kept = 'nothing'): string =>
  text.replace(CONTROL, (found) => (KEPT[kept](found) ? found : `?${found.slice(1)}`));
