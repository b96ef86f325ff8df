import type { FleetOptions } from '../models/fleet.ts';
import { crewScripts, edit, plan } from './scripts.ts';

/** A change of a published package, as the scripted models make it. */
export interface PackageChange {
  name: string;
  version: string;
  /** Which of its devDependencies its tests need; the others are for linting and publishing. */
  testsNeed: string[];
  task: string;
  scripts: FleetOptions['script'];
  /** What the change touches, sorted. */
  files: string[];
  /** Of the rounds of task_1. */
  verdicts: ('approved' | 'failed')[];
  /** As tape prints it. */
  newTest: string;
}

export const MINIMIST: PackageChange = {
  name: 'minimist',
  version: '1.2.8',
  testsNeed: ['nyc', 'tape'],
  task: 'Add an option that turns off the negation by --no-*, with a test, and describe it in the README.',
  files: ['README.md', 'index.js', 'test/negation.js'],
  verdicts: ['approved'],
  newTest: '--no-* is an option like any other when negation is off',
  scripts: crewScripts({
    plan: plan([
      {
        id: 'task_1',
        description: 'Leave --no-* alone where opts.negation is false.',
        success_criteria: 'A new test in test/negation.js passes, with all the old ones.',
        files: [
          { path: 'index.js', action: 'modify' },
          { path: 'test/negation.js', action: 'create' },
        ],
      },
      {
        id: 'task_2',
        description: 'Describe opts.negation beside the other options.',
        success_criteria: 'The README names the option and its default.',
        files: [{ path: 'README.md', action: 'modify' }],
      },
    ]),
    edits: {
      task_1: [
        edit(
          'index.js',
          '\t\t} else if ((/^--no-.+/).test(arg)) {',
          '\t\t} else if (opts.negation !== false && (/^--no-.+/).test(arg)) {',
        ) +
          edit(
            'test/negation.js',
            '',
            `'use strict';

var parse = require('../');
var test = require('tape');

test('--no-* is an option like any other when negation is off', function (t) {
	var argv = parse(['--no-cache', '--no-color', 'never', 'file'], {
		boolean: ['no-cache'],
		negation: false,
	});

	t.deepEqual(argv, {
		'no-cache': true,
		'no-color': 'never',
		_: ['file'],
	});

	t.end();
});

test('--no-* negates unless negation is off', function (t) {
	t.deepEqual(parse(['--no-cache'], { default: { cache: true } }), { cache: false, _: [] });
	t.deepEqual(parse(['--no-cache'], { negation: true }), { cache: false, _: [] });
	t.end();
});`,
          ),
      ],
      task_2: [
        edit(
          'README.md',
          '* `opts.stopEarly` - when true, populate `argv._` with everything after the\nfirst non-option',
          '* `opts.stopEarly` - when true, populate `argv._` with everything after the\nfirst non-option\n* `opts.negation` - when false, `--no-foo` sets `no-foo` instead of setting `foo` to\nfalse; true by default',
        ),
      ],
    },
  }),
};

const OPTION = edit(
  'lib/parse.js',
  '    strictDepth: false,\n    strictNullHandling: false\n};',
  '    strictDepth: false,\n    strictNullHandling: false,\n    throwOnLimitExceeded: false\n};',
);
const READ_OPTION = edit(
  'lib/parse.js',
  "        strictNullHandling: typeof opts.strictNullHandling === 'boolean' ? opts.strictNullHandling : defaults.strictNullHandling",
  "        strictNullHandling: typeof opts.strictNullHandling === 'boolean' ? opts.strictNullHandling : defaults.strictNullHandling,\n        throwOnLimitExceeded: opts.throwOnLimitExceeded === true",
);
const SPLIT = '    var parts = cleanStr.split(options.delimiter, limit);';
/** Forgets that there may be no limit: then it asks for NaN parts, which gives none. */
const SPLIT_WRONG =
  '    var parts = cleanStr.split(options.delimiter, options.throwOnLimitExceeded ? limit + 1 : limit);';
const SPLIT_RIGHT =
  "    var parts = cleanStr.split(options.delimiter, options.throwOnLimitExceeded && typeof limit === 'number' ? limit + 1 : limit);";
const THROW = `    if (options.throwOnLimitExceeded && parts.length > limit) {
        throw new RangeError('Parameter limit exceeded. Only ' + limit + ' parameter' + (limit === 1 ? '' : 's') + ' allowed.');
    }`;
const INFINITE = `    t.test('allows setting the parameter limit to Infinity', function (st) {
        st.deepEqual(qs.parse('a=b&c=d', { parameterLimit: Infinity }), { a: 'b', c: 'd' });
        st.end();
    });`;

export const QS: PackageChange = {
  name: 'qs',
  version: '6.13.0',
  testsNeed: [
    'es-value-fixtures',
    'for-each',
    'has-override-mistake',
    'has-property-descriptors',
    'has-symbols',
    'iconv-lite',
    'mock-property',
    'nyc',
    'object-inspect',
    'safer-buffer',
    'tape',
  ],
  task: 'parse: add an option throwOnLimitExceeded that throws where parameterLimit is exceeded, with a test.',
  files: ['lib/parse.js', 'test/parse.js'],
  verdicts: ['failed', 'approved'],
  newTest: 'throws when the parameter limit is exceeded and throwOnLimitExceeded is true',
  scripts: crewScripts({
    plan: plan([
      {
        id: 'task_1',
        description: 'Throw a RangeError where there are more parameters than parameterLimit, if the option is set.',
        success_criteria: 'A new test in test/parse.js passes, with all the old ones.',
        files: [
          { path: 'lib/parse.js', action: 'modify' },
          { path: 'test/parse.js', action: 'modify' },
        ],
      },
    ]),
    edits: {
      task_1: [
        OPTION +
          READ_OPTION +
          edit('lib/parse.js', SPLIT, `${SPLIT_WRONG}\n${THROW}`) +
          edit(
            'test/parse.js',
            INFINITE,
            `${INFINITE}

    t.test('throws when the parameter limit is exceeded and throwOnLimitExceeded is true', function (st) {
        st['throws'](
            function () { qs.parse('a=1&b=2&c=3', { parameterLimit: 2, throwOnLimitExceeded: true }); },
            new RangeError('Parameter limit exceeded. Only 2 parameters allowed.')
        );
        st.deepEqual(qs.parse('a=1&b=2', { parameterLimit: 2, throwOnLimitExceeded: true }), { a: '1', b: '2' });
        st.deepEqual(qs.parse('a=1&b=2', { parameterLimit: Infinity, throwOnLimitExceeded: true }), { a: '1', b: '2' });
        st.end();
    });`,
          ),
        edit('lib/parse.js', SPLIT_WRONG, SPLIT_RIGHT),
      ],
    },
  }),
};
