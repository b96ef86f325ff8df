import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { unzipSync } from 'fflate';
import { cachedFolder, npm } from '../support/cache.ts';
import { makePython, pip } from '../support/python.ts';
import { type Language, languageOf } from './language.ts';

/** A file of a published package. */
export interface SourceFile {
  package: string;
  /** Within the package; with slashes. */
  path: string;
  language: Language;
  text: string;
}

const NPM = [
  'minimist@1.2.8',
  'qs@6.13.0',
  'mitt@3.0.1',
  'redux@5.0.1',
  'rxjs@7.8.2',
  'zod@4.6.7',
  'express@4.19.2',
  'koa@2.15.3',
  'chalk@5.3.0',
  'commander@12.1.0',
  'semver@7.6.2',
  'yargs@17.7.2',
  'mocha@10.4.0',
  'preact@10.22.0',
  'superstruct@2.0.2',
  'backbone@1.6.1',
  'handlebars@4.7.8',
  'js-yaml@4.1.0',
  'eslint-config-airbnb-base@15.0.0',
  '@types/express@5.0.6',
  'normalize.css@8.0.1',
  'milligram@1.4.1',
  'github-markdown-css@5.9.0',
  'html5-boilerplate@9.0.1',
  'skeleton-css@2.0.4',
  'todomvc-app-css@2.4.3',
  'purecss@3.0.0',
  'codemirror@5.65.16',
  'nan@2.20.0',
  'node-addon-api@8.9.2',
  'argon2@0.45.1',
  '@parcel/watcher@2.6.0',
  'react-native-fs@2.20.0',
  'react-native-safe-area-context@5.10.1',
  '@react-native-community/netinfo@12.0.1',
  'cordova-plugin-file@8.1.3',
  'electron-edge-js@44.0.0',
];

/** As wheels: Python alone, and nothing is built. */
const WHEELS = ['requests==2.32.3', 'flask==3.0.3', 'click==8.1.7', 'jinja2==3.1.4', 'rich==13.7.1', 'werkzeug==3.0.3'];

/** As they are published in source, for languages that a wheel holds no source of. */
const SOURCES = [
  'ujson==5.10.0',
  'hiredis==3.0.0',
  'cryptography==41.0.7',
  'tiktoken==0.7.0',
  'pythonnet==3.0.3',
  'gojsonnet==0.20.0',
  'dockerfile==3.4.0',
  'jpype1==1.5.0',
  'yamllint==1.35.1',
];

/** The files of all packages, in a fixed order. @throws RegistryUnreachable */
export async function fetchSources(): Promise<SourceFile[]> {
  const folders = [await fetchFromNpm(), await fetchWheels()];
  for (const requirement of SOURCES) folders.push(await fetchSource(requirement));
  return folders.flatMap(filesIn);
}

function keyOf(list: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(list)).digest('hex').slice(0, 12);
}

function fetchFromNpm(): Promise<string> {
  return cachedFolder(`edits-npm-${keyOf(NPM)}`, async (dir) => {
    const packed = join(dir, '.packed');
    mkdirSync(packed);
    await npm(packed, 'pack', ...NPM);
    for (const archive of readdirSync(packed)) {
      const into = join(dir, archive.replace(/\.tgz$/, ''));
      mkdirSync(into);
      await execa('tar', ['-xzf', join(packed, archive), '-C', into, '--strip-components=1']);
    }
    rmSync(packed, { recursive: true });
  });
}

function fetchWheels(): Promise<string> {
  return cachedFolder(`edits-wheels-${keyOf(WHEELS)}`, async (dir) => {
    await makePython(dir);
    await pip(dir, 'download', '--no-deps', '--only-binary', ':all:', '--dest', '.packed', ...WHEELS);
    for (const archive of readdirSync(join(dir, '.packed'))) {
      const content = unzipSync(readFileSync(join(dir, '.packed', archive)));
      for (const [path, bytes] of Object.entries(content)) {
        if (languageOf(path) === undefined) continue;
        const file = join(dir, archive.split('-').slice(0, 2).join('-'), path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, bytes);
      }
    }
    for (const done of ['.packed', 'venv']) rmSync(join(dir, done), { recursive: true });
  });
}

function fetchSource(requirement: string): Promise<string> {
  const name = requirement.replace('==', '-');
  return cachedFolder(`edits-source-${name}`, async (dir) => {
    await makePython(dir);
    // Of this package only, or pip would compile the tools that name its version, too.
    const only = requirement.split('==')[0] ?? requirement;
    await pip(dir, 'download', '--no-deps', '--no-binary', only, '--dest', '.packed', requirement);
    mkdirSync(join(dir, name));
    for (const archive of readdirSync(join(dir, '.packed'))) {
      await execa('tar', ['-xf', join(dir, '.packed', archive), '-C', join(dir, name), '--strip-components=1']);
    }
    for (const done of ['.packed', 'venv']) rmSync(join(dir, done), { recursive: true });
  });
}

/** Of one package that fills a language alone, not more than this many. */
const MOST_FILES = 60;

function filesIn(folder: string): SourceFile[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const root = join(folder, entry.name);
      const counts = new Map<Language, number>();
      return readdirSync(root, { recursive: true, encoding: 'utf8' })
        .map((path) => path.replaceAll('\\', '/'))
        .sort()
        .flatMap((path): SourceFile[] => {
          const language = languageOf(path);
          if (language === undefined || (counts.get(language) ?? 0) >= MOST_FILES) return [];
          const text = readText(join(root, path));
          if (text === undefined) return [];
          counts.set(language, (counts.get(language) ?? 0) + 1);
          return [{ package: entry.name, path, language, text }];
        });
    });
}

/** Of files that a person would edit: UTF-8, some lines long, and not minified. */
function readText(file: string): string | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch {
    return undefined;
  }
  const lines = text.split('\n');
  if (lines.length < 12 || lines.length > 4_000 || text.includes('\0') || /\r(?!\n)/.test(text)) return undefined;
  return lines.some((line) => line.length > 300) ? undefined : text;
}
