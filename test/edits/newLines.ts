import type { Dice } from './dice.ts';
import type { Language } from './language.ts';

/** A line to be written, by how many steps it stands deeper than the code around it. */
export interface NewLine {
  depth: number;
  text: string;
}

const NAMES = ['pending', 'retries', 'offset', 'session', 'limit', 'cursor', 'draft', 'locale', 'timeout', 'parent'];

/** Some lines that could stand in a file of the language. `names` are of the file. */
export function newLines(language: Language, dice: Dice, names: readonly string[]): NewLine[] {
  const name = dice.pick(NAMES) + dice.pick(['', 'Count', 'Key', 'Now']);
  const other = names.length > 0 ? dice.pick(names) : dice.pick(NAMES);
  const number = String(2 + dice.int(900));
  return dice.pick(SNIPPETS[language](name, other, number)).map((line) => ({
    depth: /^\t*/.exec(line)?.[0].length ?? 0,
    text: line.trimStart(),
  }));
}

type Snippets = (name: string, other: string, number: string) => string[][];

const javaScript: Snippets = (name, other, number) => [
  [`const ${name} = ${other}.filter(Boolean);`],
  [`let ${name} = '${other}';`, `${name} += ${number};`],
  [`if (!${name}) {`, `\treturn ${other};`, '}'],
  [`if (${name} > ${number}) {`, `\tconsole.log("too many", ${name});`, `\tthrow new Error('${name}');`, '}'],
  [`for (const ${name} of ${other}) {`, `\tif (${name} === ${number}) continue;`, `\t${other}.push(${name});`, '}'],
  [`// ${name} comes first, or "${other}" is lost.`, `${other}.set('${name}', ${number});`],
];

const typeScript: Snippets = (name, other, number) => [
  ...javaScript(name, other, number),
  [`const ${name}: string[] = [];`],
  [`const ${name} = new Map<string, number>();`, `${name}.set('${other}', ${number});`],
];

const cLike: Snippets = (name, other, number) => [
  [`int ${name} = ${number};`],
  [`if (${name} == 0) {`, `\treturn ${other};`, '}'],
  [`while (${name} < ${number}) {`, `\t${name} += 1;`, '}'],
  [`/* ${name} before ${other} */`, `${other} = ${name} + ${number};`],
  [`log_debug("${name}: %d", ${number});`],
];

const SNIPPETS: Record<Language, Snippets> = {
  js: javaScript,
  ts: typeScript,
  c: cLike,
  cpp: (name, other, number) => [...cLike(name, other, number), [`std::vector<int> ${name}{${number}};`]],
  java: (name, other, number) => [
    [`int ${name} = ${number};`],
    [`if (${name} == null) {`, `\tthrow new IllegalStateException("${other}");`, '}'],
    [`List<String> ${name} = new ArrayList<>();`, `${name}.add("${other}");`],
    [`// ${name} is checked first.`, `${other}.update(${number});`],
  ],
  csharp: (name, other, number) => [
    [`var ${name} = ${number};`],
    [`if (${name} == null)`, '{', `\tthrow new InvalidOperationException("${other}");`, '}'],
    [`foreach (var ${name} in ${other})`, '{', `\tConsole.WriteLine(${name});`, '}'],
  ],
  go: (name, other, number) => [
    [`${name} := ${number}`],
    [`if ${name} == nil {`, `\treturn nil, errors.New("${other}")`, '}'],
    [`for _, ${name} := range ${other} {`, `\tfmt.Println(${name}, ${number})`, '}'],
  ],
  rust: (name, other, number) => [
    [`let ${name} = ${number};`],
    [`if ${name}.is_none() {`, `\treturn Err("${other}");`, '}'],
    [`for ${name} in ${other}.iter() {`, `\tprintln!("{}", ${name});`, '}'],
  ],
  python: (name, other, number) => [
    [`${name} = ${number}`],
    [`if not ${name}:`, `\treturn ${other}`],
    [`for ${name} in ${other}:`, `\tif ${name} == ${number}:`, `\t\tcontinue`, `\tprint('${name}', ${other})`],
    [`# ${name} is read before "${other}"`, `${name} = ${other}.get('${name}', ${number})`],
  ],
  css: (_name, _other, number) => [
    [`margin-top: ${number}px;`],
    ['border: 1px solid #d0d7de;', `max-width: ${number}px;`],
    [`font-family: "Inter", sans-serif;`],
  ],
  html: (name, _other, number) => [
    [`<p class="${name}">Number ${number}</p>`],
    [`<ul id="${name}">`, `\t<li>${number} & more</li>`, '</ul>'],
    [`<!-- ${name} -->`, `<a href="#${name}">${name}</a>`],
  ],
  markdown: (name, other, number) => [
    [`The option \`${name}\` takes up to ${number} values.`],
    [`See "${other}" for what ${name} does.`, `It isn't set by default.`],
  ],
  json: (name, _other, number) => [
    [`"${name}": ${number},`],
    [`"${name}": {`, `\t"enabled": true,`, `\t"limit": ${number}`, '},'],
  ],
  yaml: (name, _other, number) => [
    [`${name}: ${number}`],
    [`${name}:`, `\tenabled: true`, `\tlabel: "number ${number}"`],
  ],
};

/** What begins and ends a block around lines, for languages in which any lines can be wrapped in one. */
export function blockAround(language: Language, dice: Dice): { head: string; tail?: string } | undefined {
  const number = 2 + dice.int(90);
  switch (language) {
    case 'js':
    case 'ts':
      return dice.pick([
        { head: `if (limit > ${number}) {`, tail: '}' },
        { head: 'try {', tail: '} catch {}' },
      ]);
    case 'c':
    case 'cpp':
    case 'java':
      return { head: `if (limit > ${number}) {`, tail: '}' };
    case 'csharp':
      return { head: `if (limit > ${number}) {`, tail: '}' };
    case 'go':
    case 'rust':
      return { head: `if limit > ${number} {`, tail: '}' };
    case 'python':
      return dice.pick([{ head: `if limit > ${number}:` }, { head: 'with lock:' }]);
    case 'html':
      return { head: `<section class="box-${number}">`, tail: '</section>' };
    case 'css':
      return { head: `@media (min-width: ${number}em) {`, tail: '}' };
    default:
      return undefined;
  }
}
