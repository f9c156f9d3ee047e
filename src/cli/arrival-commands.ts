// The commands for whoever comes to understudy, or wants to know what is wrong: which there are and what they take.
// What they do is in commands/.
import type { ConfigOption, Context } from './command-context.js';
import type { DoctorChoice } from './commands/doctor.js';
import type { ImportOptions } from './commands/import.js';

export function addArrivalCommands(context: Context): void {
  addDoctor(context);
  addImport(context);
}

function addDoctor({ add, chosen, surroundings, finish }: Context): void {
  add('doctor', 'what usually goes wrong and is wrong here, with evidence and remedy')
    .option('--json', 'print every finding as JSON')
    .option('--fix', 'write the files that mend it, where a new file is enough')
    .action(async (options: ConfigOption & DoctorChoice) => {
      const { runDoctor } = await import('./commands/doctor.js');
      finish(await runDoctor(surroundings, chosen(options), options));
    });
}

function addImport({ program, surroundings, finish }: Context): void {
  program
    .command('import')
    .description('settings from a keepalived.conf; an account of every line')
    .argument('<file>', 'the keepalived.conf')
    .option('--output <file>', 'write the settings there; default: print them')
    .option('--primary', 'this is the appliance that is preferred')
    .option('--name <name>', 'name of this appliance; default: the host name')
    .option('--peer <name=addresses>', 'the other appliance, such as dallas-2=10.98.0.2,10.99.0.2')
    .option('--config-id <word>', 'which @word lines count; default: the host name')
    .allowExcessArguments(false)
    .action(async (file: string, options: ImportOptions) => {
      const { importSettings } = await import('./commands/import.js');
      finish(await importSettings(surroundings, file, options));
    });
}
