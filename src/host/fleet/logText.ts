import { stripVTControlCharacters } from 'node:util';

const ESCAPE = '\u001b';
/** Colours and weights: all that a line of a log may have done to a terminal. */
const STYLE = new RegExp(`(${ESCAPE}\\[[\\d;:]*m)`);
const RESET = `${ESCAPE}[0m`;

/**
 * A line of a server's log as a terminal may be given it: with its colours, without anything that moves the caret, sets a
 * title or reaches the clipboard. Of a progress bar that was drawn over and over, the last state stays.
 */
export function logLine(written: string): string {
  const text = written.replace(/\r+$/, '');
  const [first = '', ...more] = text.slice(text.lastIndexOf('\r') + 1).split(STYLE);
  if (more.length === 0) return withoutControls(first);
  const styled = [first, ...more].map((piece, at) => (at % 2 === 1 ? piece : withoutControls(piece)));
  return `${styled.join('')}${RESET}`;
}

/** In a style of ours. @param style a number as terminals know it: 2 faint, 31 red */
export function styled(text: string, style: 2 | 31): string {
  return `${ESCAPE}[${style}m${withoutControls(text)}${RESET}`;
}

/** What is left when known sequences are gone can be but a part of one. */
function withoutControls(text: string): string {
  return stripVTControlCharacters(text).replace(/(?!\t)\p{Cc}/gu, '');
}
