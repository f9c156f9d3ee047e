// What the bundle consists of: the programs that are started, and the files that they share. No
// bundling: see bundle.ts.

/** A program: started by its path below `dist`, in a checkout and in the bundle. */
export interface ProgramPart {
  /** The name of its file in the bundle. */
  readonly name: string;
  readonly source: string;
}

/** Each is one file, and a small one at the path where the program is started. */
export const PROGRAMS: readonly ProgramPart[] = [
  { name: 'understudy', source: 'src/main.ts' },
  { name: 'prober', source: 'src/monitors/prober.ts' },
  { name: 'sync-service', source: 'src/sync-service/service.ts' },
  { name: 'settings-thread', source: 'src/config/settings-thread.ts' },
  { name: 'precompile', source: 'scripts/bundle/precompile.ts' },
  { name: 'privileged-hook', source: 'scripts/privileged-hook.ts' },
  { name: 'connections', source: 'scripts/connections.ts' },
  { name: 'demo', source: 'scripts/demo.ts' },
  { name: 'demo-prober', source: 'scripts/lab/prober-process.ts' },
  { name: 'demo-request', source: 'scripts/lab/request-process.ts' },
  { name: 'demo-datagrams', source: 'scripts/lab/datagram-process.ts' },
];

/** A file that several programs load when they need it, if they do. */
export interface SharedPart {
  readonly name: string;
  /** The import that is answered by it, as a pattern over what is resolved: a path or a package. */
  readonly stands: RegExp;
}

/**
 * What a start does not need it does not load. A plain `status`: neither the parser of command lines (commands) nor what
 * reads settings (settings, with yaml and their form). A plain `run`: no command but itself.
 */
export const SHARED: readonly SharedPart[] = [
  { name: 'commands', stands: /\/src\/cli\/program\.[jt]s$/ },
  { name: 'check', stands: /\/src\/cli\/commands\/check\.[jt]s$/ },
  { name: 'settings', stands: /\/src\/config\/load\.[jt]s$/ },
  { name: 'agent', stands: /\/src\/agent\/main\.[jt]s$/ },
  { name: 'doctor', stands: /\/src\/cli\/commands\/doctor\.[jt]s$/ },
  { name: 'import', stands: /\/src\/cli\/commands\/import\.[jt]s$/ },
  { name: 'console', stands: /\/src\/cli\/commands\/console\.[jt]s$/ },
  { name: 'yaml', stands: /^yaml$/ },
  { name: 'settings-form', stands: /\/src\/config\/compile\.[jt]s$/ },
  { name: 'forms', stands: /\/src\/json\/compile-form\.[jt]s$/ },
  { name: 'systeminformation', stands: /^systeminformation$/ },
];

/** Below `dist`, as it is started. */
export const startedAs = ({ source }: ProgramPart): string => source.replace(/\.ts$/, '.js');
