/** The fleet as a process of its own: `node scripted-fleet.js --script DIR [--port-base N] [--pace real|instant] [--decode TOKENS/S] [--log FILE]`. */
import { fstatSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type FleetOptions, startFleet } from './fleet.ts';

const { values } = parseArgs({
  options: {
    script: { type: 'string' },
    'port-base': { type: 'string' },
    pace: { type: 'string', default: 'real' },
    decode: { type: 'string' },
    log: { type: 'string' },
  },
});

function optionsFromArguments(): FleetOptions {
  const { script, pace, log, 'port-base': portBase } = values;
  if (script === undefined) throw new Error('--script DIR is missing: a directory with planner.yaml, coder.yaml, …');
  if (pace !== 'real' && pace !== 'instant') throw new Error(`--pace is "${pace}", expected real or instant`);
  const port = portBase === undefined ? undefined : Number(portBase);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_533)) {
    throw new Error(`--port-base is "${portBase}", expected a port number`);
  }
  const decode = values.decode === undefined ? undefined : Number(values.decode);
  if (decode !== undefined && !(decode > 0))
    throw new Error(`--decode is "${values.decode}", expected tokens a second`);
  return {
    script,
    pace,
    ...(port === undefined ? {} : { portBase: port }),
    ...(decode === undefined ? {} : { timing: { decode } }),
    ...(log === undefined ? {} : { logFile: log }),
  };
}

/** True where another process holds the other end of our stdin; then its end tells that this process is gone. */
function hasPipedStdin(): boolean {
  const stdin = fstatSync(0);
  return stdin.isFIFO() || stdin.isSocket();
}

try {
  const fleet = await startFleet(optionsFromArguments());
  const stop = (): void => {
    void fleet.close().then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (hasPipedStdin()) process.stdin.on('end', stop).on('error', stop).resume();
  process.stdout.write(`${JSON.stringify(fleet.urls)}\n`);
} catch (error) {
  process.stderr.write(`scripted fleet: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 2;
}
