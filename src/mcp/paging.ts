import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';

/** Resources on one page. */
const PAGE = 200;

/**
 * One page of a list. The cursor names the last one of the page before, so a list that has changed meanwhile neither loses
 * nor repeats what is in both.
 * @param all in the order of their pages; `uri` is theirs alone
 */
export function pageOf<T extends { uri: string }>(
  all: readonly T[],
  cursor: string | undefined,
): { page: T[]; nextCursor?: string } {
  const from = cursor === undefined ? 0 : placeAfter(all, cursor);
  const page = all.slice(from, from + PAGE);
  const last = page.at(-1);
  return from + PAGE >= all.length || last === undefined
    ? { page }
    : { page, nextCursor: Buffer.from(JSON.stringify([from + PAGE, last.uri])).toString('base64url') };
}

function placeAfter(all: readonly { uri: string }[], cursor: string): number {
  const [at, uri] = parsed(cursor);
  const found = all.findIndex((one) => one.uri === uri);
  // It is gone: those before it have moved up by one.
  return found >= 0 ? found + 1 : Math.max(0, at - 1);
}

function parsed(cursor: string): [number, string] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(value) && Number.isSafeInteger(value[0]) && typeof value[1] === 'string') {
      return [value[0] as number, value[1]];
    }
  } catch {
    // What is no JSON is no cursor of ours either.
  }
  throw new McpError(ErrorCode.InvalidParams, 'This cursor is none of this server; list again from the beginning.');
}
