// Whether what a page shows is what a command says: numbers, times, line ends and what happened before may
// differ, nothing else. Pure.

/**
 * @param name follows `<!-- screen: ` in front of the fenced block.
 * @throws Error with what was said, when the page shows something else.
 */
export function sameScreen(page: string, name: string, said: string): void {
  const [, shown] =
    new RegExp(`<!-- screen: ${name} -->\\n\\n\`\`\`\\w*\\n([^]*?)\`\`\``).exec(page) ?? [];
  if (shown === undefined) throw new Error(`a screen "${name}" expected on the page, found none`);
  if (shape(shown) === shape(said)) return;
  throw new Error(`the page should show, as ${name}:\n${said}`);
}

const shape = (text: string): string =>
  text
    .replaceAll(/\d+(\.\d+)?/g, 'N')
    .replaceAll(/N (s|min|h|d)( N (s|min|h))? ago/g, 'N ago')
    .replaceAll(/for N (s|min|h|d)( N (s|min|h))?/g, 'for N')
    // Why the role was taken last is another story, as is whether the other one was ever heard.
    .replaceAll(/^ *(because|last move|adverts|checksum) .*(\n {14}.*)*$/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
