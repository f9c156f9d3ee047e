// The `ssh` of a deployment's operator: hands host, command and stdin to the deployment (operator.ts), and
// its answer back.
import { connect } from 'node:net';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import type { Completed } from '../../scripts/lab/command.js';
import type { RemoteCall } from './operator.js';

const [socket = '', host = '', ...command] = process.argv.slice(2);
const call: RemoteCall = { host, command, input: await text(process.stdin) };
const connection = connect({ path: socket, allowHalfOpen: true });
connection.end(JSON.stringify(call));
const { code, stdout, stderr } = JSON.parse(await text(connection)) as Completed;
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = code;
