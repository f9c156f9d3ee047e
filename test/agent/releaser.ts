// `understudy release` for each settings file it is told, in one process: what it would print, and its exit
// code. No tests in here; that the program does the same is tested by starting it.
import { releaseAddresses } from '../../src/agent/main.js';

const printed = { stdout: '', stderr: '' };
for (const stream of ['stdout', 'stderr'] as const) {
  process[stream].write = (text: string | Uint8Array): boolean => {
    printed[stream] += String(text);
    return true;
  };
}
process.on('disconnect', () => process.exit());
process.on('message', (settingsFile: string) => {
  Object.assign(printed, { stdout: '', stderr: '' });
  void releaseAddresses(settingsFile).then((status) => process.send?.({ status, ...printed }));
});
