import assert from 'node:assert/strict';
import type { Block } from '../../src/core/changes/block.ts';
import { applyBlock, emptyChangeSet } from '../../src/core/changes/changeSet.ts';
import { createEditBlockParser } from '../../src/core/changes/editBlocks.ts';
import { settleBlock } from '../../src/core/changes/guessedPath.ts';
import { hashText } from '../../src/core/changes/hash.ts';
import type { Workspace } from '../../src/core/ports.ts';

/** The blocks of an answer that came in one piece. */
export function parse(text: string, options = { truncated: false }): Block[] {
  const parser = createEditBlockParser();
  return [...parser.push(text), ...parser.end(options)];
}

/** The reason of the one malformed block that the answer gives. */
export function reasonIn(text: string, options = { truncated: false }): string {
  const blocks = parse(text, options);
  assert.equal(blocks.length, 1, JSON.stringify(blocks));
  const [block] = blocks;
  assert.ok(block?.kind === 'malformed', JSON.stringify(block));
  return block.reason;
}

/** The blocks of an answer, which are the same wherever its bytes are cut in two, and when each comes alone. */
export function parseEverywhere(text: string, options = { truncated: false }): Block[] {
  const expected = parse(text, options);
  const bytes = new TextEncoder().encode(text);
  const read = (pieces: readonly Uint8Array[]): Block[] => {
    const parser = createEditBlockParser();
    const decoder = new TextDecoder();
    const blocks = pieces.flatMap((piece) => parser.push(decoder.decode(piece, { stream: true })));
    return [...blocks, ...parser.end(options)];
  };
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(read([bytes.slice(0, at), bytes.slice(at)]), expected, `cut at byte ${at}`);
  }
  assert.deepEqual(read([...bytes].map((byte) => Uint8Array.of(byte))), expected, 'byte by byte');
  return expected;
}

/** At whichever byte a truncated answer ends, its blocks are the first ones of the whole answer, and complaints about the cut. */
export function assertNeverCompletes(text: string): void {
  const whole = parse(text);
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at++) {
    const blocks = parse(new TextDecoder().decode(bytes.slice(0, at)), { truncated: true });
    const usable = blocks.filter((block) => block.kind !== 'malformed');
    assert.deepEqual(usable, whole.slice(0, usable.length), `cut off at byte ${at}`);
    for (const block of blocks) assert.ok(block.kind !== 'malformed' || /^cut off/.test(block.reason), `${at}`);
  }
}

/**
 * The files after an answer's blocks, applied in their order; null for one that is gone.
 * @returns `problems`: why blocks were not applied
 */
export async function filesAfter(
  files: Record<string, string>,
  answer: string,
): Promise<{ files: Record<string, string | null>; problems: string[] }> {
  const base = workspaceOf(files);
  let changes = emptyChangeSet;
  const problems: string[] = [];
  for (const block of parseEverywhere(answer)) {
    const outcome = await applyBlock(changes, await settleBlock(changes, block, base), base);
    if (outcome.kind === 'applied') changes = outcome.changes;
    else problems.push(outcome.reason);
  }
  const changed = [...changes.files.values()].map(({ path, text }): [string, string | null] => [path, text]);
  return { files: { ...files, ...Object.fromEntries(changed) }, problems };
}

function workspaceOf(files: Record<string, string>): Workspace {
  return {
    root: '/project',
    read: async (path) => {
      const text = files[path];
      if (text !== undefined) return { kind: 'text', text, hash: hashText(text) };
      return { kind: Object.keys(files).some((other) => other.startsWith(`${path}/`)) ? 'directory' : 'missing' };
    },
    list: async () => Object.entries(files).map(([path, text]) => ({ path, bytes: text.length })),
    search: async () => [],
  };
}
