/** Reading JSON out of what a model wrote. Nothing here repairs: what does not parse is told to the model. */

/** The text after a model's own thinking block, where the server did not take it out. */
export function withoutThinking(text: string): string {
  const end = text.lastIndexOf('</think>');
  return end === -1 ? text : text.slice(end + '</think>'.length);
}

/**
 * The JSON value in a model's answer: the whole text, a fenced block, or the one balanced object in it.
 * @returns undefined where there is none that parses
 */
export function jsonIn(text: string): unknown {
  const plain = withoutThinking(text).trim();
  const whole = parse(plain);
  if (whole !== undefined) return whole;
  const fenced = /```(?:json)?[ \t]*\n([\s\S]*?)\n[ \t]*```/.exec(plain)?.[1];
  if (fenced !== undefined) {
    const value = parse(fenced);
    if (value !== undefined) return value;
  }
  const object = firstBalancedObject(plain);
  return object === undefined ? undefined : parse(object);
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // Not JSON: the caller tells the model.
    return undefined;
  }
}

function firstBalancedObject(text: string): string | undefined {
  const start = text.indexOf('{');
  if (start === -1) return undefined;
  let depth = 0;
  let inString = false;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (inString) {
      if (character === '\\') index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{') depth += 1;
    else if (character === '}') {
      depth -= 1;
      if (depth === 0) return text.slice(start, index + 1);
    }
  }
  return undefined;
}
