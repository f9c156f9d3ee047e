// The simulator as one text, with a fault of the core in it or without: no copy of the project is made, and nothing is
// written. What is not changed is read and translated once. Plays nothing: scenarios-worker.ts.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { context, type Plugin } from 'esbuild';
import { expectedOf, FaultError, withFault, type Expected, type Fault } from '../mutants/fault.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const FAULTS = join(ROOT, 'test/mutants');

export interface Simulator {
  /** @throws FaultError when the fault does not fit, or what it makes cannot be translated. */
  with(fault: Fault | null): Promise<string>;
  close(): Promise<void>;
}

export async function simulator(): Promise<Simulator> {
  let parts: readonly Expected[] = [];
  const plant: Plugin = {
    name: 'plant',
    setup: (making) => {
      making.onLoad({ filter: /\/src\/core\/.*\.ts$/ }, ({ path }) => {
        const contents = withFault(parts, relative(ROOT, path), readFileSync(path, 'utf8'));
        return { contents, loader: 'ts' };
      });
    },
  };
  const bundling = await context({
    entryPoints: [join(ROOT, 'test/sim-runs/scenarios-worker.ts')],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    // What a thread is given as text is no module.
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    keepNames: true,
    logLevel: 'silent',
    plugins: [plant],
  });
  return {
    with: async (fault) => {
      parts = fault === null ? [] : partsOf(fault);
      try {
        const { outputFiles } = await bundling.rebuild();
        return outputFiles[0]?.text ?? '';
      } catch (error) {
        throw new FaultError(error instanceof Error ? error.message : String(error));
      }
    },
    close: () => bundling.dispose(),
  };
}

const partsOf = ({ name }: Fault): Expected[] =>
  expectedOf(name, readFileSync(join(FAULTS, `${name}.patch`), 'utf8'));
