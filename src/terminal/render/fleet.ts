import type { FleetState, ProfileEntry, Service, ServiceState, Vitals } from '../../shared/fleet.ts';
import { duration, thousands } from './measures.ts';
import type { Ink, Paint } from './paint.ts';
import { columnsOf, cut, oneLine, pad, wrap } from './plainText.ts';

/** How a fleet is drawn: `now` is for how long something has been on its way. */
interface Canvas {
  width: number;
  paint: Paint;
  now: number;
}

/** The table of `conclave fleet status`: a line or more for each service. */
export function drawFleet({ profile, services, problem }: FleetState, canvas: Canvas): string[] {
  const { paint, width } = canvas;
  const names = Math.max(0, ...services.map(({ name }) => columnsOf(oneLine(name))));
  const states = services.map((service) => columnsOf(stateInWords(service.state, canvas.now)));
  const column = Math.min(48, Math.max(0, ...states));
  const title = profile === undefined ? [] : [paint('faint', cut(`Profile ${oneLine(profile)}`, width))];
  // Where nothing can be seen, nothing is said of services.
  if (problem !== undefined) {
    const what = wrap(`✗ ${oneLine(problem.what)}`, width, 2).map((line) => paint('bad', line));
    return [...title, ...what, ...wrap(`  ${oneLine(problem.remedy)}`, width, 2)];
  }
  return [...title, ...services.flatMap((service) => drawService(service, { ...canvas, names, column }))];
}

function drawService(
  service: Service,
  { width, paint, now, names, column }: Canvas & { names: number; column: number },
) {
  const { mark, ink } = MARKS[service.state.kind];
  const state = stateInWords(service.state, now);
  const start = cut(`${mark} ${pad(oneLine(service.name), names)}  ${pad(state, column)}`, width);
  const details = [
    ...(service.model === undefined ? [] : [oneLine(service.model)]),
    ...(service.window === undefined ? [] : [`${thousands(service.window)} tokens`]),
    ...(service.url === undefined ? [] : [`port ${new URL(service.url).port}`]),
    ...(service.vitals === undefined ? [] : vitalsInWords(service.vitals)),
  ].join(' · ');
  const room = width - columnsOf(start) - 2;
  const first = paint(ink, start.slice(0, 1)) + start.slice(1);
  const why = 'why' in service.state ? oneLine(service.state.why) : undefined;
  return [
    room < 10 || details === '' ? first.trimEnd() : `${first}  ${paint('faint', cut(details, room))}`,
    ...(why === undefined ? [] : wrap(`  ${why}`, width, 2).map((line) => paint('warning', line))),
  ];
}

/** One line for a state that has changed, where there is no terminal to draw on; without what rises all the time. */
export function lineOfService({ name, state }: Service): string {
  const why = 'why' in state ? `: ${oneLine(state.why)}` : '';
  return `${oneLine(name)}: ${stateInWords(state)}${why}`;
}

/** The list of `conclave fleet profiles`. */
export function drawProfiles(entries: readonly ProfileEntry[], { width, paint }: Omit<Canvas, 'now'>): string[] {
  const names = Math.max(0, ...entries.map(({ name }) => columnsOf(name)));
  return entries.flatMap(({ name, title, summary, refusal, isAdvised }) => {
    const [mark, ink]: [string, Ink] = refusal !== undefined ? ['✗', 'bad'] : isAdvised ? ['★', 'good'] : ['✓', 'good'];
    const indent = names + 4;
    const more = (text: string): string[] => wrap(' '.repeat(indent) + oneLine(text), width, indent);
    return [
      `${paint(ink, mark)} ${pad(name, names)}  ${oneLine(title)}${isAdvised ? paint('good', ' (the best for this machine)') : ''}`,
      ...more(summary).map((line) => paint('faint', line)),
      ...(refusal === undefined ? [] : more(`Not here: ${refusal}`).map((line) => paint('warning', line))),
    ];
  });
}

const MARKS: Record<ServiceState['kind'], { mark: string; ink: Ink }> = {
  absent: { mark: '·', ink: 'faint' },
  queued: { mark: '·', ink: 'faint' },
  fetching: { mark: '↓', ink: 'place' },
  starting: { mark: '…', ink: 'place' },
  ready: { mark: '✓', ink: 'good' },
  unhealthy: { mark: '!', ink: 'warning' },
  crashing: { mark: '✗', ink: 'bad' },
  failed: { mark: '✗', ink: 'bad' },
  stopped: { mark: '·', ink: 'faint' },
};

/** @param now adds for how long it has been on its way */
function stateInWords(state: ServiceState, now?: number): string {
  switch (state.kind) {
    case 'absent':
      return 'not started';
    case 'queued':
      return `waits for ${oneLine(state.after)}`;
    case 'fetching':
      return `fetching ${oneLine(state.what)}${percentInWords(state.percent)}`;
    case 'starting': {
      const since = now === undefined ? '' : `, ${duration(Math.max(0, now - Date.parse(state.since)))}`;
      return `${oneLine(state.step)}${percentInWords(state.percent)}${since}`;
    }
    case 'ready':
    case 'unhealthy':
    case 'failed':
    case 'stopped':
      return state.kind;
    case 'crashing':
      return `ended ${state.times} times`;
    default:
      return state satisfies never;
  }
}

function percentInWords(percent: number | undefined): string {
  return percent === undefined ? '' : ` ${Math.round(percent)} %`;
}

function vitalsInWords({ running, waiting, kvUse, prefixHits, reading, writing, firstTokenMs }: Vitals): string[] {
  const share = (of: number): string => `${Math.round(of * 100)} %`;
  return [
    `${running} running${waiting > 0 ? `, ${waiting} waiting` : ''}`,
    ...(kvUse === undefined ? [] : [`memory ${share(kvUse)}`]),
    ...(prefixHits === undefined ? [] : [`prefix hits ${share(prefixHits)}`]),
    ...(reading === undefined || writing === undefined
      ? []
      : [`reads ${thousands(reading)}, writes ${thousands(writing)} tokens/s`]),
    ...(firstTokenMs === undefined ? [] : [`first token ${thousands(firstTokenMs)} ms`]),
  ];
}
