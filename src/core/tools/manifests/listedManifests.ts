import { beside, empty, type Manifest, named, once } from './manifest.ts';

/** Formats without a parser here: programs and XML, of which only what stands there literally is read. */

export function goMod(path: string, text: string): Manifest {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const dependencies: string[] = [];
  let block: string | undefined;
  for (const line of lines) {
    const opened = /^(\w+)\s*\($/.exec(line)?.[1];
    if (opened !== undefined) block = opened;
    else if (line.startsWith(')')) block = undefined;
    else {
      const required = (block === 'require' ? /^(\S+)\s+v\S+(.*)$/ : /^require\s+(\S+)\s+v\S+(.*)$/).exec(line);
      if (required?.[1] && !required[2]?.includes('indirect')) dependencies.push(required[1]);
    }
  }
  return { ...named(path, /^module\s+"?([^\s"]+)/m.exec(text)?.[1]), dependencies, tests: 'go test ./...' };
}

export function pom(path: string, text: string): Manifest {
  const xml = withoutXmlComments(text);
  const dependencies = [...xml.matchAll(/<dependency>([\s\S]*?)<\/dependency>/g)].map((match) => {
    const part = (tag: string) => new RegExp(`<${tag}>\\s*([^<]+?)\\s*</${tag}>`).exec(match[1] ?? '')?.[1] ?? '?';
    return `${part('groupId')}:${part('artifactId')}`;
  });
  const own = xml.replace(/<(parent|dependencies|build|dependencyManagement|profiles|reporting)>[\s\S]*?<\/\1>/g, '');
  const modules = [...xml.matchAll(/<module>\s*([^<]+?)\s*<\/module>/g)].map((match) => match[1] ?? '');
  return {
    ...named(path, /<artifactId>\s*([^<]+?)\s*</.exec(own)?.[1]),
    dependencies: once(dependencies),
    ...(modules.length > 0 && { packages: once(modules) }),
    tests: 'mvn test',
  };
}

