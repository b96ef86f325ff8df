import { NEEDED_ROLES } from '../../core/settings.ts';
import type { Role } from '../../shared/events.ts';
import type { Service } from '../../shared/fleet.ts';
import type { FleetView } from '../../shared/fleetProtocol.ts';
import {
  isBroken,
  isComing,
  isServing,
  progressWords,
  roleTitle,
  type Say,
  servedRoles,
  stateMark,
} from '../../shared/fleetWords.ts';
import type { Glance } from '../statusBar.ts';

/**
 * What the status bar says of the fleet while there is no task: how many of the crew's roles are ready; several may share a
 * server. Undefined where there is no fleet to speak of.
 * @param elsewhere roles whose server the user has set in the place of the fleet's, by its URL: those are not counted
 */
export function fleetGlance(view: FleetView, elsewhere: Partial<Record<Role, string>>, t: Say): Glance | undefined {
  if (view.kind === 'unusable') {
    const { what, remedy } = view.problem;
    const tooltip = `${t('Conclave: {0}', view.profile)}\n${what}\n${remedy}`;
    return { text: `$(error) ${t('Conclave: no fleet')}`, tooltip, tone: 'error' };
  }
  if (view.kind !== 'fleet') return undefined;
  const { state, title } = view;
  const roles = servedRoles(state).filter(({ role, service }) => {
    const set = elsewhere[role];
    return set === undefined || isSameServer(set, service.url);
  });
  if (roles.length === 0) return undefined;

  const ready = roles.filter(({ service }) => isServing(service.state)).length;
  const isNeededDown = roles.some(({ role, service }) => NEEDED_ROLES.includes(role) && isBroken(service.state));
  const coming = roles.find(({ service }) => isComing(service.state) && service.state.kind !== 'queued');
  const counted = t('Conclave {0}/{1} ready', ready, roles.length);
  const text = (): [icon: string, words: string] => {
    if (state.problem !== undefined || isNeededDown) return ['error', counted];
    if (coming !== undefined) return ['sync~spin', withPercent(counted, coming.service)];
    if (ready === roles.length) return ['pass', counted];
    return [ready === 0 ? 'circle-slash' : 'warning', counted];
  };
  const [icon, words] = text();

  const lines = roles.map(({ role, service }) => {
    const mark = stateMark(service.state, t);
    const facts = [
      progressWords(service.state, state, t) ?? mark.words,
      ...(service.model === undefined ? [] : [service.model]),
      ...(service.window === undefined ? [] : [t('window {0}', service.window)]),
    ];
    return { icon: mark.icon, role: roleTitle(role, t), facts: facts.join(' · ') };
  });
  const own = Object.entries(elsewhere)
    .filter(([role]) => !roles.some((served) => served.role === role))
    .map(([role, url]) => ({ icon: 'plug', role: roleTitle(role as Role, t), facts: t('your own server, {0}', url) }));
  const all = [...lines, ...own];
  const problem = state.problem === undefined ? [] : [state.problem.what, state.problem.remedy];
  return {
    text: `$(${icon}) ${words}`,
    tooltip: [words, title, ...problem, ...all.map(({ role, facts }) => `${role}: ${facts}`)].join('\n'),
    markdown: [
      `**${plain(title)}**`,
      ...(problem.length === 0 ? [] : [`$(warning) ${plain(problem.join(' '))}`]),
      all.map(({ icon: one, role, facts }) => `$(${one}) **${plain(role)}** ${plain(facts)}`).join('  \n'),
    ].join('\n\n'),
    tone: icon === 'error' ? 'error' : 'plain',
  };
}

function withPercent(words: string, { state }: Service): string {
  const percent = state.kind === 'starting' || state.kind === 'fetching' ? state.percent : undefined;
  return percent === undefined ? words : `${words}, ${Math.floor(percent)} %`;
}

/** On this machine, both names are the same. */
function isSameServer(one: string, other: string | undefined): boolean {
  const plainUrl = (url: string): string => url.replace(/\/$/, '').replace('//localhost:', '//127.0.0.1:');
  return other !== undefined && plainUrl(one) === plainUrl(other);
}

/** Nothing in it is Markdown, or an icon. */
function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~$&]/g, '\\$&');
}
