import { beginsPatch } from '../../changes/applyPatch.ts';
import { closingMarker, fence, openingMarker } from '../../changes/blockLines.ts';
import { createEditBlockParser } from '../../changes/editBlocks.ts';
import { beginsDiff } from '../../changes/unifiedDiff.ts';
import { balancedAt, parseJson } from '../jsonText.ts';

/**
 * What a text says beside the change that it holds: without edit blocks, diffs, patches and `code_chunk` objects, and,
 * where there are some, or a file in a fence, without fences. A marker in any of these is part of somebody's code.
 */
export function outsideAnswer(text: string): { rest: string; isAnswer: boolean } {
  const rest = outsideChunks(outsideDiffs(outsideEditBlocks(text)));
  const isAnswer = rest !== text || holdsFile(text);
  return { rest: isAnswer ? outsideFences(rest) : rest, isAnswer };
}

function outsideEditBlocks(text: string): string {
  let isOpen = false;
  const kept = text.split('\n').filter((line) => {
    if (isOpen) {
      if (closingMarker(line.trimStart()) !== undefined) isOpen = false;
      return false;
    }
    const opening = openingMarker(line.replace(/\r$/, ''));
    isOpen = opening !== undefined && opening.form !== 'unknown';
    return !isOpen;
  });
  return kept.join('\n');
}

function outsideDiffs(text: string): string {
  const lines = text.split('\n');
  let isOpen = false;
  const kept = lines.filter((line, i) => {
    const isSide = line.startsWith('--- ') && lines[i + 1]?.startsWith('+++ ') !== true;
    isOpen = isOpen ? DIFF_LINE.test(line) : beginsPatch(line) || (beginsDiff(line) && !isSide);
    return !isOpen;
  });
  return kept.join('\n');
}

/** A line of a diff or a patch that has begun. */
const DIFF_LINE =
  /^(?:[ +\\-]|@@|\*\*\* |\r?$|diff |index |new file |deleted file |old mode |new mode |similarity |rename )/;

function holdsFile(text: string): boolean {
  const parser = createEditBlockParser();
  return [...parser.push(text), ...parser.end({ truncated: false })].some((block) => block.kind === 'whole');
}

function outsideChunks(text: string): string {
  let rest = text;
  for (let at = rest.indexOf('{'); at !== -1 && rest.includes('"code_chunk"'); at = rest.indexOf('{', at)) {
    const object = balancedAt(rest, at);
    const value = object === undefined ? undefined : parseJson(object);
    if (object !== undefined && value !== undefined && 'type' in value && value.type === 'code_chunk') {
      rest = rest.slice(0, at) + rest.slice(at + object.length);
    } else at += 1;
  }
  return rest;
}

function outsideFences(text: string): string {
  let isOpen = false;
  const kept = text.split('\n').filter((line) => {
    const isFence = fence(line) !== undefined;
    if (isFence) isOpen = !isOpen;
    return !isFence && !isOpen;
  });
  return kept.join('\n');
}
