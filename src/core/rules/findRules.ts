import type { Workspace } from '../ports.ts';
import { readFrontMatter } from './frontMatter.ts';

/** A rules file of the workspace: how its people want work to be done. Their words, so data, and never a system message. */
export interface Rule {
  path: string;
  /** Without its front matter. */
  text: string;
  /** Counts for the files in here; '' for the whole workspace. */
  folder: string;
  /**
   * - `always`: for all files in its folder.
   * - `files`: for those that match, relative to its folder, as in a .gitignore.
   * - `onDemand`: when what it is about comes up.
   */
  applies: { kind: 'always' } | { kind: 'files'; globs: string[] } | { kind: 'onDemand'; about: string };
}

/** Files that are read, at most: those nearest to the root. */
const MOST_FILES = 40;

/**
 * Where rules stand, in the order in which they are told. The first group is the folder that they are for; patterns
 * without one are looked for at the root alone.
 */
const PLACES: readonly RegExp[] = [
  /^(?:(.+)\/)?AGENTS?\.md$/,
  /^\.windsurfrules$/,
  /^(?:(.+)\/)?\.windsurf\/rules\/.+\.md$/,
  /^(?:(.+)\/)?\.devin\/rules\/.+\.md$/,
  /^\.cursorrules$/,
  /^(?:(.+)\/)?\.cursor\/rules\/.+\.mdc$/,
  /^(?:(.+)\/)?CLAUDE\.md$/,
  /^\.github\/copilot-instructions\.md$/,
  /^\.github\/instructions\/.+\.instructions\.md$/,
  /^\.clinerules(?:\/.+\.md)?$/,
];

/**
 * Finds the rules of a workspace: those of the root first, then folder by folder, each in the order of PLACES. What is
 * empty, only to be used by hand, or the same as one before for the same files is left out.
 */
export async function findRules(workspace: Workspace, signal: AbortSignal): Promise<Rule[]> {
  const files = await workspace.list(signal);
  const placed = files.flatMap(({ path }) => {
    const place = PLACES.findIndex((pattern) => pattern.test(path));
    return place < 0 ? [] : [{ path, place, folder: PLACES[place]?.exec(path)?.[1] ?? '' }];
  });
  placed.sort(
    (a, b) =>
      depth(a.folder) - depth(b.folder) || compare(a.folder, b.folder) || a.place - b.place || compare(a.path, b.path),
  );
  return readRules(
    workspace,
    placed.slice(0, MOST_FILES).map(({ path }) => path),
  );
}

/** Reads the rules files at these paths, which findRules has found, in this order. */
export async function readRules(workspace: Workspace, paths: readonly string[]): Promise<Rule[]> {
  const rules: Rule[] = [];
  const seen = new Set<string>();
  for (const path of paths) {
    const content = await workspace.read(path);
    const rule = content.kind === 'text' ? ruleIn(path, content.text) : undefined;
    if (rule === undefined) continue;
    const same = JSON.stringify([rule.folder, rule.applies, rule.text]);
    if (!seen.has(same)) rules.push(rule);
    seen.add(same);
  }
  return rules;
}

function ruleIn(path: string, whole: string): Rule | undefined {
  const { fields, text } = readFrontMatter(whole);
  const folder = PLACES.find((pattern) => pattern.test(path))?.exec(path)?.[1] ?? '';
  const applies = appliesBy(path, fields);
  // One that only points to another file ("@AGENTS.md") says nothing of its own.
  return applies === undefined || text === '' || /^@\S+$/.test(text) ? undefined : { path, text, folder, applies };
}

type Fields = ReturnType<typeof readFrontMatter>['fields'];

/** When a rule counts, by what its editor takes from the front matter. @returns undefined where only a person uses it */
function appliesBy(path: string, fields: Fields): Rule['applies'] | undefined {
  const first = (key: string): string => fields.get(key)?.[0] ?? '';
  const onDemand = (): Rule['applies'] | undefined =>
    first('description') === '' ? undefined : { kind: 'onDemand', about: first('description') };
  const forFiles = (globs: readonly string[] | undefined): Rule['applies'] =>
    globs === undefined || globs.length === 0 || globs.includes('**') || globs.includes('**/*')
      ? { kind: 'always' }
      : { kind: 'files', globs: [...globs] };
  if (/\.mdc$/.test(path)) {
    if (first('alwaysApply') === 'true') return { kind: 'always' };
    return fields.get('globs')?.length ? forFiles(fields.get('globs')) : onDemand();
  }
  if (/\.instructions\.md$/.test(path)) return fields.has('applyTo') ? forFiles(fields.get('applyTo')) : onDemand();
  if (/(?:^|\/)\.(?:windsurf|devin)\//.test(path)) {
    switch (first('trigger')) {
      case 'manual':
        return undefined;
      case 'model_decision':
        return onDemand();
      case 'glob':
        return fields.get('globs')?.length ? forFiles(fields.get('globs')) : undefined;
      default:
        return { kind: 'always' };
    }
  }
  if (path.startsWith('.clinerules/')) return forFiles(fields.get('paths'));
  return { kind: 'always' };
}

function depth(folder: string): number {
  return folder === '' ? 0 : folder.split('/').length;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
