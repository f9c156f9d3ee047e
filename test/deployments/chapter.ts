// A deployment as a run of parts at a site of its own, any of which can be run without the others. Which parts:
// the deployments. Nothing is judged here.
import { now } from '../../scripts/lab/clock.js';
import { complaintsOf, type Section } from './report.js';
import { Site, type SitePlan } from './site.js';

/** A deployment, or one way to run it. */
export interface Chapter {
  /** Chapters of one title make one section. */
  readonly title: string;
  readonly plan: () => SitePlan;
  /** By their names, in their order; each leaves the site as it found it. */
  readonly parts: Readonly<Record<string, (site: Site) => Promise<void>>>;
}

/**
 * What ends it early is told beside what was found till then.
 * @param wanted names parts; others are left out.
 * @param onPart is told when a part has ended, and how long it took.
 */
export async function runChapter(
  { title, plan, parts }: Chapter,
  wanted: readonly string[],
  onPart: (name: string, tookMs: number) => void,
): Promise<Section> {
  const troubles: string[] = [];
  let site: Site;
  try {
    site = await Site.open(plan());
  } catch (error) {
    return { title, outcomes: [], troubles: [(error as Error).message] };
  }
  try {
    for (const [name, part] of Object.entries(parts)) {
      if (!wanted.includes(name)) continue;
      const beganAt = now();
      await part(site).catch((error: Error) => {
        throw new Error(`${name}: ${error.message}`, { cause: error });
      });
      onPart(name, now() - beganAt);
    }
  } catch (error) {
    troubles.push((error as Error).message);
  }
  try {
    const section = { title, outcomes: await site.outcomes(), settings: site.settings, troubles };
    // Whoever looks for a cause needs what was said; without a complaint nobody does.
    return complaintsOf(section).length > 0 ? { ...section, said: site.lab.logs() } : section;
  } finally {
    await site.close();
  }
}
