import type { FailedTest } from '../../../shared/events.ts';
import { blocksOf, counts, failedTest, sumOf, type TestFormat } from './testFormat.ts';

/** pytest: the lines of its short summary, with places from its reports; where it is switched off, the reports alone. */
export const pytest: TestFormat = {
  name: 'pytest',
  signature: /^(=+ )?(\d+ \w+, )*\d+ \w+ in [\d.]+s|^=+ test session starts =+$/m,
  parse(output) {
    const lines = output.split('\n');
    const reports = blocksOf(lines, (line) => /^(_{3,} .+ _{3,}|=+ .+ =+)$/.test(line)).flatMap(reportIn);
    const summary = lines.flatMap((line) => {
      const said = /^(?:FAILED|ERROR) (\S.*)$/.exec(line)?.[1];
      if (said === undefined || /^\S+ *:/.test(said.replace(/^\S+::/, ''))) return [];
      // A parameter may contain " - ", so an id with a bracket ends with one.
      const [, id = said, message] = /^([^[]*?\[.*?\]|[^[]*?)(?: - (.*))?$/.exec(said) ?? [];
      const place = reports.find((report) => report.name === id);
      return [
        failedTest(id, message ?? place?.message, {
          file: id.split('::')[0] ?? id,
          ...(place?.line ? { line: place.line } : {}),
        }),
      ];
    });
    const passed = sumOf(output, /^(?:=+ )?(?:\d+ \w+, )*(\d+) passed.* in [\d.]+s/gm);
    const skipped = sumOf(output, /^(?:=+ )?(?:\d+ \w+, )*(\d+) skipped.* in [\d.]+s/gm);
    return { ...counts(passed, skipped), failed: summary.length > 0 ? summary : reports };
  },
};

/** A report has the test's name as its heading ("Class.test[parameter]") and ends with "path:line: Error". */
function reportIn(block: readonly string[]): FailedTest[] {
  const title = /^_{3,} (?:ERROR (?:collecting|at setup of|at teardown of) )?(.+?) _{3,}$/.exec(block[0] ?? '')?.[1];
  if (title === undefined) return [];
  const place = block.map((line) => /^([^\s:]+):(\d+): /.exec(line)).findLast((match) => match !== null);
  const message = block.find((line) => line.startsWith('E  '))?.slice(1);
  const [file, line] = [place?.[1], place?.[2]];
  if (file === undefined) return [failedTest(title, message)];
  const bracket = title.indexOf('[');
  const path = bracket < 0 ? title : title.slice(0, bracket);
  const id = `${path.replaceAll('.', '::')}${bracket < 0 ? '' : title.slice(bracket)}`;
  return [failedTest(title === file ? file : `${file}::${id}`, message, { file, line: Number(line) })];
}

const AROUND = /(^|\.)(setUp|tearDown)(Class|Module)$/;

/** unittest: a report for each failure, between rules. The dotted path of the test is its name; a subtest has its values. */
export const unittest: TestFormat = {
  name: 'unittest',
  signature: /^Ran \d+ tests? in [\d.]+s$/m,
  parse(output) {
    const failed = blocksOf(output.split('\n'), (line) => /^(={70}|-{70})$/.test(line)).reduce<FailedTest[]>(
      (found, block) => {
        const title = /^(?:ERROR|FAIL): (.*)$/.exec(block[1] ?? '')?.[1];
        const last = found.at(-1);
        if (block[0]?.startsWith('=') && title !== undefined) found.push({ name: dottedName(title) });
        else if (last !== undefined && last.message === undefined) Object.assign(last, reasonIn(last.name, block));
        return found;
      },
      [],
    );
    const ran = sumOf(output, /^Ran (\d+) tests? in [\d.]+s$/gm);
    if (ran === undefined) return { failed };
    const skipped = sumOf(output, /^(?:OK|FAILED) \(.*?skipped=(\d+)/gm) ?? 0;
    const expected = sumOf(output, /^(?:OK|FAILED) \(.*?expected failures=(\d+)/gm) ?? 0;
    // A test may fail in several subtests; what fails around tests is none of those that ran.
    const names = failed.map(({ name }) => name.replace(/ \(.*$/, '')).filter((name) => !AROUND.test(name));
    return { passed: Math.max(0, ran - new Set(names).size - skipped - expected), skipped, failed };
  },
};

/** "test_x (module.Class.test_x) (n=2)", before Python 3.11 "test_x (module.Class) (n=2)", gives "module.Class.test_x (n=2)". */
function dottedName(title: string): string {
  const [, test = title, path, values = ''] = /^(\S+) \((\S+?)\)( .*)?$/.exec(title) ?? [];
  if (path === undefined) return title;
  return `${path.endsWith(`.${test}`) ? path : `${path}.${test}`}${values}`;
}

function reasonIn(name: string, block: readonly string[]): FailedTest {
  const place = block.map((line) => /^ +File "(.*)", line (\d+)/.exec(line)).findLast((match) => match !== null);
  const message = block.findLast((line) => line.trim() !== '');
  const file = place?.[1];
  return failedTest(name, message, file === undefined ? {} : { file, line: Number(place?.[2]) });
}
