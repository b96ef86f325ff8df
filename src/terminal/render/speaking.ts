import type { Ending, Role } from '../../shared/events.ts';
import type { Ink, Paint } from './paint.ts';
import { cut, oneLine, pad } from './plainText.ts';

/** Columns of the first column, which says who speaks. */
export const SPEAKER_COLUMNS = 10;

const LONGEST_REMARK = 400;

const SPEAKER_INKS: Record<Role | 'crew' | 'checks' | 'user', Ink> = {
  preprocessor: 'preprocessor',
  planner: 'planner',
  coder: 'coder',
  reviewer: 'reviewer',
  crew: 'strong',
  checks: 'strong',
  user: 'strong',
};
const SPEAKERS = Object.keys(SPEAKER_INKS) as (keyof typeof SPEAKER_INKS)[];

/** What somebody says, in lines that begin with who it is. */
export function says(speaker: keyof typeof SPEAKER_INKS, ...lines: string[]): string {
  const column = `${pad(speaker, SPEAKER_COLUMNS - 2)}  `;
  return lines.map((line, at) => (at === 0 ? column : ' '.repeat(SPEAKER_COLUMNS)) + line).join('\n');
}

/** Many messages begin with the word themselves. */
export function led(word: string, { message }: Ending): string {
  const words = remark(message);
  return words.toLowerCase().startsWith(word) ? words : `${word}: ${words}`;
}

/** What somebody wrote, on one line that is not too long. */
export function remark(text: string): string {
  return cut(oneLine(text), LONGEST_REMARK);
}

/** Colours a line: who speaks, marks, and added and removed lines. */
export function paintLine(line: string, paint: Paint): string {
  const speaker = SPEAKERS.find((name) => line.startsWith(`${name} `));
  if (speaker === undefined) return paintMarks(line, paint);
  return paint(SPEAKER_INKS[speaker], speaker) + paintMarks(line.slice(speaker.length), paint);
}

function paintMarks(text: string, paint: Paint): string {
  return text
    .replace(/✓|(?<= )\+\d+(?= −\d)/g, (mark) => paint('good', mark))
    .replace(/✗|(?<= )−\d+$/g, (mark) => paint('bad', mark))
    .replace(/(?<= )[!?](?= )/g, (mark) => paint('warning', mark));
}

export const CRITERION_MARKS = { met: '✓', unmet: '✗', unverified: '?' } as const;
