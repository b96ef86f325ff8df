/** What a text says as JSON; undefined where it is none. Servers and models write all sorts of things: that is for the caller to judge. */
export function parsedJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
