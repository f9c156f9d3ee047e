// Text from elsewhere as text and nothing else: the one place that says which characters may move a cursor, change a
// screen or begin a line. No text is made here.

/** C0, DEL and C1, with what makes a colour of an escape. */
const CONTROL = /\p{Cc}(?:\[\d+m)?/gu;

/** What may stay: nothing in a part of a line; ends of lines, tabs and our own colours in a whole screen. */
export type Kept = 'nothing' | 'lines' | 'screen';

const KEPT: Readonly<Record<Kept, RegExp>> = {
  nothing: /^(?!)/,
  lines: /^\n/,
  // oxlint-disable-next-line no-control-regex -- an escape that begins a colour
  screen: /^(?:[\n\t]|\u001B\[\d+m$)/,
};

/** Every other control character as `?`; what stood behind it stays. */
export const plainText = (text: string, kept: Kept = 'nothing'): string =>
  text.replace(CONTROL, (found) => (KEPT[kept].test(found) ? found : `?${found.slice(1)}`));
