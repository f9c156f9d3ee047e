// Which test files share one start of node, and in which groups. Loading them: `defineTogether` of test.ts; running the
// groups: run.ts. Runs no test.

/**
 * What a file does to the process that it runs in, and what others there would notice: its mocks, its environment, its
 * folder, its listeners; or what it measures of the process, and others would spoil.
 */
const OF_THE_PROCESS =
  /\bmock\.|\bprocess\.(?:on|once|chdir|umask|exitCode|argv|cpuUsage|memoryUsage)\b|\bprocess\.env\[[^\]]+\] =(?!=)|\bdelete process\.env\b|\bglobalThis\.\w+ =(?!=)/;

/** @returns whether the file with that text has its process to itself. */
export const isAlone = (text: string): boolean => OF_THE_PROCESS.test(text);

/**
 * @param sorted of one room beside each other, which take about as long as each other.
 * @returns at most so many groups: neighbours in different ones, and those of a group in the order in which they came.
 */
export function dealt(sorted: readonly string[], groups: number): string[][] {
  const hands: string[][] = Array.from({ length: groups }, () => []);
  for (const [index, file] of sorted.entries()) hands[index % groups]?.push(file);
  return hands.filter((hand) => hand.length > 0);
}
