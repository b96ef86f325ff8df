import { basename } from 'node:path';
import { isBinaryFile } from 'isbinaryfile';
import { secretFileKind } from '../core/secrets/secretFiles.ts';
import { readPlainFile, unreadableFile } from './plainFile.ts';

/** The longest task with its attachments, in characters: more does not help a model, and would not fit its window. */
export const LONGEST_TASK = 64 * 1024;

/**
 * The user's task with its attached text files.
 * @throws Error that says what is wrong with the task or which file cannot be attached, and what to do
 */
export async function readTask(task: string, attachments: readonly string[]): Promise<string> {
  if (task.trim() === '')
    throw new Error(
      'The task is empty. Say in a sentence what shall be changed, for example: conclave run "Add a --verbose flag".',
    );
  const parts = [task];
  for (const file of attachments) parts.push(`# Attached: ${basename(file)}\n${await readAttachment(file)}`);
  const text = parts.join('\n\n');
  if (text.length > LONGEST_TASK) {
    throw new Error(
      `The task is ${text.length} characters long; at most ${LONGEST_TASK} are taken. Put the material into a file of the workspace and name that file in the task: the crew reads what it needs.`,
    );
  }
  return text;
}

async function readAttachment(file: string): Promise<string> {
  const kind = secretFileKind(basename(file));
  if (kind !== undefined) {
    throw new Error(
      `Cannot attach ${file}: files of this name hold secrets (${kind}), which are kept from models. Put what the crew needs to know of it into the task.`,
    );
  }
  const most = LONGEST_TASK * 4;
  const found = await readPlainFile(file, most).catch((cause: unknown) => {
    throw new Error(`Cannot attach ${file}: it could not be read (${String(cause)}).`, { cause });
  });
  if (found.kind === 'tooLarge') {
    throw new Error(
      `Cannot attach ${file}: it has ${found.bytes} bytes. Put it into the workspace and name it in the task.`,
    );
  }
  if (found.kind !== 'bytes')
    throw new Error(`Cannot attach ${file}: it ${unreadableFile(found, 'a text file', most)}.`);
  if (await isBinaryFile(found.bytes)) {
    throw new Error(
      `Cannot attach ${file}: only text can be attached so far. Pictures, sound and video come with a later release.`,
    );
  }
  return found.bytes.toString('utf8');
}
