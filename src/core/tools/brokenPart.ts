/**
 * What is wrong with a regular expression, and where, as far as that shows: an open group or class, a quantifier of
 * nothing, a backslash at the end. `column` is 1-based.
 */
export function brokenPart(pattern: string): { column: number; what: string } | undefined {
  const groups: number[] = [];
  let hasAtom = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern.charAt(at);
    switch (character) {
      case '\\':
        if (at === pattern.length - 1) return { column: at + 1, what: 'the backslash at the end escapes nothing' };
        at += 1;
        hasAtom = true;
        break;
      case '[': {
        const end = endOfClass(pattern, at);
        if (end === undefined) return { column: at + 1, what: '"[" is not closed' };
        at = end;
        hasAtom = true;
        break;
      }
      case '(': {
        groups.push(at + 1);
        hasAtom = false;
        const head = /^\?(?:[:=!]|<[=!]|P?<[^>]*>|[a-zA-Z-]+[:)]?)/.exec(pattern.slice(at + 1))?.[0] ?? '';
        at += head.length;
        if (head.endsWith(')')) groups.pop();
        break;
      }
      case ')':
        if (groups.pop() === undefined) return { column: at + 1, what: '")" closes nothing' };
        hasAtom = true;
        break;
      case '|':
        hasAtom = false;
        break;
      case '*':
      case '+':
      case '?':
        if (!hasAtom) return { column: at + 1, what: `there is nothing before "${character}" to repeat` };
        break;
      default:
        hasAtom = true;
    }
  }
  const open = groups.at(-1);
  return open === undefined ? undefined : { column: open, what: '"(" is not closed' };
}

function endOfClass(pattern: string, start: number): number | undefined {
  // A bracket that comes first in a class stands for itself.
  let at = start + (/^\^?\]?/.exec(pattern.slice(start + 1))?.[0].length ?? 0) + 1;
  while (at < pattern.length) {
    if (pattern.charAt(at) === '\\') at += 1;
    else if (pattern.charAt(at) === ']') return at;
    at += 1;
  }
  return undefined;
}