/** Gradle's build and settings files, in Groovy or Kotlin. */
export function gradle(path: string, text: string): Manifest {
  const code = withoutSlashComments(text);
  const declared = code.matchAll(
    /^\s*(?:api|implementation|compile|compileOnly|runtimeOnly|kapt|ksp|annotationProcessor|\w+(?:Implementation|Api|CompileOnly|RuntimeOnly))\b[\s(]+(?:platform\()?(?:["']([^"':]+:[^"':]+)[^"']*["']|(libs\.[\w.]+)|project\(\s*(?:path\s*[:=]\s*)?["']([^"']+)["'])/gm,
  );
  const included = [...code.matchAll(/^\s*include[\s(]+((?:["'][^"']+["'][,\s]*)+)/gm)];
  const packages = included.flatMap((match) =>
    [...(match[1] ?? '').matchAll(/["']:?([^"']+)["']/g)].map((m) => m[1] ?? ''),
  );
  const isSettings = /^settings\./.test(path.split('/').at(-1) ?? '');
  return {
    ...named(path, /rootProject\.name\s*=\s*["']([^"']+)["']/.exec(code)?.[1]),
    dependencies: once([...declared].map((match) => match[1] ?? match[2] ?? match[3] ?? '')),
    scripts: [...code.matchAll(/\btask(?:s\.register)?[\s(]+["']?(\w+)/g)].map((match) => match[1] ?? ''),
    ...(packages.length > 0 && { packages: packages.map((one) => one.replaceAll(':', '/')) }),
    ...(!isSettings && { tests: 'gradle test' }),
  };
}

/** MSBuild's project files (.csproj, .fsproj, .vbproj). */
export function projectFile(path: string, text: string): Manifest {
  const xml = withoutXmlComments(text);
  const attribute = (tag: string) =>
    [...xml.matchAll(new RegExp(`<${tag}\\b[^>]*?\\bInclude\\s*=\\s*["']([^"']+)["']`, 'g'))].map((m) => m[1] ?? '');
  const packages = attribute('PackageReference');
  const projects = attribute('ProjectReference').map((one) => beside(path, one.replaceAll('\\', '/')));
  const name =
    /<AssemblyName>\s*([^<]+?)\s*</.exec(xml)?.[1] ??
    path
      .split('/')
      .at(-1)
      ?.replace(/\.\w+$/, '');
  const isTests = packages.some((one) => /^(xunit|nunit|mstest|Microsoft\.NET\.Test\.Sdk)/i.test(one));
  return {
    ...named(path, name),
    dependencies: once([...packages, ...projects]),
    ...(isTests && { tests: 'dotnet test' }),
  };
}

export function gemfile(path: string, text: string): Manifest {
  const dependencies = once([...text.matchAll(/^\s*gem[\s(]+["']([^"']+)["']/gm)].map((match) => match[1] ?? ''));
  const runner = dependencies.some((one) => /^rspec/.test(one))
    ? 'rspec'
    : dependencies.find((one) => one === 'minitest');
  return {
    ...empty(path),
    dependencies,
    ...(runner !== undefined && { tests: `bundle exec ${runner === 'rspec' ? 'rspec' : 'rake test'}` }),
  };
}

export function mix(path: string, text: string): Manifest {
  return {
    ...named(path, /\bapp:\s*:(\w+)/.exec(text)?.[1]),
    dependencies: once([...text.matchAll(/\{\s*:(\w+)\s*,\s*(?:"|\w+:|~)/g)].map((match) => match[1] ?? '')),
    tests: 'mix test',
  };
}

export function swiftPackage(path: string, text: string): Manifest {
  const code = withoutSlashComments(text);
  const urls = [...code.matchAll(/\.package\(\s*(?:name:\s*"[^"]*",\s*)?url:\s*"([^"]+)"/g)].map(
    (match) => match[1] ?? '',
  );
  return {
    ...named(path, /Package\(\s*name:\s*"([^"]+)"/.exec(code)?.[1]),
    dependencies: urls.map(
      (url) =>
        url
          .replace(/\.git$/, '')
          .split('/')
          .at(-1) ?? url,
    ),
    ...(/\.testTarget\(/.test(code) && { tests: 'swift test' }),
  };
}

export function cmake(path: string, text: string): Manifest {
  const code = text.replace(/#\[(=*)\[[\s\S]*?\]\1\]/g, '').replace(/#.*/g, '');
  const names = (command: string) =>
    [...code.matchAll(new RegExp(`\\b${command}\\s*\\(\\s*"?([^\\s)"]+)`, 'gi'))].map((match) => match[1] ?? '');
  const folders = names('add_subdirectory');
  return {
    ...named(path, names('project')[0]),
    dependencies: once([...names('find_package'), ...names('FetchContent_Declare')]),
    scripts: once([...names('add_executable'), ...names('add_library'), ...names('add_custom_target')]),
    ...(folders.length > 0 && { packages: folders }),
    ...(/\b(enable_testing|add_test|gtest_discover_tests|catch_discover_tests|include\s*\(\s*CTest)\b/i.test(code) && {
      tests: 'ctest',
    }),
  };
}

export function makefile(path: string, text: string): Manifest {
  const rules = [...text.matchAll(/^([\w./ -]+?)\s*:(?![:=])/gm)].flatMap((match) =>
    (match[1] ?? '').trim().split(/\s+/),
  );
  const scripts = once(rules.filter((target) => !target.startsWith('.') && !/[/]|\.\w+$/.test(target)));
  const test = ['test', 'tests', 'check'].find((target) => scripts.includes(target));
  return { ...empty(path), scripts, ...(test !== undefined && { tests: `make ${test}` }) };
}

export function bazel(path: string, text: string): Manifest {
  return {
    ...named(path, /\bmodule\(\s*name\s*=\s*"([^"]+)"/.exec(text)?.[1]),
    dependencies: once([...text.matchAll(/\bbazel_dep\(\s*name\s*=\s*"([^"]+)"/g)].map((match) => match[1] ?? '')),
    tests: 'bazel test //...',
  };
}

function withoutXmlComments(text: string): string {
  return text.replace(/<!--[\s\S]*?-->/g, '');
}

/** Strings stay, as `//` in a URL is none. */
function withoutSlashComments(text: string): string {
  return text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_, s?: string) => s ?? '',
  );
}
