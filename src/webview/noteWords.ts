/** The quiet lines of the chat, in words of the user's language. */
import type { Rung } from '../shared/events.ts';
import type { Probe } from '../shared/probe.ts';
import { number, plural, t } from './l10n.ts';
import { partName, roleName } from './phrases.ts';
import type { NotedEvent } from './transcript/entries.ts';

/** What a server makes of answers that must have a schema. */
function schemaWords({ schema }: Probe): string {
  return {
    held: t('schema held'),
    ignored: t('schema ignored'),
    refused: t('schema refused'),
    runsAway: t('schema answers run away'),
    untried: t('schema not tried'),
  }[schema];
}

function toolsWords({ tools: { streamed, whole } }: Probe): string {
  if (streamed === 'works') return t('native tools streamed');
  if (whole === 'works') return t('native tools only when not streamed');
  if (streamed === 'untried' || whole === 'untried') return t('native tools not tried');
  return streamed === 'refused' ? t('native tools refused') : t('native tools broken');
}

/** How a role calls tools and answers. */
function rungWords(rung: Rung): string {
  return {
    native_streamed: t('native tools streamed'),
    native: t('native tools in one piece'),
    json: t('answers held to a schema'),
    text: t('plain text'),
  }[rung];
}

type NoteTone = 'quiet' | 'good' | 'warning' | 'bad';

