/** Reading JSON out of what a model wrote. Nothing here repairs: what does not parse is told to the model. */

/** The text after a model's own thinking block, where the server did not take it out. */
export function withoutThinking(text: string): string {
  const end = text.lastIndexOf('</think>');
  return end === -1 ? text : text.slice(end + '</think>'.length);
}

/**
 * The JSON value in a model's answer: the whole text, a fenced block, or the first balanced object in it.
 * @returns undefined where there is none that parses
 */
export function jsonIn(text: string): object | undefined {
  const plain = withoutThinking(text).trim();
  const whole = parseJson(plain);
  if (whole !== undefined) return whole;
  const fenced = /```(?:json)?[ \t]*\n([\s\S]*?)\n[ \t]*```/.exec(plain)?.[1];
  if (fenced !== undefined) {
    const value = parseJson(fenced);
    if (value !== undefined) return value;
  }
  const start = plain.indexOf('{');
  const object = start === -1 ? undefined : balancedAt(plain, start);
  return object === undefined ? undefined : parseJson(object);
}

/**
 * A JSON object or array. Line ends and tabs that stand in a string as they are, which JSON forbids and grammars of
 * servers let through, can mean only themselves and are read so.
 * @returns undefined where the text is none
 */
export function parseJson(text: string): object | undefined {
  return parseStrictly(text) ?? (RAW_CONTROL.test(text) ? parseStrictly(withEscapedControls(text)) : undefined);
}

function parseStrictly(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // Not JSON: the caller tells the model.
    return undefined;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const RAW_CONTROL = /[\u0000-\u001f]/;

/** The control characters within strings as their escapes; those between tokens are white space, or an error as before. */
function withEscapedControls(text: string): string {
  return text.replace(/"(?:\\[\s\S]|[^"\\])*"/g, (string) =>
    string.replace(/\\[\s\S]|[^\\"]/g, (part) => (RAW_CONTROL.test(part[0] ?? '') ? escaped(part) : part)),
  );
}

function escaped(character: string): string {
  return JSON.stringify(character).slice(1, -1);
}

/** The object or array that begins at `start`, up to the bracket that closes it; undefined where none does. */
export function balancedAt(text: string, start: number): string | undefined {
  let depth = 0;
  let inString = false;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (inString) {
      if (character === '\\') index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      depth -= 1;
      if (depth === 0) return text.slice(start, index + 1);
    }
  }
  return undefined;
}
