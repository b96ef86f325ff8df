/** Scripts: which reply answers which request. They are data, and matching keeps no state but the `times` of an entry. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { ROLES, type Role } from '../../src/shared/events.ts';
import { type ChatRequest, messageText, renderPrompt, schemaName } from './chatRequest.ts';
import { type Fault, type FaultInput, faultSchema } from './faults.ts';
import { type Reply, replySchema } from './reply.ts';

const texts = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === 'string' ? [value] : value));

const entrySchema = z.strictObject({
  /** For the request log and for messages. */
  name: z.string().optional(),
  when: z
    .strictObject({
      /** The last message contains each of these. */
      last: texts.optional(),
      /** The whole prompt contains each of these. */
      all: texts.optional(),
      /** The whole prompt contains none of these. */
      none: texts.optional(),
      /** The name of the schema that the answer must have; false for a request without one. */
      schema: z.union([z.string(), z.literal(false)]).optional(),
      /** Whether the request offers tools. */
      tools: z.boolean().optional(),
      /** A part of the file name of an audio file: makes the entry one for transcriptions, and only for them. */
      audio: z.string().optional(),
    })
    .prefault({}),
  /** Of several replies, choice i of a request gets number (seed + i), going round. */
  reply: z.union([replySchema.transform((reply) => [reply]), z.array(replySchema).min(1)]),
  fault: faultSchema.optional(),
  /** The entry is out of the game after so many uses; for faults that pass. */
  times: z.number().int().min(1).optional(),
});

type ScriptEntry = z.infer<typeof entrySchema>;
/** An entry as it is written, in YAML or in a test. */
export type ScriptEntryInput = Omit<z.input<typeof entrySchema>, 'fault'> & { fault?: FaultInput };
/** The entries of one role, the first match wins; or a function, for tests that make up their requests. */
export type Script = readonly ScriptEntryInput[] | ((request: ChatRequest) => Reply);

/** Reads `planner.yaml`, `coder.yaml`, … of a directory. A role without a file has no replies. */
export function loadScripts(directory: string): Partial<Record<Role, ScriptEntryInput[]>> {
  if (!existsSync(directory)) throw new Error(`There is no directory of scripts at ${directory}.`);
  const scripts: Partial<Record<Role, ScriptEntryInput[]>> = {};
  for (const role of ROLES) {
    const file = join(directory, `${role}.yaml`);
    if (!existsSync(file)) continue;
    const content: unknown = parse(readFileSync(file, 'utf8')) ?? [];
    checkEntries(content, file);
    scripts[role] = content as ScriptEntryInput[];
  }
  return scripts;
}

interface Match {
  name: string;
  replies: Reply[];
  fault?: Fault;
}

/** Finds replies. Counts the uses of entries that have `times`. */
export interface Matcher {
  chat(request: ChatRequest): Match | undefined;
  transcription(fileName: string): Match | undefined;
}

/** @param source for messages: the role, or a file */
export function createMatcher(script: Script, source: string): Matcher {
  if (typeof script === 'function') {
    return {
      chat: (request) => ({ name: 'function', replies: [script(request)] }),
      transcription: () => undefined,
    };
  }
  const entries = checkEntries(script, source).map((entry, index) => ({ entry, index, used: 0 }));
  const take = (matches: (entry: ScriptEntry) => boolean): Match | undefined => {
    const found = entries.find(({ entry, used }) => used < (entry.times ?? Number.POSITIVE_INFINITY) && matches(entry));
    if (found === undefined) return undefined;
    found.used += 1;
    const { name, reply, fault } = found.entry;
    return { name: name ?? `#${found.index + 1}`, replies: reply, ...(fault ? { fault } : {}) };
  };
  return {
    chat: (request) => {
      const prompt = renderPrompt(request);
      const lastMessage = request.messages.at(-1);
      const last = lastMessage ? messageText(lastMessage) : '';
      const schema = schemaName(request) ?? false;
      return take(
        ({ when }) =>
          when.audio === undefined &&
          (when.schema === undefined || when.schema === schema) &&
          (when.tools === undefined || when.tools === (request.tools?.length ?? 0) > 0) &&
          (when.last ?? []).every((text) => last.includes(text)) &&
          (when.all ?? []).every((text) => prompt.includes(text)) &&
          !(when.none ?? []).some((text) => prompt.includes(text)),
      );
    },
    transcription: (fileName) => take(({ when }) => when.audio !== undefined && fileName.includes(when.audio)),
  };
}

function checkEntries(content: unknown, source: string): ScriptEntry[] {
  const read = z.array(entrySchema).safeParse(content);
  if (!read.success) throw new Error(`The script of ${source} is not right.\n${z.prettifyError(read.error)}`);
  return read.data;
}