/** A quiet line: its icon, how much it matters, what it says, and more that can be unfolded. */
export function noteWords(event: NotedEvent): { icon: string; tone: NoteTone; text: string; more?: string } {
  switch (event.type) {
    case 'run.resumed':
      return { icon: 'debug-continue', tone: 'quiet', text: t('Continued: what was done is not done again.') };
    case 'input.preprocessed':
      return {
        icon: 'file-media',
        tone: 'quiet',
        text: t('The Preprocessor turned your input into text.'),
        more: event.input.preprocessed_text,
      };
    case 'plan.proposed':
      return {
        icon: 'list-tree',
        tone: 'quiet',
        text: t(
          'New plan in place of {0}: {1}',
          partName(event.replanFor ?? ''),
          event.plan.plan.map(({ id }) => id).join(', '),
        ),
      };
    case 'subtask.escalated': {
      const decided = {
        replan: t('it is planned anew'),
        waive: t('it is waived'),
        ask: t('you are asked'),
        give_up: t('it is given up'),
      }[event.decision];
      return {
        icon: 'arrow-circle-right',
        tone: 'warning',
        text: t('{0} was stuck; the Planner decided: {1}.', partName(event.subtask), decided),
        more: `${event.reason}\n${event.because}`,
      };
    }
    case 'subtask.finished': {
      const { outcome, reason } = event;
      const subtask = partName(event.subtask);
      if (outcome === 'waived')
        return { icon: 'circle-slash', tone: 'warning', text: t('{0} is waived.', subtask), more: reason };
      if (outcome === 'restarted')
        return { icon: 'debug-restart', tone: 'quiet', text: t('{0} begins again.', subtask), more: reason };
      return { icon: 'error', tone: 'bad', text: t('{0} failed.', subtask), more: reason };
    }
    case 'redflag.raised':
      return {
        icon: 'flag',
        tone: 'quiet',
        text: t('{0}: an answer was not taken at its word.', roleName(event.role)),
        more: event.message,
      };
    case 'syntax.checked': {
      const { outcome, subtask, problems, unchecked } = event;
      const part = partName(subtask);
      const text = {
        sent_back: t('{0}: the change does not parse, so it goes back to the Coder once.', part),
        let_through: t('{0}: the change still does not parse; the checks decide.', part),
        unchecked: t('{0}: the syntax of some files could not be checked.', part),
      }[outcome];
      return {
        icon: outcome === 'unchecked' ? 'circle-slash' : 'bracket-error',
        tone: outcome === 'unchecked' ? 'quiet' : 'warning',
        text,
        more: [
          ...problems.map(({ path, line, message }) => `${path}:${line}: ${message}`),
          ...unchecked.map(({ path, language, reason }) => `${path} (${language}): ${reason}`),
        ].join('\n'),
      };
    }
    case 'vote.decided':
      return {
        icon: 'law',
        tone: 'quiet',
        text: t('Vote on {0}: {1}', event.decision, event.choice),
        more: Object.entries(event.votes)
          .map(([choice, votes]) => `${choice}: ${votes}`)
          .join('\n'),
      };
    case 'rules.found': {
      const inPart = event.files.filter(({ cut }) => cut).map(({ path }) => path);
      const { files, remembered = 0 } = event;
      const notes =
        remembered === 0
          ? []
          : [remembered === 1 ? t('1 note from earlier runs') : t('{0} notes from earlier runs', number(remembered))];
      const rules =
        files.length === 0 ? [] : [t('Rules of the workspace: {0}', files.map(({ path }) => path).join(', '))];
      return {
        icon: files.length === 0 ? 'history' : 'law',
        tone: 'quiet',
        text: [...rules, ...notes].join(' · '),
        ...(inPart.length > 0 && { more: t('Told in part, because of their length: {0}', inPart.join(', ')) }),
      };
    }
    case 'workspace.restored': {
      const { files, asNow, more, lost } = event;
      const unknown = asNow.length + more;
      const icon = 'repo-forked';
      if (lost)
        return {
          icon,
          tone: 'warning',
          text: t('How the files were then is not kept: this fork begins on all of them as they are now.'),
        };
      if (unknown === 0)
        return {
          icon,
          tone: 'quiet',
          text:
            files === 0
              ? t('The files are as they were then.')
              : plural(files, 'Begins on {0} file as it was then.', 'Begins on {0} files as they were then.'),
        };
      return {
        icon,
        tone: 'warning',
        text: plural(
          unknown,
          '{0} file is as it is now, not as it was.',
          '{0} files are as they are now, not as they were.',
        ),
        more: [...asNow, ...(more > 0 ? [t('and {0} more', number(more))] : [])].join('\n'),
      };
    }
    case 'toolservers.found': {
      const away = event.servers.filter((found) => found.kind === 'unavailable');
      const there = event.servers.filter((found) => found.kind === 'offered');
      const names = (found: readonly { server: string }[]): string => found.map(({ server }) => server).join(', ');
      const leftOut = there.flatMap(({ server, leftOut }) =>
        leftOut.map(({ tool, reason }) => `${server}/${tool}: ${reason}`),
      );
      return {
        icon: 'plug',
        tone: away.length > 0 || leftOut.length > 0 ? 'warning' : 'quiet',
        text: [
          ...(there.length > 0 ? [t('MCP servers: {0}', names(there))] : []),
          ...(away.length > 0 ? [t('Goes on without the MCP servers {0}', names(away))] : []),
        ].join(' · '),
        more: [
          ...there.flatMap(({ server, tools }) =>
            tools.map(({ tool, roles }) => `${server}/${tool}: ${roles.join(', ')}`),
          ),
          ...leftOut,
          ...away.map(({ server, reason }) => `${server}: ${reason}`),
        ].join('\n'),
      };
    }
    case 'memory.lost':
      return {
        icon: 'history',
        tone: 'warning',
        text: t('The run goes on without what earlier runs have taught.'),
        more: event.message,
      };
    case 'server.probed': {
      const { model, url, window, notes } = event.probe;
      return {
        icon: 'server',
        tone: 'quiet',
        // Without who made it, and what only matters where something goes wrong: three of these stand at the head of a run.
        text: t('{0}: {1}, window {2}', roleName(event.role), model.slice(model.lastIndexOf('/') + 1), number(window)),
        more: [`${model} · ${url}`, `${schemaWords(event.probe)}, ${toolsWords(event.probe)}`, ...notes].join('\n'),
      };
    }
    case 'transcript.compacted':
      return {
        icon: 'fold',
        tone: 'quiet',
        text: t(
          '{0}: the window is full, so the conversation begins anew with the state as it is ({1} of {2} tokens).',
          roleName(event.role),
          number(event.after),
          number(event.before),
        ),
      };
    case 'protocol.lowered':
      return {
        icon: 'server',
        tone: 'quiet',
        text: t(
          '{0}: from here on with {1}, not {2}.',
          roleName(event.role),
          rungWords(event.to),
          rungWords(event.from),
        ),
        more: event.reason,
      };
    case 'cache.missed':
      return {
        icon: 'server',
        tone: 'quiet',
        text: t(
          '{0}: its server had kept only {1} of {2} tokens of the request before, so answers take longer.',
          roleName(event.role),
          String(event.cached),
          String(event.expected),
        ),
        more:
          event.differsAt === undefined
            ? t('Others use the server too, or it has too few slots or blocks for its cache.')
            : t(
                'The request does not begin with the one before it (from byte {0}): a defect of Conclave, please report it.',
                String(event.differsAt),
              ),
      };
    case 'server.busy':
      return {
        icon: 'server',
        tone: 'quiet',
        text: t('The server of the {0} is busy.', roleName(event.role)),
        more: `${event.url}\n${event.message}`,
      };
    case 'server.lost':
      return {
        icon: 'plug',
        tone: 'warning',
        text: t('The server of the {0} does not answer.', roleName(event.role)),
        more: `${event.url}\n${event.message}`,
      };
    case 'server.recovered':
      return { icon: 'server', tone: 'good', text: t('The server of the {0} answers again.', roleName(event.role)) };
    case 'store.lost':
      return {
        icon: 'database',
        tone: 'warning',
        text: t('The store of runs does not answer. What happens meanwhile is kept on this machine.'),
        more: event.message,
      };
    case 'store.recovered':
      return {
        icon: 'database',
        tone: 'good',
        text: plural(
          event.added,
          'The store of runs answers again; one event was added.',
          'The store of runs answers again; {0} events were added.',
        ),
      };
    default:
      event satisfies never;
      return { icon: 'info', tone: 'quiet', text: '' };
  }
}
