import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

let packed: Promise<string> | undefined;

/** The extension as users install it, from dist/ as it was built; packed once, for all test files. @returns its path */
export function packExtension(): Promise<string> {
  packed ??= pack();
  return packed;
}

async function pack(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'conclave-vsix-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  const vsix = join(dir, 'conclave.vsix');
  await execa(process.execPath, ['package.mjs', vsix]);
  return vsix;
}
