import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What lies outside of the workspace, in a file or as a name; in a secret file; in git's or Conclave's own folder. */
export const SENTINELS = ['outside-sentinel-7Q', 'name-sentinel-7Q', 'secret-sentinel-7Q', 'own-sentinel-7Q'] as const;
const [OUTSIDE, NAME, SECRET, OWN] = SENTINELS;

/** Is in every file that may be seen, behind it a number of its own. */
export const MARK = 'legit_mark';

/** Files that every hostile path is paired with: plain ones, ones with hard names, ones behind links that stay inside. */
export const LEGIT = [
  'README.md',
  'src/main.ts',
  'src/deep/er/still/file.ts',
  'docs/guide.md',
  'with space.txt',
  'grüße/世界🎉.txt',
  '..hidden/..name.txt',
  '...',
  '%2e%2e/encoded.txt',
  '-rf.txt',
  '$(touch x).txt',
  "quote'd.txt",
  '[odd]{1}*.txt',
  '.gitignored.txt',
  'git/config',
  '.env.example',
  'nul.txt',
  'x'.repeat(200),
] as const;

function legitText(at: number, when: 'before' | 'after'): string {
  return `export const ${MARK} = ${at};\n// ${MARK} ${at} ${when}\n`;
}

export interface HostileTree {
  /** Absolute. */
  base: string;
  root: string;
  remove(): void;
}

/**
 * A workspace with every trap that a disk can set: links outside (to files, folders, relative, absolute, in chains), loops,
 * pipes, devices, /proc, secret files, own folders; beside it what must never be seen.
 */
export function makeHostileTree(options: { git: boolean }): HostileTree {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'conclave-escapes-')));
  const root = join(base, 'workspace');
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const link = (target: string, path: string): void => symlinkSync(target, join(root, path));

  write('package.json', JSON.stringify({ name: 'traps', scripts: { test: 'node check.js' } }));
  for (const [at, path] of LEGIT.entries()) write(path, legitText(at, 'before'));
  write('.env', `KEY=${SECRET}\n`);
  write('config/prod.env', `KEY=${SECRET}\n`);
  write('keys/id_rsa', `${SECRET}\n`);
  write('private/notes.txt', `${SECRET}\n`);
  write('.conclaveignore', 'private/\n');
  if (options.git) {
    const git = (...args: string[]): unknown =>
      execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args], {
        cwd: root,
        stdio: 'ignore',
      });
    git('init', '-q');
    git('add', '-A');
    git('commit', '-qm', `first, without ${MARK}`);
    // Secrets are changed, too: no diff may show them.
    for (const path of ['.env', 'config/prod.env', 'keys/id_rsa', 'private/notes.txt']) write(path, `KEY=2${SECRET}\n`);
    for (const [at, path] of LEGIT.entries()) write(path, legitText(at, 'after'));
  }
  // Without git, a folder of its name would only make it be asked in vain.
  if (options.git) write('.git/own.txt', `${OWN}\n`);
  write('.conclave/own.txt', `${OWN}\n`);
  write('nested/.git/own.txt', `${OWN}\n`);
  write('../outside.txt', `${OUTSIDE}\n`);
  write('../outside/deep/file.txt', `${OUTSIDE}\n`);
  write(`../outside/${NAME}.md`, `# ${OUTSIDE} ${MARK}\n`);
  write('../workspace-beside/file.txt', `${OUTSIDE}\n`);

  link('../outside.txt', 'link-file');
  link(join(base, 'outside.txt'), 'link-file-absolute');
  link('../outside', 'link-folder');
  link(join(base, 'outside'), 'src/link-folder-absolute');
  link('link-file', 'chain-1');
  link('chain-1', 'chain-2');
  link('../link-folder/deep', 'src/chain-folder');
  link('..', 'link-parent');
  link('../..', 'src/link-grandparent');
  link('/', 'link-root');
  link('.', 'src/itself');
  link('..', 'src/up');
  link('loop-b', 'loop-a');
  link('loop-a', 'loop-b');
  link('self', 'self');
  link('.git', 'link-git');
  link('.conclave', 'link-conclave');
  link('.env', 'link-env');
  link('../keys/id_rsa', 'docs/link-key.md');
  link('private', 'link-private');
  link('../nowhere', 'link-nowhere');
  if (process.platform !== 'win32') {
    link('/dev/zero', 'link-zero');
    link('/dev/stdin', 'link-stdin');
    link('/proc/self/root', 'link-proc-root');
    link('/proc/self/cwd', 'link-proc-cwd');
    link('/proc/self/environ', 'link-environ');
    execFileSync('mkfifo', [join(root, 'pipe'), join(root, 'src/pipe.ts')]);
  }
  return { base, root, remove: () => rmSync(base, { recursive: true, force: true }) };
}

