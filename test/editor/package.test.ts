import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { unzipSync } from 'fflate';
import { GRAMMAR_FILES } from '../../grammarFiles.mjs';
import { GRAMMARS } from '../../src/node/grammars/languages.ts';
import { thirdPartyNotices } from '../../thirdPartyNotices.mjs';
import { packExtension } from './vsix.ts';

const MB = 1024 * 1024;

describe('the package', () => {
  let size: number;
  let files: Record<string, Uint8Array>;
  const text = (path: string): string => new TextDecoder().decode(files[path]);

  before(async () => {
    const zip = readFileSync(await packExtension());
    size = zip.length;
    files = unzipSync(zip);
  });

  it('holds what runs and what users read, and nothing else', () => {
    const ours = Object.keys(files).filter((path) => path.startsWith('extension/'));
    const allowed = [
      /^package(\.nls(\.[a-z-]+)?)?\.json$/i,
      /^(readme\.md|changelog\.md|LICENSE\.txt)$/,
      /^dist\/(extension\.cjs|cli\.js|(parser|index)Worker\.js|scripted-fleet\.js|THIRD_PARTY_NOTICES\.txt)$/,
      /^dist\/cli\/[\w-]+\.js$/,
      /^dist\/grammars\/[a-z-]+\.(wasm|scm)$/,
      /^dist\/webview\/[^/]+\.(js|css|ttf)$/,
      /^l10n\/bundle\.l10n(\.[a-z-]+)?\.json$/i,
      /^prompts\/[a-z]+\.md$/,
      /^redis\/[a-z]+-\d\.lua$/i,
      /^profiles\/[a-z0-9-]+\.yaml$/,
      /^docker-compose\.yml$/,
      /^docker\/[a-z]+\.Dockerfile(\.dockerignore)?$/,
      /^docker\/vllm\/[a-z0-9-]+\/vllm-[a-z]+\.yaml$/,
      /^media\/.+\.(png|svg|md)$/,
      /^demo\/(sample|script)\/.+\.(js|json|md|yaml)$/,
    ];
    const paths = ours.map((path) => path.slice('extension/'.length));
    assert.deepEqual(
      paths.filter((path) => !allowed.some((pattern) => pattern.test(path))),
      [],
    );
    const needed = [
      ...[
        'dist/extension.cjs',
        'dist/cli.js',
        'dist/parserWorker.js',
        'dist/scripted-fleet.js',
        'dist/indexWorker.js',
        'prompts/planner.md',
        'redis/appendEvents-4.lua',
        'profiles/external.yaml',
      ],
      ...['docker-compose.yml', 'docker/conclave.Dockerfile', 'docker/conclave.Dockerfile.dockerignore'],
      'docker/vllm/blueprint/vllm-coder.yaml',
      ...['web-tree-sitter', ...GRAMMARS].map((name) => `dist/grammars/${name}.wasm`),
    ];
    for (const path of needed) {
      assert.ok(paths.includes(path), `${path} is missing`);
    }
  });

  it('is smaller than 5 MB', () => {
    assert.ok(size < 5 * MB, `it has ${(size / MB).toFixed(2)} MB`);
  });

  it('holds every file that its manifest names', () => {
    const manifest = JSON.parse(text('extension/package.json'));
    const named: string[] = [];
    JSON.stringify(manifest, (_key, value) => {
      if (typeof value === 'string' && /^(\.\/)?(dist|media|l10n)\/[^*]*\.[a-z]+$/.test(value)) named.push(value);
      return value;
    });
    assert.ok(named.includes(manifest.main) && named.includes(manifest.icon));
    const missing = named
      .filter((path) => !manifest.files.includes(path))
      .filter((path) => files[`extension/${path.replace(/^\.\//, '')}`] === undefined);
    assert.deepEqual(missing, []);
  });

  it('has an icon that galleries take: a PNG of 128 pixels or more', () => {
    const icon = Buffer.from(files['extension/media/icon.png'] ?? []);
    assert.equal(icon.subarray(1, 4).toString('latin1'), 'PNG');
    assert.ok(icon.readUInt32BE(16) >= 128 && icon.readUInt32BE(16) === icon.readUInt32BE(20));
  });

  it('names the packages that it contains, with their licences', () => {
    const notices = text('extension/dist/THIRD_PARTY_NOTICES.txt');
    const grammars = Object.values(GRAMMAR_FILES).map((file) => file.replace(/^node_modules\/|\/[^/]+$/g, ''));
    for (const name of ['zod', 'openai', 'execa', 'undici', 'commander', ...grammars]) {
      const { version, license } = JSON.parse(readFileSync(join('node_modules', name, 'package.json'), 'utf8'));
      assert.ok(notices.includes(`\n${name} ${version}\nLicence: ${license}\n`), `${name} is missing`);
    }
    assert.match(notices, /Permission is hereby granted, free of charge/);
    assert.doesNotMatch(notices, /\n(mocha|esbuild|typescript) \d/);
  });
});

describe('the notices of a package', () => {
  let dir: string;
  const metafile = (input: string): Parameters<typeof thirdPartyNotices>[0][number] => ({
    inputs: {},
    outputs: { 'out.js': { bytes: 1, imports: [], exports: [], inputs: { [input]: { bytesInOutput: 1 } } } },
  });
  const makePackage = (manifest: object, licence?: string): string => {
    const folder = join(dir, 'node_modules', 'left');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'left', version: '1.2.3', ...manifest }));
    if (licence !== undefined) writeFileSync(join(folder, 'LICENCE.md'), licence);
    return relative('.', join(folder, 'lib', 'index.js'));
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'conclave-notices-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('give its licence word for word', () => {
    const input = makePackage({ license: 'MIT' }, 'Do what you like.');
    assert.match(thirdPartyNotices([metafile(input)]), /left 1\.2\.3\nLicence: MIT\n\nDo what you like\.\n/);
  });

  it('are refused, and so is the build, where it has no licence text', () => {
    const input = makePackage({ license: 'MIT' });
    assert.throws(() => thirdPartyNotices([metafile(input)]), /left 1\.2\.3 .*carries no licence file/);
  });

  it('are refused where it names no licence', () => {
    const input = makePackage({}, 'Do what you like.');
    assert.throws(() => thirdPartyNotices([metafile(input)]), /left 1\.2\.3 .*names no licence/);
  });

  it('are not needed for files of our own', () => {
    assert.ok(existsSync('src/cli.ts'));
    assert.equal(thirdPartyNotices([metafile('src/cli.ts')]), 'Conclave contains these packages of others.\n');
  });
});
