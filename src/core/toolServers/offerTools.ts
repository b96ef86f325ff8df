import type { OfferedTool, Role, ToolServerFound } from '../../shared/events.ts';
import { onDiet } from '../models/schemaDiet.ts';
import type { JsonSchema, ServerTool } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { TOOLS } from '../tools/index.ts';

type Allowed = Settings['mcp']['tools'];

/** What a server answered. */
export type ServerAnswer =
  | { kind: 'tools'; server: string; tools: readonly ServerTool[] }
  | { kind: 'unavailable'; server: string; reason: string };

/**
 * What all tools of others together may add to a role's instructions, in characters of names, descriptions and schemas:
 * some 1,000 tokens, an eighth of the smallest window.
 */
const ROOM = 4_000;
const LONGEST_DESCRIPTION = 300;
/** A schema is recorded with the run, as the server gave it. In characters. */
const LONGEST_SCHEMA = 16_000;

/** The servers that some role may use, in the order of their names. */
export function serversNamedBy(allowed: Allowed): string[] {
  const patterns = Object.values(allowed).flat();
  return [...new Set(patterns.map((pattern) => pattern.slice(0, pattern.indexOf('/'))))].sort();
}

/**
 * Chooses what is offered to whom: what the allow-lists name, as far as a role has room for it. Names and arguments are
 * made so that they cannot be taken for those of another tool.
 */
export function offerTools(answers: readonly ServerAnswer[], allowed: Allowed): ToolServerFound[] {
  const names = new Set<string>(Object.keys(TOOLS));
  const args = ownArguments();
  const room = new Map<Role, number>();
  return answers.map((answer) => {
    if (answer.kind === 'unavailable') return answer;
    const { server } = answer;
    const tools: OfferedTool[] = [];
    const leftOut: { tool: string; reason: string }[] = missing(answer, allowed);
    for (const tool of answer.tools) {
      const roles = rolesFor(server, tool.name, allowed);
      if (roles.length === 0) continue;
      if (JSON.stringify(tool.schema).length > LONGEST_SCHEMA) {
        leftOut.push({ tool: tool.name, reason: 'its arguments take too long to describe' });
        continue;
      }
      const offered = offer(server, tool, { names, args });
      const size = JSON.stringify([offered.name, offered.description, shownSchema(offered)]).length;
      const having = roles.filter((role) => (room.get(role) ?? 0) + size <= ROOM);
      if (having.length < roles.length) {
        const without = roles.filter((role) => !having.includes(role)).join(' and ');
        leftOut.push({
          tool: tool.name,
          reason: `the tools before it leave no room in what the ${without} is told; allow fewer`,
        });
      }
      if (having.length === 0) continue;
      for (const role of having) room.set(role, (room.get(role) ?? 0) + size);
      names.add(offered.name);
      for (const [name, schema] of Object.entries(propertiesOf(shownSchema(offered)))) args.set(name, schema);
      tools.push({ ...offered, roles: having });
    }
    return { kind: 'offered', server, tools, leftOut };
  });
}

/** The arguments of a tool as models see them: on the diet, and by names that no other tool has for something else. */
export function shownSchema({ schema, renamed = {} }: Pick<OfferedTool, 'schema' | 'renamed'>): JsonSchema {
  const diet = onDiet({ type: 'object', properties: {}, ...schema });
  const shown = new Map(Object.entries(renamed).map(([name, original]) => [original, name]));
  const as = (name: string): string => shown.get(name) ?? name;
  return {
    ...diet,
    properties: Object.fromEntries(Object.entries(propertiesOf(diet)).map(([name, inner]) => [as(name), inner])),
    ...(Array.isArray(diet.required) && { required: diet.required.map((name) => as(String(name))) }),
  };
}

function offer(
  server: string,
  { name, description, schema }: ServerTool,
  taken: { names: ReadonlySet<string>; args: ReadonlyMap<string, unknown> },
): Omit<OfferedTool, 'roles'> {
  const renamed: Record<string, string> = {};
  const properties = propertiesOf(shownSchema({ schema }));
  for (const [arg, inner] of Object.entries(properties)) {
    if (taken.args.has(arg) && JSON.stringify(taken.args.get(arg)) !== JSON.stringify(inner)) {
      renamed[
        unused(`${plain(server)}_${plain(arg)}`, (one) => taken.args.has(one) || Object.hasOwn(properties, one))
      ] = arg;
    }
  }
  const told = description.replace(/\s+/g, ' ').trim();
  return {
    name: unused(`${plain(server)}__${plain(name)}`.slice(0, 60), (one) => taken.names.has(one)),
    tool: name,
    description: told.length > LONGEST_DESCRIPTION ? `${told.slice(0, LONGEST_DESCRIPTION - 1)}…` : told,
    schema,
    ...(Object.keys(renamed).length > 0 && { renamed }),
  };
}

/** What an allow-list names and the server does not have: a slip of the pen that would stay unseen. */
function missing({ server, tools }: Extract<ServerAnswer, { kind: 'tools' }>, allowed: Allowed) {
  const there = new Set(tools.map(({ name }) => `${server}/${name}`));
  const named = [...new Set(Object.values(allowed).flat())].filter((pattern) => pattern.startsWith(`${server}/`));
  return named
    .filter((pattern) => !pattern.endsWith('/*') && !there.has(pattern))
    .map((pattern) => ({ tool: pattern.slice(server.length + 1), reason: 'the server has no tool of that name' }));
}

function rolesFor(server: string, tool: string, allowed: Allowed): Role[] {
  const roles = Object.entries(allowed) as [Role, string[]][];
  return roles
    .filter(([, patterns]) => patterns.includes(`${server}/*`) || patterns.includes(`${server}/${tool}`))
    .map(([role]) => role);
}

function ownArguments(): Map<string, unknown> {
  return new Map(Object.values(TOOLS).flatMap(({ parameters }) => Object.entries(propertiesOf(parameters))));
}

function propertiesOf({ properties }: JsonSchema): Record<string, JsonSchema> {
  return typeof properties === 'object' && properties !== null ? (properties as Record<string, JsonSchema>) : {};
}

/** What servers of models take in names. */
function plain(name: string): string {
  return name.replace(/[^\w-]/g, '_');
}

function unused(name: string, isTaken: (name: string) => boolean): string {
  let free = name;
  for (let count = 2; isTaken(free); count += 1) free = `${name}_${count}`;
  return free;
}
