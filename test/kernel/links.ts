// Looks up an interface through the kernel's own face. No tests in here.
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Link } from '../../src/model/link.js';

/** @throws Error when there is no such interface. */
export function linkNamed(kernel: Kernel, name: string): Link {
  const watch = kernel.openNetworkWatch(() => {});
  const link = [...watch.links.values()].find((candidate) => candidate.name === name);
  watch.close();
  if (link === undefined) throw new Error(`an interface named ${name} expected`);
  return link;
}
