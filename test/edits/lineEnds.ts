import { caseOf } from './case.ts';
import type { Dice } from './dice.ts';
import { type DraftWishes, drawDraft } from './draft.ts';
import type { Kind } from './kind.ts';
import { workOf } from './work.ts';

const CRLF = (text: string): string => text.replace(/\r?\n/g, '\r\n');

/** Line ends, BOM and final newline: the file has them otherwise than the edit. */
export const lineEnds: Kind = {
  name: 'line ends, BOM, final newline',
  draw: (file, dice) => {
    const way = dice.int(6);
    let text = file.text;
    let wishes: DraftWishes = {};
    if (way === 0 || way === 3) text = CRLF(text);
    if (way === 1) text = mixedEnds(text, dice);
    if (way === 2 || way === 3) {
      text = `\uFEFF${text.replace(/^\uFEFF/, '')}`;
      wishes = { at: 'start' };
    }
    if (way === 4 || way === 5) {
      text = (way === 4 ? text : CRLF(text)).replace(/\s+$/, '');
      wishes = { at: 'end' };
    }
    const draft = drawDraft(
      { ...file, text },
      dice,
      way === 1 ? { ...wishes, intents: ['change', 'rename', 'delete'] } : wishes,
    );
    if (!draft) return undefined;
    // The whole file gone, or no line left before its last one: what its end is then is not said.
    if (draft.to - draft.from >= draft.lines.length - 1) return undefined;
    const work = workOf(draft);
    const carriageReturns = dice.chance(0.4) && !text.includes('\r');
    const bom = dice.chance(0.5);
    const bare = <T extends { text: string }>(list: readonly T[]): T[] =>
      list.map((side, i) => ({
        ...side,
        text: (i === 0 && !bom ? side.text.replace(/^\uFEFF/, '') : side.text) + (carriageReturns ? '\r' : ''),
      }));
    // A BOM is the file's: a first line that is deleted or comes to stand later leaves it.
    if (way === 2 || way === 3) {
      const first = draft.after[0];
      if (first?.old !== 0 || !first.text.startsWith('\uFEFF')) return undefined;
    }
    const done = { ...work, search: bare(work.search), replace: bare(work.replace) };
    const noises = [
      ['CRLF'],
      ['mixed line ends'],
      ['BOM'],
      ['CRLF', 'BOM'],
      ['no final newline'],
      ['CRLF', 'no final newline'],
    ];
    return caseOf(
      'line ends, BOM, final newline',
      done,
      [...(noises[way] ?? []), ...(carriageReturns ? ['CR in the edit'] : [])],
      dice,
    );
  },
};

function mixedEnds(text: string, dice: Dice): string {
  return text.replace(/\r?\n/g, () => (dice.chance(0.5) ? '\r\n' : '\n'));
}
