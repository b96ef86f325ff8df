import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

export interface OutputTail {
  /** Collects what the stream says, in the order in which pieces arrive over all followed streams. */
  follow(stream: Readable): void;
  /** The last `keep` bytes, and how many bytes came before them. `note` is put at the end, as if it had been printed. */
  end(note?: string): { output: string; dropped: number };
}

/**
 * Keeps the end of a process's output in bounded memory (about twice `keep` bytes), however much is printed.
 * A character is never cut in two, neither between chunks nor at the start of what is kept.
 */
export function outputTail(keep: number, onOutput?: (text: string) => void): OutputTail {
  const decoders: StringDecoder[] = [];
  let pieces: Buffer[] = [];
  let held = 0;
  let total = 0;

  const add = (text: string) => {
    if (text === '') return;
    onOutput?.(text);
    const bytes = Buffer.from(text);
    pieces.push(bytes);
    held += bytes.length;
    total += bytes.length;
    if (held > 2 * keep || pieces.length > 4096) {
      // A copy, not a view: a view would keep the whole buffer alive.
      const kept = Buffer.from(lastBytes(Buffer.concat(pieces), keep));
      pieces = [kept];
      held = kept.length;
    }
  };

  return {
    follow(stream) {
      const decoder = new StringDecoder('utf8');
      decoders.push(decoder);
      stream.on('data', (chunk: Buffer | string) => add(typeof chunk === 'string' ? chunk : decoder.write(chunk)));
      // A pipe that breaks because we ended its writer is no news.
      stream.on('error', () => {});
    },
    end(note) {
      for (const decoder of decoders) add(decoder.end());
      if (note !== undefined) add(note);
      const kept = lastBytes(Buffer.concat(pieces), keep);
      return { output: kept.toString('utf8'), dropped: total - kept.length };
    },
  };
}

function lastBytes(bytes: Buffer, keep: number): Buffer {
  let start = Math.max(0, bytes.length - keep);
  // 10xxxxxx is the middle of a character.
  while (start > 0 && start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return bytes.subarray(start);
}