/** Where nothing may be read, relative to the workspace as an attacker would write it; all are refused. */
export function forbiddenPaths({ base, root }: HostileTree): string[] {
  return [
    '../outside.txt',
    '../outside/deep/file.txt',
    '../workspace-beside/file.txt',
    join(base, 'outside.txt'),
    `${root}/../outside.txt`,
    `${root}-beside/file.txt`,
    'link-file',
    'link-file-absolute',
    'link-folder/deep/file.txt',
    'src/link-folder-absolute/deep/file.txt',
    'chain-1',
    'chain-2',
    'src/chain-folder/file.txt',
    'link-parent/outside.txt',
    'src/link-grandparent/outside.txt',
    `link-root${join(base, 'outside.txt')}`,
    'src/up/link-folder/deep/file.txt',
    'src/itself/itself/up/link-file',
    'loop-a',
    'loop-a/file.txt',
    'self',
    'link-git/own.txt',
    'link-conclave/own.txt',
    '.git/own.txt',
    '.conclave/own.txt',
    'nested/.git/own.txt',
    'src/up/nested/.git/own.txt',
    '.env',
    'config/prod.env',
    'keys/id_rsa',
    'private/notes.txt',
    'link-env',
    'docs/link-key.md',
    'link-private/notes.txt',
    'src/up/.env',
    'link-nowhere',
    ...(process.platform === 'win32'
      ? []
      : [
          'link-zero',
          'link-stdin',
          `link-proc-root${join(base, 'outside.txt')}`,
          'link-proc-cwd/package.json',
          'link-environ',
          'pipe',
          'src/pipe.ts',
        ]),
    '/etc/passwd',
    '/proc/self/root/etc/passwd',
    '/proc/self/environ',
    '/dev/zero',
    'C:\\Windows\\win.ini',
    'C:outside.txt',
    '\\\\server\\share\\file.txt',
    '//server/share/file.txt',
    '\\\\?\\C:\\file.txt',
    '\\\\.\\PhysicalDrive0',
  ];
}

/**
 * Paths as an attacker might write them: forbidden ones in another spelling, and what lenient decoders take for one. What
 * such a path is to be is open (most are not there); what it must not do is show what is not to be seen.
 */
export function hostilePath(random: () => number, forbidden: readonly string[]): string {
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  let path = one(forbidden);
  for (let times = Math.floor(random() * 3) + 1; times > 0; times -= 1) path = one(SPELLINGS)(path, random);
  return path;
}

type Spelling = (path: string, random: () => number) => string;

const inFront =
  (...texts: string[]): Spelling =>
  (path, random) =>
    (texts[Math.floor(random() * texts.length)] ?? '') + path;
const behind =
  (...texts: string[]): Spelling =>
  (path, random) =>
    path + (texts[Math.floor(random() * texts.length)] ?? '');

const SPELLINGS: readonly Spelling[] = [
  inFront('./', 'src/../', 'src/deep/../../', 'nowhere/../', '././', './/', 'README.md/../', 'src\\..\\'),
  inFront('../', '../../', '..\\', '../'.repeat(40), '../workspace/', 'src/../../workspace/', '..//', '/..//'),
  inFront('file://', 'file:///', 'file:', 'FILE://localhost/', 'vscode-remote://x/', 'jar:file:', 'http://localhost/'),
  inFront('/', '//', '\\', '\\\\?\\', 'C:', 'c:/', 'Z:\\', '~/', '~root/', '$HOME/', `\${PWD}/`, '%USERPROFILE%\\'),
  inFront(
    '/proc/self/cwd/',
    '/proc/self/root',
    '/dev/fd/0/',
    '/dev/../',
    '@',
    '-',
    '--',
    '-- ',
    '!',
    ':/',
    ':(top)',
    ':!',
  ),
  inFront(' ', '\t', '\n', '\uFEFF', '\u200B', '\0', '\x1b[0m', '"', "'", '`', '<'),
  behind('/', '/.', '/..', '//', '\\', '/*', '/**', '*', '?', '#L1', '?raw=1', ':1', ':1:2'),
  behind(
    '\0',
    '\0.ts',
    '%00',
    '%00.md',
    '\n',
    '\r\n',
    ' ',
    '.',
    '. .',
    '::$DATA',
    ':stream',
    ':$I30:$INDEX_ALLOCATION',
  ),
  behind(
    '/'.repeat(300),
    '/./'.repeat(500),
    '/../x'.repeat(3),
    `/${'a'.repeat(300)}`,
    `/${'b/'.repeat(3000)}`,
    'c'.repeat(5000),
  ),
  (path) => path.replaceAll('/', '\\'),
  (path) => path.replaceAll('/', '//'),
  (path) => path.replaceAll('/', '/./'),
  (path) => path.replaceAll('/', '\u2215'),
  (path) => path.replaceAll('/', '\uFF0F'),
  (path) => path.replaceAll('/', '%2f'),
  (path) => path.replaceAll('/', '%5c'),
  (path) => path.replaceAll('/', '%c0%af'),
  (path) => path.replaceAll('.', '%2e'),
  (path) => path.replaceAll('.', '%252e'),
  (path) => path.replaceAll('..', '....//'),
  (path) => path.replaceAll('..', '..;'),
  (path) => path.replaceAll('..', '.\u200B.'),
  (path) => path.replaceAll('..', '\u2025'),
  (path) => path.replaceAll('.', '\uFF0E'),
  (path) => path.replaceAll('..', '.. '),
  (path) => path.toUpperCase(),
  (path, random) => [...path].map((sign) => (random() < 0.5 ? sign.toUpperCase() : sign)).join(''),
  (path) => path.replace('git', 'g\u200Cit').replace('conclave', 'con\u200Dclave').replace('env', 'e\uFEFFnv'),
  (path) => path.replace('.git', 'GIT~1').replace('.conclave', 'CONCLA~1').replace('.env', 'ENV~1'),
  (path) => path.replace(/(\.git|\.conclave|\.env)/, '$1.').replace('.git/', '.git /'),
  (path) => path.replace(/(\.git|\.conclave)/, '$1::$INDEX_ALLOCATION'),
  (path) => path.normalize('NFD'),
  (path) => path.replaceAll('s', '\u017F').replaceAll('k', '\u212A'),
  (path) => encodeURIComponent(path.replace(/[\uD800-\uDFFF]/g, '?')),
  (path) => `${path}\uD800`,
  (path, random) => {
    const at = Math.floor(random() * (path.length + 1));
    return path.slice(0, at) + String.fromCodePoint(Math.floor(random() * 0xd7ff)) + path.slice(at);
  },
];
