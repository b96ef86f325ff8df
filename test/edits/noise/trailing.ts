import type { Dice } from '../dice.ts';
import type { Noise } from '../work.ts';

/** Spaces at the ends of the file's lines left out. */
export const trailingLeftOut: Noise = {
  name: 'trailing space left out',
  family: 'trailing',
  sides: ['both'],
  apply: (work) => {
    const { draft } = work;
    const without = (text: string): string => text.replace(/[ \t]+$/, '');
    // Whether a changed line keeps the trailing space that it had is not clear.
    const isClear = draft.after.every(({ old, text }) => {
      const was = old === undefined ? '' : (draft.lines[old]?.text ?? '');
      return text === was || without(was) === was;
    });
    if (!isClear || draft.after.some(({ old, text }) => old === undefined && without(text) !== text)) return undefined;
    return {
      ...work,
      search: work.search.map((side) => ({ ...side, text: without(side.text) })),
      replace: work.replace.map((side) => ({ ...side, text: without(side.text) })),
    };
  },
};

/** A file with spaces at the ends of some lines. */
export function withTrailingSpace(text: string, dice: Dice): string {
  if (/\\$/m.test(text)) return text;
  const space = dice.pick(['  ', ' ', '\t']);
  return text
    .split('\n')
    .map((line) => (line.trim() !== '' && dice.chance(0.3) ? line.replace(/\r?$/, (end) => space + end) : line))
    .join('\n');
}
