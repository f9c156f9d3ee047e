// Interworking with keepalived at the RFC's default interval. See interop.ts.
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { interoperate } from './interop.js';

const refusal = await enterSandbox();
// Almost all of this time is waiting for Active_Down_Interval.
interoperate(1000, { everyDay: 'all', concurrency: 4, skip: refusal ?? false });
