const HEAD = 6 * 1024;
const TAIL = 10 * 1024;

/**
 * The beginning and the end of a long output, whole lines where possible, with a line between that says what is missing.
 * @param dropped bytes that came before `output` and were not kept
 */
export function excerpt(output: string, dropped: number): string {
  const lost = dropped === 0 ? '' : `[… ${dropped} bytes before this were not kept …]\n`;
  if (output.length <= HEAD + TAIL) return lost + output;
  const headEnd = output.lastIndexOf('\n', HEAD) + 1 || HEAD;
  const tailLine = output.indexOf('\n', output.length - TAIL) + 1;
  const tailStart = tailLine > 0 && tailLine < output.length ? tailLine : output.length - TAIL;
  const left = output.slice(headEnd, tailStart);
  const gap = `${headEnd === HEAD ? '\n' : ''}[… ${left.length} characters left out …]\n`;
  return lost + output.slice(0, headEnd) + gap + output.slice(tailStart);
}
