/** A fleet in words of the user's language, the same in every part of the editor. */
import { ROLES, type Role } from './events.ts';
import type { FleetState, Service, ServiceState } from './fleet.ts';

/** Translates a text that is written out, with {0}, {1}, … for the arguments. */
export type Say = (text: string, ...args: (string | number)[]) => string;

/** How much a state matters. */
export type StateTone = 'good' | 'info' | 'quiet' | 'warning' | 'bad';

/** A state's codicon, how much it matters, and a word or two. What is in the way stands in the state's own `why`. */
export function stateMark(state: ServiceState, t: Say): { icon: string; tone: StateTone; words: string } {
  switch (state.kind) {
    case 'absent':
      return { icon: 'circle-outline', tone: 'quiet', words: t('Not started') };
    case 'stopped':
      return { icon: 'circle-slash', tone: 'quiet', words: t('Off') };
    case 'queued':
      return { icon: 'clock', tone: 'quiet', words: t('Waits its turn') };
    case 'fetching':
      return { icon: 'cloud-download', tone: 'info', words: t('Downloading') };
    case 'starting':
      return { icon: 'sync', tone: 'info', words: t('Starting up') };
    case 'ready':
      return { icon: 'pass-filled', tone: 'good', words: t('Ready') };
    case 'unhealthy':
      return { icon: 'warning', tone: 'warning', words: t('Does not answer') };
    case 'crashing':
      return { icon: 'error', tone: 'bad', words: t('Keeps crashing') };
    case 'failed':
      return { icon: 'error', tone: 'bad', words: t('Failed') };
    default:
      return state satisfies never;
  }
}

/** What is going on, with how far it is: "loading weights 50 %"; undefined where nothing is. @param fleet whose service it is */
export function progressWords(state: ServiceState, { services }: FleetState, t: Say): string | undefined {
  switch (state.kind) {
    case 'queued': {
      const before = services.find(({ name }) => name === state.after);
      return t('waits for {0}', before === undefined ? state.after : serviceTitle(before, t));
    }
    case 'fetching':
      return withPercent(t('downloading {0}', state.what), state.percent, t);
    case 'starting':
      return withPercent(stepWords(state.step, t), state.percent, t);
    default:
      return undefined;
  }
}

/** Why it is not as it should be, in a sentence or two; undefined where it is. */
export function whyOf(state: ServiceState, t: Say): string | undefined {
  if (state.kind === 'crashing') return t('It ended {0} times. {1}', state.times, state.why);
  return state.kind === 'unhealthy' || state.kind === 'failed' ? state.why : undefined;
}

/** What a service is for: "Coder, Reviewer". */
export function serviceTitle({ name, kind, roles }: Service, t: Say): string {
  if (roles.length > 0) return roles.map((role) => roleTitle(role, t)).join(', ');
  return kind === 'store' ? t('Store of runs') : name;
}

/** The roles that the fleet serves, in the crew's order, each with its service. */
export function servedRoles({ services }: FleetState): { role: Role; service: Service }[] {
  return ROLES.flatMap((role) => {
    const service = services.find(({ roles }) => roles.includes(role));
    return service === undefined ? [] : [{ role, service }];
  });
}

/** Whether it answers when it is asked. */
export function isServing({ kind }: ServiceState): boolean {
  return kind === 'ready';
}

/** Whether it is on its way to be ready. */
export function isComing({ kind }: ServiceState): boolean {
  return kind === 'queued' || kind === 'fetching' || kind === 'starting';
}

/** Whether it is down without anybody having wanted it. */
export function isBroken({ kind }: ServiceState): boolean {
  return kind === 'failed' || kind === 'crashing' || kind === 'unhealthy';
}

export function roleTitle(role: Role | 'transcriber', t: Say): string {
  switch (role) {
    case 'preprocessor':
      return t('Preprocessor');
    case 'planner':
      return t('Planner');
    case 'coder':
      return t('Coder');
    case 'reviewer':
      return t('Reviewer');
    case 'transcriber':
      return t('Transcriber');
    default:
      return role satisfies never;
  }
}

function withPercent(what: string, percent: number | undefined, t: Say): string {
  return percent === undefined ? what : t('{0} {1} %', what, Math.floor(percent));
}

/** The steps that are read from logs; a new one is shown as it is. */
function stepWords(step: string, t: Say): string {
  const known: Record<string, string> = {
    starting: t('starting'),
    'being started': t('being started'),
    'starting the engine': t('starting the engine'),
    'downloading weights': t('downloading weights'),
    'loading weights': t('loading weights'),
    'measuring memory': t('measuring memory'),
    compiling: t('compiling'),
    'capturing CUDA graphs': t('capturing CUDA graphs'),
    'opening the server': t('opening the server'),
    answering: t('answering'),
  };
  return known[step] ?? step;
}
