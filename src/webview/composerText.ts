/** What the composer's text means, without its box: completions at the caret, slash commands, history. */
import { type Attachment, CHAT_COMMANDS, type ChatCommand } from '../shared/protocol.ts';

/** What is being completed, and which part of the text it stands in. */
export interface Trigger {
  kind: 'mention' | 'command';
  /** What was typed after the "@" or "/". */
  query: string;
  from: number;
  to: number;
}

/** A mention begins at the start or after a space; a command only at the very start. */
export function triggerAt(text: string, caret: number): Trigger | undefined {
  const before = text.slice(0, caret);
  const command = /^\/(\w*)$/.exec(before);
  if (command) return { kind: 'command', query: command[1] ?? '', from: 0, to: caret };
  const mention = /(?:^|\s)@([^\s@]*)$/.exec(before);
  if (!mention) return undefined;
  const query = mention[1] ?? '';
  return { kind: 'mention', query, from: caret - query.length - 1, to: caret };
}

/** The text without what was typed for a completion, and where the caret is then. */
export function withoutTrigger(text: string, { from, to }: Trigger): { text: string; caret: number } {
  return {
    text: text.slice(0, from) + text.slice(to).replace(/^ /, from === 0 || text[from - 1] === ' ' ? '' : ' '),
    caret: from,
  };
}

/** Commands that a query fits, in their usual order. */
export function fittingCommands(query: string): ChatCommand[] {
  return CHAT_COMMANDS.filter((command) => command.startsWith(query.toLowerCase()));
}

/** A slash command that leads the text, and the rest of it. */
export function commandOf(text: string): { command?: ChatCommand; text: string } {
  const [whole, name] = /^\/(\w+)(?:\s+|$)/.exec(text) ?? [];
  const command = CHAT_COMMANDS.find((one) => one === name?.toLowerCase());
  return command === undefined || whole === undefined
    ? { text: text.trim() }
    : { command, text: text.slice(whole.length).trim() };
}

/** Commands that mean something without a word more. */
const WORDLESS: readonly ChatCommand[] = ['review', 'doctor', 'fix', 'explain'];

export function canSend(text: string, command: ChatCommand | undefined, attachments: readonly Attachment[]): boolean {
  if (text.trim() !== '') return true;
  return command !== undefined && WORDLESS.includes(command) && (command !== 'explain' || attachments.length > 0);
}

/** Where the user is in what they asked before: `at` counts from the newest, -1 is the draft. */
export interface HistoryPosition {
  at: number;
  draft: string;
}

/** One step back (older) or forth; undefined where there is nothing more that way. */
export function stepInHistory(
  history: readonly string[],
  { at, draft }: HistoryPosition,
  direction: 'older' | 'newer',
): { position: HistoryPosition; text: string } | undefined {
  const next = direction === 'older' ? at + 1 : at - 1;
  if (next < -1 || next >= history.length) return undefined;
  return { position: { at: next, draft }, text: next === -1 ? draft : (history.at(-1 - next) ?? '') };
}

export function isSame(one: Attachment, other: Attachment): boolean {
  return one.kind === other.kind && one.label === other.label && one.path === other.path && one.folder === other.folder;
}

export function withAttachments(old: readonly Attachment[], more: readonly Attachment[]): Attachment[] {
  const all = [...old];
  for (const one of more) if (!all.some((other) => isSame(one, other))) all.push(one);
  return all;
}
