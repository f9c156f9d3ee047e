// Interworking with keepalived at the fastest usual interval. See interop.ts.
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { interoperate } from './interop.js';

const refusal = await enterSandbox();
// One after the other: at 10 ms a busy machine is itself a fault.
interoperate(10, { everyDay: 'each once', concurrency: 1, skip: refusal ?? false });
