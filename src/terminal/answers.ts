import { ConfigurationError } from '../node/configuration.ts';
import { parseJson } from '../node/jsonText.ts';
import type { Question } from '../shared/events.ts';

/** Answers given in advance: in the order in which the questions are asked, or by the question's id or text. */
export type Answers =
  | { kind: 'inOrder'; texts: readonly string[] }
  | { kind: 'byQuestion'; texts: Readonly<Record<string, string>> };

/**
 * Reads an answers file: a JSON array of strings, or an object from question id or text to answer.
 * @param file its name, for the message
 * @throws ConfigurationError
 */
export function parseAnswers(text: string, file = 'the answers'): Answers {
  const parsed = parseJson(text);
  if (parsed.kind === 'broken') {
    throw new ConfigurationError(`${file}: line ${parsed.line}, column ${parsed.column}: this is not valid JSON`);
  }
  const { value } = parsed;
  if (typeof value !== 'object' || value === null) {
    throw new ConfigurationError(
      `${file}: expected a JSON array of strings, or an object from question to answer, got ${JSON.stringify(value)}`,
    );
  }
  const entries: [string, unknown][] = Object.entries(value);
  for (const [key, answer] of entries) {
    if (typeof answer === 'string') continue;
    const which = Array.isArray(value) ? `answer ${Number(key) + 1}` : `the answer to "${key}"`;
    throw new ConfigurationError(`${file}: expected a string as ${which}, got ${JSON.stringify(answer)}`);
  }
  const texts = entries as [string, string][];
  return Array.isArray(value)
    ? { kind: 'inOrder', texts: texts.map(([, answer]) => answer) }
    : { kind: 'byQuestion', texts: Object.fromEntries(texts) };
}

/**
 * The answer given in advance to a question, if there is one.
 * @param before how many other questions the run asked before it, in all its sessions
 */
export function givenAnswer(answers: Answers | undefined, question: Question, before: number): string | undefined {
  if (!answers) return undefined;
  if (answers.kind === 'inOrder') return answers.texts[before];
  const key = [question.id, question.text].find((name) => Object.hasOwn(answers.texts, name));
  return key === undefined ? undefined : answers.texts[key];
}

/** What a typed or given answer means: the number of a choice stands for the choice, everything else for itself. */
export function chosenText({ choices = [] }: Question, typed: string): string {
  const text = typed.trim();
  if (choices.includes(text) || !/^\d+$/.test(text)) return text;
  return choices[Number(text) - 1] ?? text;
}
