import { closingMarker, fence, openingMarker } from '../../changes/blockLines.ts';
import { balancedAt, parseJson } from '../jsonText.ts';

/**
 * What a text says beside the change that it holds: without edit blocks and `code_chunk` objects, and, where there are
 * some, without fences. A marker in any of these is part of somebody's code.
 */
export function outsideAnswer(text: string): { rest: string; isAnswer: boolean } {
  const withoutBlocks = outsideEditBlocks(text);
  const rest = outsideChunks(withoutBlocks);
  const isAnswer = rest !== text;
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
