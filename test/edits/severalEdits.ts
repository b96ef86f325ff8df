import { editOf } from './case.ts';
import { type Draft, drawDraft, rightText } from './draft.ts';
import { fileLines, isBlank, timesFound } from './fileLines.ts';
import { type Kind, regionOf, sameTexts } from './kind.ts';
import { lessIndent, moreIndent } from './noise/indents.ts';
import { trailingSpace } from './noise/letters.ts';
import { workOf } from './work.ts';

/** Two to four edits of one file, in any order; some noisy. */
export const several: Kind = {
  name: 'several edits',
  draw: (file, dice) => {
    const drafts: Draft[] = [];
    for (let tries = 0; tries < 12 && drafts.length < 2 + dice.int(3); tries++) {
      const draft = drawDraft(file, dice, { most: 6 });
      if (draft && drafts.every((other) => draft.to < other.from || other.to < draft.from)) drafts.push(draft);
    }
    if (drafts.length < 2) return undefined;
    const noises: string[] = [];
    const works = drafts.map((draft) => {
      const noise = dice.pick([undefined, undefined, trailingSpace, lessIndent, moreIndent]);
      const work = workOf(draft);
      const done = noise?.apply(work, dice, 'both');
      if (!noise || !done || sameTexts(done.search, work.search)) return work;
      noises.push(noise.name);
      return done;
    });
    // From the bottom up, so that what is above keeps its place.
    const inOrder = [...drafts].sort((a, b) => b.from - a.from);
    const text = inOrder.reduce((now, draft) => rightText({ ...draft, lines: fileLines(now) }), file.text);
    // None may make a second place for another.
    if (drafts.some((draft) => timesFound(text, regionOf(draft)) > 1)) return undefined;
    const edits = works.map((work) => editOf(work, dice));
    return { of: 'several edits', noises, path: file.path, original: file.text, edits, right: { text } };
  },
};

/** The second edit builds on what the first has made. */
export const inOrder: Kind = {
  name: 'edits that build on each other',
  draw: (file, dice) => {
    const first = drawDraft(file, dice, { most: 6, intents: ['replace', 'insert', 'change', 'rename'] });
    if (!first) return undefined;
    const between = rightText(first);
    const second = drawDraft({ ...file, text: between }, dice, { most: 6 });
    if (!second || second.from >= first.from + first.after.length || second.to <= first.from) return undefined;
    if (timesFound(file.text, regionOf(second)) !== 0) return undefined;
    const edits = [editOf(workOf(first), dice), editOf(workOf(second), dice)];
    const text = rightText(second);
    if (text === file.text) return undefined;
    return {
      of: 'edits that build on each other',
      noises: [],
      path: file.path,
      original: file.text,
      edits,
      right: { text },
    };
  },
};

/** The first lines of one are the last of another; both leave them as they are. */
export const sharedContext: Kind = {
  name: 'edits that share context',
  draw: (file, dice) => {
    const first = drawDraft(file, dice, { least: 3, most: 8, contextLeast: 1 });
    if (!first) return undefined;
    const second = drawDraft(file, dice, { least: 3, most: 8, contextLeast: 1, from: first.to - 1 });
    if (!second || isBlank(first.after.at(-1)?.text ?? '')) return undefined;
    const below = fileLines(rightText(second));
    const text = rightText({ ...first, lines: below });
    if (timesFound(text, regionOf(second)) > 1 || timesFound(rightText(first), regionOf(second)) !== 1)
      return undefined;
    const edits = dice.shuffled([editOf(workOf(first), dice), editOf(workOf(second), dice)]);
    return { of: 'edits that share context', noises: [], path: file.path, original: file.text, edits, right: { text } };
  },
};
