import { lastLines } from '../../core/tools/bounded.ts';

/** Lines of a file with their numbers, as agents see them in `read_file`; `lines` is 1-based and inclusive. */
export function numberedLines(text: string, lines: { from: number; to: number }): string {
  const all = text.split(/\r\n|\r|\n/);
  const width = String(Math.min(lines.to, all.length)).length;
  return all
    .slice(lines.from - 1, lines.to)
    .map((line, index) => `${String(lines.from + index).padStart(width)}  ${line}`)
    .join('\n');
}

/** Files shown of a folder. */
const MOST_FILES = 300;

/** The files below a folder, relative to the workspace. */
export function folderListing(paths: readonly string[], folder: string): string {
  const inside = folder === '' ? paths : paths.filter((path) => path.startsWith(`${folder}/`));
  const rest = inside.length - MOST_FILES;
  if (inside.length === 0) return 'There is no file in it.';
  return [...inside.slice(0, MOST_FILES), ...(rest > 0 ? [`[${rest} more files are not shown]`] : [])].join('\n');
}

/** One problem that the editor shows. */
export interface Problem {
  path: string;
  /** 1-based. */
  line: number;
  severity: 'error' | 'warning' | 'information' | 'hint';
  message: string;
  source?: string;
}

const MOST_PROBLEMS = 100;
const SEVERITIES: readonly Problem['severity'][] = ['error', 'warning', 'information', 'hint'];

/** The problems, the gravest first. */
export function problemList(problems: readonly Problem[]): string {
  if (problems.length === 0) return 'The editor shows no problems.';
  const sorted = problems.toSorted(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1),
  );
  const rest = sorted.length - MOST_PROBLEMS;
  return [
    ...sorted.slice(0, MOST_PROBLEMS).map(({ path, line, severity, message, source }) => {
      const from = source === undefined ? '' : ` (${source})`;
      return `${path}:${line}: ${severity}${from}: ${message.replace(/\s*\n\s*/g, ' ')}`;
    }),
    ...(rest > 0 ? [`[${rest} more problems are not shown]`] : []),
  ].join('\n');
}

/** The last lines of an output that fit: the end says how it came out. */
export function endOf(output: string, maxChars: number): string {
  const { text, lost } = lastLines(output, maxChars);
  return lost === 0 ? text.trimEnd() : `[${lost} lines before are not shown]\n${text.trimEnd()}`;
}
