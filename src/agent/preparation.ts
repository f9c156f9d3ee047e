// What is done before addresses come, and whether the plan that waited for it is still wanted then. No script.
import type { Plan } from './address-plan.js';
import type { Keeping } from './keeping.js';

type Kept = ReadonlyMap<string, Keeping>;

/**
 * Asks once for each virtual router that has been given the role and gets addresses by the plan.
 * @returns what the plan has to wait for; null for nothing.
 */
export function preparation(
  { added }: Pick<Plan, 'added'>,
  kept: Kept,
  ask: (virtualRouters: readonly string[]) => Promise<void> | null,
): Promise<void> | null {
  const names = new Set<string>();
  for (const { owner } of added) {
    const keeping = kept.get(owner ?? '');
    if (keeping === undefined || keeping.prepared) continue;
    keeping.prepared = true;
    names.add(keeping.settings.name);
  }
  return names.size === 0 ? null : ask([...names]);
}

/**
 * Whether somebody has changed his mind since the plan was made. Then all that it concerns is due again: there will be
 * another one.
 */
export function overtaken({ lines }: Pick<Plan, 'lines'>, kept: Kept): boolean {
  const concerned = lines.flatMap(({ owner }) => kept.get(owner ?? '') ?? []);
  if (concerned.every(({ due }) => due !== 'now')) return false;
  for (const keeping of concerned) keeping.due = 'now';
  return true;
}
