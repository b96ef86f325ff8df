import type { Probe } from '../../shared/probe.ts';
import { thousands } from './measures.ts';
import { oneLine } from './plainText.ts';

/** What matters of a probe, on one line: "SmolLM2 at http://…, window 8,192, schema held, native tools broken". */
export function probeInWords(probe: Probe): string {
  return [
    `${oneLine(probe.model)} at ${oneLine(probe.url)}`,
    `window ${thousands(probe.window)}${probe.windowFrom === 'assumed' ? ' (assumed: it does not tell)' : ''}`,
    SCHEMA[probe.schema],
    toolsInWords(probe.tools),
    ...(probe.decode === undefined ? [] : [`${thousands(probe.decode)} tokens/s`]),
  ].join(', ');
}

const SCHEMA: Record<Probe['schema'], string> = {
  held: 'schema held',
  ignored: 'schema ignored',
  refused: 'schema refused',
  runsAway: 'schema answers run away in white space',
  untried: 'schema not tried',
};

function toolsInWords({ streamed, whole }: Probe['tools']): string {
  if (streamed === 'works') return 'native tools streamed';
  if (whole === 'works') return 'native tools only when not streamed';
  if (streamed === 'untried' || whole === 'untried') return 'native tools not tried';
  return streamed === 'refused' ? 'native tools refused' : 'native tools broken';
}
