/** Tells what a model's text is while it streams: words for people, edits of files, or JSON for the machine. */
export type AnswerForm = 'prose' | 'edits' | 'answer';

/** Begins a value of JSON, a fence of one, or a tool call in a foreign form. */
const MACHINE = /^\s*(?:```(?:json)?\s*)?(?:\{|\[\s*\{|\[TOOL_CALLS\]|<tool_call>)/i;
const EDIT = /^(?:<{5,9} ?(?:SEARCH|ORIGINAL)|={5,9}$|>{5,9} ?(?:REPLACE|UPDATED))/m;

export function formOf(text: string): AnswerForm {
  if (MACHINE.test(text)) return 'answer';
  return EDIT.test(text) ? 'edits' : 'prose';
}
