import { createEditBlockParser } from './editBlocks.ts';

/** Fences that show commands or output, which an answer may quote without meaning a change. */
const QUOTED_FENCES = new Set(['sh', 'bash', 'shell', 'zsh', 'console', 'text', 'txt', 'plaintext', 'output', 'log']);

/**
 * A precise complaint about an answer that holds code or a tool call as text, but nothing that could be applied: a
 * file in a fence counts as such only where it is more than a quotation, which the caller has found out.
 */
export function codeWithoutEdit(text: string): string | undefined {
  const parser = createEditBlockParser();
  const blocks = [...parser.push(text), ...parser.end({ truncated: false })];
  if (blocks.some((block) => block.kind !== 'whole' || !block.fence)) return undefined;
  const called = foreignToolCall(text);
  if (called !== undefined) return called;
  const shown = fencesIn(text).find(
    ([, info = '', body = '']) => body.trim() !== '' && !QUOTED_FENCES.has(info.toLowerCase()),
  );
  if (!shown) return undefined;
  const language = shown[1] === '' || shown[1] === undefined ? '' : ` (${shown[1]})`;
  return `Your answer shows code in a fence${language} but holds no edit block, so nothing was changed. Write each change as an edit block.`;
}

/** A complaint about a tool call that an answer holds as text, in a form that is not ours. */
export function foreignToolCall(text: string): string | undefined {
  const foreign = /<tool_call>|\[TOOL_CALLS\]|<function=/.exec(text)?.[0];
  if (foreign !== undefined) {
    return `Your answer holds a tool call as text (${foreign}), which was not run. Use the given form of a call, or write edit blocks.`;
  }
  const isCall = (body: string): boolean =>
    /^\s*\[?\s*\{/.test(body) && /"name"\s*:/.test(body) && /"(?:arguments|parameters)"\s*:/.test(body);
  if (isCall(text) || fencesIn(text).some(([, , body = '']) => isCall(body))) {
    return 'Your answer holds a tool call as JSON text, which was not run. Use the given form of a call, or write edit blocks.';
  }
  return undefined;
}

function fencesIn(text: string): RegExpMatchArray[] {
  return [
    ...text.matchAll(
      /^[ \t]*(?:`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n]*\n([\s\S]*?)(?:^[ \t]*(?:`{3,}|~{3,})|(?![\s\S]))/gm,
    ),
  ];
}
