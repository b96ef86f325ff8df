import assert from 'node:assert/strict';
import { readManifest } from '../../src/core/tools/manifests/manifests.ts';

describe('manifests', () => {
  it('of npm name dependencies, entry points and the test command', () => {
    const text = JSON.stringify({
      name: 'shop',
      main: './dist/index.js',
      bin: { shop: 'bin/shop.js' },
      scripts: { test: 'vitest run', build: 'tsc' },
      dependencies: { zod: '4' },
      devDependencies: { vitest: '2' },
    });
    assert.deepEqual(readManifest('packages/shop/package.json', text), {
      path: 'packages/shop/package.json',
      name: 'shop',
      dependencies: ['zod', 'vitest'],
      scripts: ['test', 'build'],
      entryPoints: ['packages/shop/dist/index.js', 'packages/shop/bin/shop.js'],
      tests: 'npm test (vitest run)',
    });
    assert.equal(readManifest('package.json', '{ "name": ')?.problem, 'it is not valid JSON');
    assert.deepEqual(readManifest('package.json', '{"name": 3, "scripts": [1]}')?.dependencies, []);
  });

  it('of Python, Go, Rust and Maven name dependencies', () => {
    const pyproject =
      '[project]\nname = "api"\ndependencies = [\n  "fastapi>=0.1", # why\n  "uvicorn[standard]",\n]\n\n[project.scripts]\nserve = "api:main"\n\n[tool.pytest.ini_options]\n';
    const api = readManifest('pyproject.toml', pyproject);
    assert.deepEqual(
      [api?.name, api?.dependencies, api?.scripts, api?.tests],
      ['api', ['fastapi', 'uvicorn'], ['serve'], 'pytest'],
    );
    const poetry = '[tool.poetry]\nname = "p"\n[tool.poetry.dependencies]\npython = "^3"\nrequests = "*"\n';
    assert.deepEqual(readManifest('pyproject.toml', poetry)?.dependencies, ['requests']);
    assert.deepEqual(readManifest('requirements.txt', '# c\nflask==2\n-r other.txt\nDjango\n')?.dependencies, [
      'flask',
      'Django',
    ]);
    const go =
      'module example.org/x\n\ngo 1.22\n\nrequire (\n\tgithub.com/a/b v1.0.0\n\tgithub.com/c/d v1.0.0 // indirect\n)\n';
    assert.deepEqual(readManifest('go.mod', go)?.dependencies, ['github.com/a/b']);
    const cargo =
      '[package]\nname = "tool"\n\n[dependencies]\nserde = { version = "1" }\n\n[dev-dependencies]\nproptest = "1"\n';
    assert.deepEqual(readManifest('Cargo.toml', cargo)?.dependencies, ['serde', 'proptest']);
    const pom =
      '<project><parent><artifactId>boss</artifactId></parent><artifactId>shop</artifactId><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId></dependency></dependencies></project>';
    const maven = readManifest('pom.xml', pom);
    assert.deepEqual([maven?.name, maven?.dependencies], ['shop', ['g:a']]);
  });

  it('of npm name workspaces, and the entry of "exports"', () => {
    const root = readManifest(
      'package.json',
      '{"workspaces":{"packages":["packages/*"]},"exports":{".":{"types":"./t.d.ts","import":"./src/index.js"},"./x":"./x.js"}}',
    );
    assert.deepEqual([root?.packages, root?.entryPoints], [['packages/*'], ['src/index.js']]);
    assert.deepEqual(readManifest('pnpm-workspace.yaml', 'packages:\n  - "apps/*" # ours\n  - libs/**\n')?.packages, [
      'apps/*',
      'libs/**',
    ]);
    assert.equal(readManifest('pnpm-workspace.yaml', 'packages: ["a\n')?.problem, 'it is not valid YAML');
  });

  it('of Python are read as TOML is, groups and dotted keys too', () => {
    const text =
      'project.name = "api"\n[project.optional-dependencies]\nweb = ["flask[async]>=3; python_version > \'3.8\'"]\n[dependency-groups]\ndev = ["pytest>=8", {include-group = "web"}]\n[project.scripts]\nserve = "api.cli:main"\n[tool.uv.workspace]\nmembers = ["libs/*"]\n';
    const api = readManifest('svc/pyproject.toml', text);
    assert.deepEqual(
      [api?.name, api?.dependencies, api?.scripts, api?.tests, api?.packages],
      ['api', ['flask', 'pytest'], ['serve'], 'pytest', ['libs/*']],
    );
    assert.ok(api?.entryPoints.includes('svc/src/api/cli.py'));
    const poetry = readManifest(
      'pyproject.toml',
      '[tool.poetry]\nname = """p"""\n[tool.poetry.group.dev.dependencies]\nruff = { version = "1", extras = [\n "a" ] }\n',
    );
    assert.deepEqual([poetry?.name, poetry?.dependencies], ['p', ['ruff']]);
    assert.equal(readManifest('pyproject.toml', '[project\n')?.problem, 'it is not valid TOML');
    assert.deepEqual(
      readManifest(
        'setup.cfg',
        '[metadata]\nname = old\n[options]\ninstall_requires =\n    six\n    attrs>=2\n[options.entry_points]\nconsole_scripts =\n    old = old.main:run\n',
      )?.dependencies,
      ['six', 'attrs'],
    );
    assert.deepEqual(readManifest('setup.py', 'setup(name="old", install_requires=["six", "attrs"])')?.dependencies, [
      'six',
      'attrs',
    ]);
    assert.deepEqual(readManifest('requirements-dev.txt', 'pytest==8\n')?.tests, 'pytest');
    assert.deepEqual(readManifest('Pipfile', '[packages]\nflask = "*"\n[dev-packages]\npytest = "*"\n')?.dependencies, [
      'flask',
      'pytest',
    ]);
  });

  it('of Cargo know workspaces, targets and binaries', () => {
    const text =
      '[workspace]\nmembers = ["crates/*"]\n[package]\nname="tool"\n[[bin]]\nname="t"\npath="src/t.rs"\n[dependencies.serde]\nversion = "1"\n[target."cfg(unix)".dependencies]\nlibc = "0.2"\n';
    const tool = readManifest('Cargo.toml', text);
    assert.deepEqual(
      [tool?.dependencies, tool?.packages, tool?.entryPoints],
      [['serde', 'libc'], ['crates/*'], ['src/t.rs', 'src/main.rs', 'src/lib.rs']],
    );
  });

  it('of Gradle, MSBuild, Bundler, Composer, Deno, Mix, SwiftPM, Bazel, CMake and make are known', () => {
    const gradle =
      'plugins { id "java" }\ndependencies {\n  implementation "com.google.guava:guava:33.0"\n  // implementation "no:no:1"\n  testImplementation(libs.junit.jupiter)\n  api project(":core")\n}\n';
    assert.deepEqual(readManifest('build.gradle', gradle)?.dependencies, [
      'com.google.guava:guava',
      'libs.junit.jupiter',
      ':core',
    ]);
    const kts = 'rootProject.name = "shop"\ninclude(":app", ":libs:core")\n';
    const settings = readManifest('settings.gradle.kts', kts);
    assert.deepEqual([settings?.name, settings?.packages], ['shop', ['app', 'libs/core']]);
    const csproj =
      '<Project Sdk="Microsoft.NET.Sdk"><ItemGroup><!-- <PackageReference Include="No" /> --><PackageReference Include="xunit" Version="2" /><ProjectReference Include="..\\Core\\Core.csproj" /></ItemGroup></Project>';
    const shop = readManifest('src/Shop/Shop.csproj', csproj);
    assert.deepEqual(
      [shop?.name, shop?.dependencies, shop?.tests],
      ['Shop', ['xunit', 'src/Core/Core.csproj'], 'dotnet test'],
    );
    const gemfile = readManifest(
      'Gemfile',
      "source 'https://rubygems.org'\ngem 'rails', '~> 7'\n# gem 'no'\ngroup :test do\n  gem 'rspec-rails'\nend\n",
    );
    assert.deepEqual([gemfile?.dependencies, gemfile?.tests], [['rails', 'rspec-rails'], 'bundle exec rspec']);
    const composer = readManifest(
      'composer.json',
      '{"name":"a/b","require":{"php":">=8","ext-json":"*","guzzlehttp/guzzle":"7"},"require-dev":{"phpunit/phpunit":"11"}}',
    );
    assert.deepEqual([composer?.dependencies, composer?.tests], [['guzzlehttp/guzzle', 'phpunit/phpunit'], 'phpunit']);
    const deno = readManifest(
      'deno.jsonc',
      '{ // ours\n "exports": "./mod.ts", "tasks": {"dev": "deno run //x"}, "imports": {"@std/fs": "jsr:@std/fs@1",}, }',
    );
    assert.deepEqual([deno?.entryPoints, deno?.scripts, deno?.dependencies], [['mod.ts'], ['dev'], ['@std/fs']]);
    assert.deepEqual(
      readManifest(
        'mix.exs',
        'def project, do: [app: :shop]\ndefp deps, do: [{:phoenix, "~> 1.7"}, {:core, path: "../core"}]',
      )?.dependencies,
      ['phoenix', 'core'],
    );
    assert.deepEqual(
      readManifest(
        'Package.swift',
        'let package = Package(name: "Shop", dependencies: [.package(url: "https://example.org/a/swift-log.git", from: "1.0.0")])',
      )?.dependencies,
      ['swift-log'],
    );
    assert.deepEqual(
      readManifest('MODULE.bazel', 'module(name = "shop")\nbazel_dep(name = "rules_go", version = "0.50")\n')
        ?.dependencies,
      ['rules_go'],
    );
    const cmake = readManifest(
      'CMakeLists.txt',
      'project(shop CXX)\nfind_package(Boost REQUIRED)\n# find_package(No)\nadd_executable(shop main.cpp)\nenable_testing()\n',
    );
    assert.deepEqual(
      [cmake?.name, cmake?.dependencies, cmake?.scripts, cmake?.tests],
      ['shop', ['Boost'], ['shop'], 'ctest'],
    );
    const make = readManifest(
      'Makefile',
      'CC := gcc\n.PHONY: all test\nall: main.o\nmain.o: main.c\n\tcc -c main.c\ntest: all\n\t./run: x\n',
    );
    assert.deepEqual([make?.scripts, make?.tests], [['all', 'test'], 'make test']);
    const go = readManifest(
      'go.mod',
      'module example.org/x\nrequire github.com/a/b v1.0.0\nrequire (\n    github.com/c/d v1.0.0\n    e.io/f v2.0.0 // indirect\n)\nreplace (\n  github.com/c/d v1.0.0 => ../d v1.0.0\n)\n',
    );
    assert.deepEqual([go?.name, go?.dependencies], ['example.org/x', ['github.com/a/b', 'github.com/c/d']]);
  });
});
