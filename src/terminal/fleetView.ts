import type { FleetState } from '../shared/fleet.ts';
import { openLiveRegion, type TerminalStream } from './liveRegion.ts';
import { drawFleet, lineOfService } from './render/fleet.ts';
import { hasColour, painter } from './render/paint.ts';
import { clean } from './render/plainText.ts';

/** Shows a fleet while it changes. */
export interface FleetView {
  onState(state: FleetState): void;
  /** Takes away what was drawn; what was written stays. */
  close(): void;
}

/** Milliseconds after which the seconds shown are stale. */
const TICK = 1000;

/**
 * Draws a table that follows the fleet on a terminal, and writes a line for every change elsewhere; with `json` one state
 * a line on standard output, and nothing else.
 */
export function openFleetView({ json }: { json: boolean }): FleetView {
  if (json) return jsonLines();
  return process.stderr.isTTY ? liveTable(process.stderr) : plainLines(process.stderr);
}

function jsonLines(): FleetView {
  let last = '';
  return {
    onState(state) {
      const line = JSON.stringify(state);
      if (line !== last) process.stdout.write(`${line}\n`);
      last = line;
    },
    close() {},
  };
}

function liveTable(stream: TerminalStream & NodeJS.WriteStream): FleetView {
  const region = openLiveRegion(stream);
  const paint = painter({ colour: hasColour(stream) });
  let state: FleetState | undefined;
  const draw = (): void => {
    const { width, rows } = region.size();
    if (state) region.show('', drawFleet(state, { width, paint, now: Date.now() }).slice(0, rows));
  };
  const tick = setInterval(draw, TICK).unref();
  region.onResize(draw);
  return {
    onState(now) {
      state = now;
      draw();
    },
    close() {
      clearInterval(tick);
      region.close();
    },
  };
}

function plainLines(stream: NodeJS.WritableStream): FleetView {
  const said = new Map<string, string>();
  const say = (key: string, line: string): void => {
    if (said.get(key) !== line) stream.write(`${clean(line)}\n`);
    said.set(key, line);
  };
  return {
    onState({ services, problem }) {
      // Where nothing can be seen, nothing is said of services.
      if (problem !== undefined) return say('', `${problem.what} ${problem.remedy}`);
      for (const service of services) say(service.name, lineOfService(inTens(service)));
    },
    close() {},
  };
}

/** Of what rises by ones, a line for every ten is enough. */
function inTens<T extends FleetState['services'][number]>(service: T): T {
  const { state } = service;
  if (!('percent' in state) || state.percent === undefined) return service;
  return { ...service, state: { ...state, percent: Math.floor(state.percent / 10) * 10 } };
}
