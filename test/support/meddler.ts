import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** Changes the files of a folder at random, as users, editors and git do. */
export interface Meddler {
  /** Does one thing, and tells which. */
  meddle(): string;
  /** All that was done, in order. */
  readonly told: string[];
  /** A word that may be in the files. */
  word(): string;
  pick<T>(from: readonly T[]): T;
}

const WORDS = [
  'alpha',
  'Beta',
  'gammaRay',
  'delta_x',
  'epsilon',
  'Zeta9',
  'straße',
  'Kelvin',
  '日本語',
  'foo.bar',
  'naïve',
  'iota',
];

/** @param options.seed the same one gives the same changes */
export async function openMeddler(root: string, options: { git: boolean; seed: number }): Promise<Meddler> {
  let state = options.seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T;
  const told: string[] = [];
  const word = (): string => (random(4) === 0 ? pick(WORDS).toUpperCase() : pick(WORDS));
  const line = (): string =>
    `${Array.from({ length: 1 + random(6) }, word).join(pick([' ', '-', '_', '(', '']))}${pick(['\n', '\n', '\n', '\r\n'])}`;
  const text = (): string => Array.from({ length: random(12) }, line).join('');
  const git = (...args: string[]): void => {
    const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid'];
    try {
      execFileSync('git', [...identity, ...args], { cwd: root, stdio: 'ignore' });
    } catch {
      // It does not always want to: nothing to commit, a branch that is there already.
    }
  };
  let count = 0;
  const fresh = (): string => {
    count += 1;
    return `${pick(['a', 'b', 'src', 'x.y'])}${count}${pick(['.ts', '.py', '.log', '', '.tmp', ' z.txt'])}`;
  };
  const all = (): { files: string[]; folders: string[] } => {
    const found = { files: [] as string[], folders: [''] };
    const walk = (folder: string): void => {
      for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
        if (entry.name === '.git') continue;
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
        if (entry.isDirectory()) {
          found.folders.push(path);
          walk(path);
        } else if (entry.isFile()) {
          found.files.push(path);
        }
      }
    };
    walk('');
    return found;
  };
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const below = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

  const deeds: Record<string, () => string> = {
    create: () => tell(below(pick(all().folders), fresh()), (path) => write(path, text())),
    append: () => tell(pick(all().files), (path) => appendFileSync(join(root, path), line())),
    overwrite: () => tell(pick(all().files), (path) => write(path, text())),
    sameSize: () =>
      tell(pick(all().files), (path) => {
        const bytes = readFileSync(join(root, path));
        for (let at = 0; at < bytes.length; at += 1) {
          const byte = bytes[at] ?? 0;
          if (byte >= 97 && byte < 122) bytes[at] = byte + 1;
        }
        writeFileSync(join(root, path), bytes);
      }),
    delete: () => tell(pick(all().files), (path) => unlinkSync(join(root, path))),
    recreate: () =>
      tell(pick(all().files), (path) => {
        const content = readFileSync(join(root, path));
        unlinkSync(join(root, path));
        writeFileSync(join(root, path), content);
      }),
    saveByRename: () =>
      tell(pick(all().files), (path) => {
        writeFileSync(join(root, `${path}.swap`), text());
        renameSync(join(root, `${path}.swap`), join(root, path));
      }),
    renameFile: () =>
      tell(pick(all().files), (path) => renameSync(join(root, path), join(root, below(pick(all().folders), fresh())))),
    renameFolder: () => {
      const folder = pick(all().folders.filter((path) => path !== ''));
      if (folder === undefined) return 'no folder';
      return tell(folder, () => renameSync(join(root, folder), join(root, fresh())));
    },
    deleteFolder: () => {
      const folder = pick(all().folders.filter((path) => path !== ''));
      if (folder === undefined) return 'no folder';
      return tell(folder, () => rmSync(join(root, folder), { recursive: true }));
    },
    newFolders: () =>
      tell(below(pick(all().folders), `${fresh()}/${fresh()}/${fresh()}`), (path) => write(path, text())),
    emptyFolder: () =>
      tell(below(pick(all().folders), fresh()), (path) => mkdirSync(join(root, path), { recursive: true })),
    replaceFolder: () => {
      const folder = pick(all().folders.filter((path) => path !== ''));
      if (folder === undefined) return 'no folder';
      return tell(folder, () => {
        rmSync(join(root, folder), { recursive: true });
        write(`${folder}/${fresh()}`, text());
      });
    },
    folderForFile: () =>
      tell(pick(all().files), (path) => {
        unlinkSync(join(root, path));
        write(`${path}/${fresh()}`, text());
      }),
    ignore: () =>
      tell(below(pick(all().folders), '.gitignore'), (path) =>
        write(path, pick(['*.log\n', '*.tmp\n!x.y*\n', 'src*/\n', '', 'a*\n', '/b*\n', '*\n!*.ts\n!*/\n'])),
      ),
    unignore: () =>
      tell(pick(all().files.filter((path) => path.endsWith('.gitignore'))) ?? '', (path) => {
        if (path !== '') unlinkSync(join(root, path));
      }),
    link: () =>
      tell(below(pick(all().folders), fresh()), (path) =>
        symlinkSync(pick(['../', '.', '']) + (pick(all().files) ?? 'none'), join(root, path)),
      ),
    linkInside: () => tell(below('', fresh()), (path) => symlinkSync(pick(all().files) ?? 'none', join(root, path))),
    linkFolder: () => tell(below('', fresh()), (path) => symlinkSync(pick(all().folders) || '.', join(root, path))),
    binary: () => tell(pick(all().files), (path) => writeFileSync(join(root, path), Buffer.from('alpha\0beta'))),
    nested: () =>
      tell(below(pick(all().folders), fresh()), (path) => {
        write(`${path}/inner.ts`, text());
        execFileSync('git', ['init', '-q'], { cwd: join(root, path) });
      }),
    reserved: () => tell(below(pick(['node_modules', '.conclave', 'own']), fresh()), (path) => write(path, text())),
    many: () =>
      tell(below('', fresh()), (folder) => {
        for (let at = 0; at < 40; at += 1) write(`${folder}/${at % 4}/f${at}.ts`, text());
      }),
    ...(options.git
      ? {
          add: () => tell('add', () => git('add', '-A')),
          addIgnored: () => tell(pick(all().files), (path) => git('add', '-f', '--', path)),
          commit: () => tell('commit', () => git('commit', '-qam', 'x')),
          branch: () => tell(`b${random(3)}`, (name) => git('checkout', '-q', '-f', '-B', name)),
          checkout: () => tell(`b${random(3)}`, (name) => git('checkout', '-q', '-f', name)),
          untrack: () => tell(pick(all().files), (path) => git('rm', '--cached', '-q', '--', path)),
          status: () => tell('status', () => git('status')),
          exclude: () =>
            tell('exclude', () => {
              const file = execFileSync('git', ['rev-parse', '--git-path', 'info/exclude'], {
                cwd: root,
                encoding: 'utf8',
              }).trim();
              mkdirSync(dirname(join(root, file)), { recursive: true });
              writeFileSync(file.startsWith('/') ? file : join(root, file), pick(['*.py\n', '', 'b*\n']));
            }),
        }
      : {}),
  };

  function tell(path: string | undefined, work: (path: string) => void): string {
    if (path === undefined) return 'nothing there';
    try {
      work(path);
      return path;
    } catch (error) {
      return `${path}: ${error instanceof Error ? error.message : error}`;
    }
  }

  for (let at = 0; at < 30; at += 1) deeds[pick(['create', 'create', 'newFolders', 'many'])]?.();
  if (options.git) {
    git('add', '-A');
    git('commit', '-qm', 'first');
    git('branch', 'b1');
  }

  return {
    meddle() {
      const name = pick(Object.keys(deeds));
      const what = `${name} ${deeds[name]?.()}`;
      told.push(what);
      return what;
    },
    told,
    word,
    pick,
  };
}
