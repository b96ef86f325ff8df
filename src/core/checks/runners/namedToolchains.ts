import { posix } from 'node:path';
import { escapedPattern, type Naming } from '../naming.ts';

type Argv = (testFile?: string) => string[];

/** "package > Test/subtest", each level whole; Go writes a blank in a subtest's name as "_". -v, because else it counts nothing. */
export function namedGo(argv: Argv): Naming {
  return {
    pattern: (name) => {
      const test = name.split(' > ').at(-1)?.trim() ?? '';
      const levels = test.replaceAll(/\s/g, '_').split('/');
      const isTest = /^(Test|Example|Fuzz)/.test(test);
      return isTest ? levels.map((level) => `^${escapedPattern(level)}$`).join('/') : undefined;
    },
    argv: (patterns, file) => {
      const [first = ''] = patterns;
      // Levels of several tests would be mixed up, so these run as a whole.
      const tops = [...new Set(patterns.map((pattern) => pattern.split('/')[0]))];
      const [program = 'go', command = 'test', ...folder] = argv(file);
      return [program, command, '-v', `-run=${patterns.length === 1 ? first : `(${tops.join('|')})`}`, ...folder];
    },
  };
}

/** A path of modules, or a part of one. A documentation test is called by its file, which is no name to cargo. */
export function namedCargo(argv: Argv): Naming {
  return {
    pattern: (name) => (/^[\p{L}_][\p{L}\p{N}_:]*$/u.test(name) ? name : undefined),
    argv: (patterns, file) => [...argv(file), '--', ...patterns],
  };
}

/** "package.Class > method(parameters)[index]", or a method alone. Without -q, which would leave out the counts. */
export function namedMaven(mvn: string): Naming {
  return {
    pattern: (name) => {
      const { className, method } = javaNames(name);
      // What means something to Surefire stands for any one character.
      const plain = (text: string) => text.replaceAll(/[^\p{L}\p{N}_$.]/gu, '?');
      return method === '' ? undefined : `${className === undefined ? '*' : plain(className)}#${plain(method)}*`;
    },
    argv: (patterns, file) => {
      const own = patterns.map((pattern) =>
        file === undefined ? pattern : pattern.replace(/^\*#/, `${classOf(file)}#`),
      );
      return [mvn, '-o', '-fae', '-Dsurefire.failIfNoSpecifiedTests=false', `-Dtest=${own.join(',')}`, 'test'];
    },
  };
}

/** "Class > method(parameters)", or a method alone. */
export function namedGradle(all: readonly string[]): Naming {
  return {
    silent: true,
    pattern: (name) => {
      const { className, method } = javaNames(name);
      return method === '' ? undefined : `*${className ?? ''}.${method}*`;
    },
    argv: (patterns, file) => [
      ...all,
      ...patterns.flatMap((pattern) => [
        '--tests',
        file !== undefined && pattern.startsWith('*.') ? `*${classOf(file)}${pattern.slice(1)}` : pattern,
      ]),
    ],
  };
}

/** The full name or a part of it; values of parameters are left out. */
export function namedDotnet(all: readonly string[]): Naming {
  return {
    pattern: (name) => {
      const test = name.replace(/\(.*$/, '').replaceAll(' > ', '.').trim();
      return test === '' ? undefined : test.replaceAll(/[\\()&|=!~]/g, '\\$&');
    },
    argv: (patterns, file) => {
      const names = patterns.map((pattern) => `FullyQualifiedName~${pattern}`).join('|');
      return [...all, '--filter', file === undefined ? names : `(${names})&FullyQualifiedName~${classOf(file)}`];
    },
  };
}

/** What a Java file's class is called. */
export function classOf(file: string): string {
  return posix.basename(file).replace(/\.[^.]+$/, '');
}

/** "org.example.SumTest > of(int)[2]", "SumTest.of", "SumTest#of", "of". */
function javaNames(name: string): { className?: string; method: string } {
  const [first = '', second] = name.split(/ > |#/);
  const method = (second ?? first).replace(/[([{].*$/, '').trim();
  if (second !== undefined) return { className: first.trim(), method };
  const dot = method.lastIndexOf('.');
  return dot < 0 ? { method } : { className: method.slice(0, dot), method: method.slice(dot + 1) };
}
