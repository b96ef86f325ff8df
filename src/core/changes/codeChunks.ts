import { z } from 'zod';
import { type Block, CUT_OFF, malformed } from './block.ts';
import { fence, openingMarker } from './blockLines.ts';
import type { BlockReader, Taken } from './blockReader.ts';

/**
 * The blueprint's JSON form of an answer: `code_chunk` objects, of which those of one file make up the whole file.
 * `test_results` objects are taken out of the text and ignored, because we run the checks ourselves.
 */
const CODE_CHUNK = z.object({
  type: z.literal('code_chunk'),
  file: z.string().min(1),
  language: z.string().optional(),
  chunk: z.string(),
  explanation: z.string().optional(),
});

/** A line with which a JSON value may begin. A path such as `[id].ts` is none. */
export function beginsJson(line: string): boolean {
  return /^\s*(?:\[\s*)?(?:\{\s*(?:"|$)|$)/.test(line) && line.trim() !== '';
}

interface JsonLines {
  lines: string[];
  /** Takes a line. @returns the value's text and what follows it on the line, once its brackets are closed */
  push(line: string): { text: string; rest: string } | undefined;
}

/** Gathers the lines of one JSON value by its brackets. */
function gatherJson(): JsonLines {
  const lines: string[] = [];
  let depth = 0;
  let isInString = false;
  return {
    lines,
    push(line) {
      lines.push(line);
      for (let i = 0; i < line.length; i++) {
        const char = line[i];
        if (isInString) {
          if (char === '\\') i++;
          else if (char === '"') isInString = false;
        } else if (char === '"') isInString = true;
        else if (char === '{' || char === '[') depth++;
        else if (char === '}' || char === ']') depth--;
        if (depth === 0 && !isInString && (char === '}' || char === ']')) {
          return { text: [...lines.slice(0, -1), line.slice(0, i + 1)].join('\n'), rest: line.slice(i + 1) };
        }
      }
      return undefined;
    },
  };
}

/** Reads one JSON value from its first line on; what is none of ours is given back as prose. */
export function readCodeChunks(chunks: CodeChunks): BlockReader {
  const json = gatherJson();

  function giveUp(): Block[] {
    const isMeant = chunks.isMeant(json.lines.join('\n'));
    return isMeant ? [malformed('The code_chunk is no valid JSON: its brackets do not close.', json.lines)] : [];
  }

  return {
    take(line): Taken {
      // Neither an opening marker nor a fence can be a line of valid JSON.
      if (json.lines.length > 0 && (openingMarker(line)?.indent === '' || fence(line))) {
        return { blocks: giveUp(), over: { prose: json.lines, again: [line] } };
      }
      const value = json.push(line);
      if (!value) return { blocks: [] };
      const complaints = chunks.take(value.text);
      if (!complaints) return { blocks: giveUp(), over: { prose: json.lines } };
      const rest = value.rest.replace(/^[\s,;]+/, '');
      return { blocks: complaints, over: rest === '' ? {} : { again: [rest] } };
    },
    end({ truncated, partial }) {
      if (partial !== undefined) json.lines.push(partial);
      if (!truncated) return giveUp();
      return chunks.isMeant(json.lines.join('\n')) ? [malformed(CUT_OFF, json.lines, undefined, 'last')] : [];
    },
  };
}

export interface CodeChunks {
  /** @returns undefined where the text is none of our JSON; else the complaints about it, none where it is fine */
  take(text: string): Block[] | undefined;
  /** Whether the text, though no valid JSON, was meant to be a chunk. */
  isMeant(text: string): boolean;
  /** What was gathered, a whole file each, in order. */
  files(): { path: string; text: string; language?: string; explanation?: string }[];
}

export function collectChunks(): CodeChunks {
  const chunks: z.infer<typeof CODE_CHUNK>[] = [];
  const isMeant = (text: string): boolean => /"code_chunk"/.test(text);

  return {
    isMeant,
    take(text) {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch (error) {
        if (!isMeant(text)) return undefined;
        const why = error instanceof Error ? error.message : String(error);
        const reason = `The code_chunk is no valid JSON (${why}). Escape line breaks and quotes in it, or write an edit block.`;
        return [malformed(reason, text.split('\n'))];
      }
      const items: unknown[] = Array.isArray(value) ? value : [value];
      const ours = items.filter((item) => ['code_chunk', 'test_results'].includes(typeOf(item) ?? ''));
      if (ours.length === 0) return undefined;
      return ours.flatMap((item): Block[] => {
        if (typeOf(item) === 'test_results') return [];
        const parsed = CODE_CHUNK.safeParse(item);
        if (!parsed.success) {
          const reason = `The code_chunk is incomplete: ${z.prettifyError(parsed.error)}. It needs "file" and "chunk".`;
          return [malformed(reason, text.split('\n'))];
        }
        chunks.push(parsed.data);
        return [];
      });
    },
    files() {
      const byPath = new Map<string, z.infer<typeof CODE_CHUNK>[]>();
      for (const chunk of chunks) {
        const path = chunk.file.replace(/^(?:\.\/)+/, '');
        byPath.set(path, [...(byPath.get(path) ?? []), chunk]);
      }
      return [...byPath].map(([path, parts]) => {
        const language = parts.find((part) => part.language)?.language;
        const explanation = parts.flatMap((part) => part.explanation || []).join('\n');
        return {
          path,
          text: parts.map((part) => part.chunk).reduce(joined, ''),
          ...(language && { language }),
          ...(explanation && { explanation }),
        };
      });
    },
  };
}

/** Chunks hold whole lines, but models leave out the line break between two of them. */
function joined(before: string, chunk: string): string {
  const needsBreak = before !== '' && chunk !== '' && !before.endsWith('\n') && !/^\r?\n/.test(chunk);
  return before + (needsBreak ? '\n' : '') + chunk;
}

function typeOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null || !('type' in item)) return undefined;
  return typeof item.type === 'string' ? item.type : undefined;
}
