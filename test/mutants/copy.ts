// A copy of the project in which faults are planted: nothing touches the tree that it was made from.
// Runs no tests.
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './children.js';
import { FaultError, type Fault } from './fault.js';

/** Made anew, shared, or nobody's business in a copy. */
const LEFT_OUT = new Set(['.git', 'node_modules', 'dist', 'coverage']);

/**
 * Types are checked: a fault that the compiler finds needs no test. What a fault leaves unused is none
 * of them. Every compilation after the first one looks at what has changed only.
 */
const COMPILE = [
  'node_modules/.bin/tsc',
  ...words('-p tsconfig.json --pretty false --noUnusedLocals false --noUnusedParameters false'),
  ...words('--incremental --tsBuildInfoFile dist/.tsbuildinfo'),
];
const BUILD = words('make -s -C build BUILDTYPE=Release');

export class Copy {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /**
   * Copies `project` to the folder `root`, which must not exist, and compiles it.
   * @param native builds addon and executor anew too: the makefiles know where they are.
   * @throws FaultError when it does not compile.
   */
  static async of(project: string, root: string, native: boolean): Promise<Copy> {
    const copy = new Copy(root);
    mkdirSync(root);
    const entries = readdirSync(project).filter((name) => !LEFT_OUT.has(name));
    await must('cp', ['cp', '-a', ...entries, `${root}/`], project);
    symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'));
    if (native) await must('npm run build:native', words('npm run --silent build:native'), root);
    const trouble = await copy.#compile(false);
    if (trouble === null) return copy;
    throw new FaultError(`expected sources that compile without any fault; found:\n${trouble}`);
  }

  /** Another copy of this one, in the same folder: makefiles have relative paths. */
  async again(root: string): Promise<Copy> {
    await must('cp', ['cp', '-a', this.root, root], dirname(this.root));
    return new Copy(root);
  }

  /**
   * Plants the fault, does `judge`, and takes the fault out again.
   * @returns what `judge` returned, or why the fault cannot be planted, as text.
   */
  async planted<T>(fault: Fault, judge: () => Promise<T>): Promise<T | string> {
    const native = isNative(fault);
    const before = this.#texts(fault);
    if (typeof before === 'string') return before;
    const patch = join(this.root, 'test/mutants', `${fault.name}.patch`);
    const environment = { ...process.env, GIT_CEILING_DIRECTORIES: dirname(this.root) };
    try {
      const applied = await run(['git', 'apply', patch], this.root, environment);
      if (applied.code !== 0) {
        return `expected a diff that fits the sources; found: ${oneLine(applied.text)}`;
      }
      const trouble = await this.#compile(native);
      if (trouble !== null) return `expected a fault that compiles; found: ${oneLine(trouble)}`;
      return await judge();
    } finally {
      for (const [path, text] of before) writeFileSync(join(this.root, path), text);
      // The next compilation of TypeScript sees that they are back; of C only one that is asked for.
      if (native) await this.#compile(true);
    }
  }

  #texts({ targets }: Fault): [string, string][] | string {
    try {
      return targets.map((path) => [path, readFileSync(join(this.root, path), 'utf8')]);
    } catch (error) {
      return `expected the files that the diff changes; found: ${(error as Error).message}`;
    }
  }

  /** @returns what the compilers said when something does not compile; else null. */
  async #compile(native: boolean): Promise<string | null> {
    for (const command of native ? [BUILD, COMPILE] : [COMPILE]) {
      const { code, text } = await run(command, this.root);
      if (code !== 0) return text;
    }
    return null;
  }
}

function words(text: string): string[] {
  return text.split(' ');
}

export const isNative = ({ targets }: Fault): boolean =>
  targets.some((path) => path.startsWith('native/'));

async function must(what: string, command: readonly string[], folder: string): Promise<void> {
  const { code, text } = await run(command, folder);
  if (code !== 0) throw new FaultError(`${what}: exit code 0 expected; found ${code}: ${text}`);
}

const oneLine = (text: string): string => text.trim().split('\n').slice(0, 3).join('; ');
