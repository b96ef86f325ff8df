import {
  callsOf,
  isNothingButCalls,
  type KnownTool,
  toolNamed,
  typedArguments,
  type WrittenCall,
} from './callShape.ts';
import { jsonAt, jsonListAt, matchAt, type Part, pythonCallAt, skipBlanks, taggedAt } from './pieces.ts';

/** Something that was found in a text: whole calls, or what looks like one and is none. `problem` is a sentence. */
export type Found =
  | { kind: 'calls'; form: string; calls: WrittenCall[] }
  | { kind: 'broken'; form: string; problem: string };

/**
 * One form in which models, or servers that do not understand them, write tool calls. `read` begins behind the marker;
 * `none` where the marker is only spoken of.
 */
interface Form {
  marker: (tools: readonly KnownTool[]) => RegExp;
  read: (text: string, marker: RegExpExecArray, at: number, tools: readonly KnownTool[]) => Part<WrittenCall[]>;
}

const NAME = '([\\w.:-]+?)';
const BAR = '[|｜]';
const GAP = '[_▁]';

/** In the order in which they are tried where two begin at the same place. */
const FORMS: readonly Form[] = [
  // Mistral: [TOOL_CALLS]name[ARGS]{…}, [TOOL_CALLS][{…}], and TOOL_CALLSname{…} where the brackets were lost.
  {
    marker: () => /\[TOOL_CALLS\]|(?<![\w[])TOOL_CALLS(?=[\w.-]*\s*(?:\[ARGS\])?\s*[{[])/g,
    read: (text, _, at) => {
      const list = jsonAt(text, at);
      if (list.kind !== 'none') return asCalls(list);
      const named = matchAt(
        new RegExp(`\\s*${NAME}\\s*(?:\\[CALL_ID\\]\\s*[\\w-]+)?\\s*(?:\\[ARGS\\]\\s*|(?=\\{))`),
        text,
        at,
      );
      if (named === undefined) return isAtEnd(text, at) ? { kind: 'cut' } : { kind: 'none' };
      return argumentsAt(text, at + named[0].length, named[1] ?? '');
    },
  },
  {
    marker: () => /([\w.-]+)\[ARGS\]/g,
    read: (text, [, name = ''], at) => argumentsAt(text, at, name),
  },
  // gpt-oss: <|channel|>commentary to=functions.name <|constrain|>json<|message|>{…}
  {
    marker: () => /\bto=(?:functions\.)?([\w-]+)/g,
    read: (text, [, name = ''], at, tools) => {
      if (toolNamed(name, tools) === undefined && !text.includes('<|')) return { kind: 'none' };
      const head = matchAt(
        /(?:\s|<\|(?:channel|constrain|recipient|message)\|>|commentary|analysis|json|code)*/,
        text,
        at,
      );
      return argumentsAt(text, at + (head?.[0].length ?? 0), name);
    },
  },
  // DeepSeek and Kimi: <｜tool▁call▁begin｜>function<｜tool▁sep｜>name {…}<｜tool▁call▁end｜>
  {
    marker: () => new RegExp(`<${BAR}tool${GAP}call${GAP}begin${BAR}>`, 'g'),
    read: (text, _, at) => {
      const sep = `<${BAR}tool${GAP}(?:sep|call${GAP}argument${GAP}begin)${BAR}>`;
      const head = matchAt(new RegExp(`\\s*(?:function\\s*${sep})?\\s*([\\w.-]+)(?::\\d+)?\\s*(?:${sep})?`), text, at);
      if (head === undefined) return isAtEnd(text, at) ? { kind: 'cut' } : { kind: 'none' };
      const call = argumentsAt(text, at + head[0].length, head[1] ?? '');
      return closedBy(new RegExp(`\\s*<${BAR}tool${GAP}call${GAP}end${BAR}>`), text, call);
    },
  },
  // Hermes and Qwen: <tool_call>{…}</tool_call>, <tools>{…}</tools>; GLM: <tool_call>name<arg_key>…; Granite: <|tool_call|>[…]
  {
    marker: () => /<(\|?)(tool_?calls?|function_?calls?|tools)\|?>/gi,
    read: readTag,
  },
  // Qwen3-Coder: <function=name><parameter=key>value</parameter></function>; Llama: <function=name>{…}</function>
  {
    marker: () => /<function(?:=|\s+name=)["']?([\w.:-]+)["']?\s*>/g,
    read: (text, [, name = ''], at, tools) => {
      const json = argumentsAt(text, at, name);
      if (json.kind !== 'none') return closedBy(/\s*<\/function>/, text, json);
      const parameter = /\s*<parameter(?:=|\s+name=)["']?([\w.-]+)["']?\s*>([\s\S]*?)<\/parameter>/;
      return tagged(name, taggedAt(text, at, { parameter, close: /\s*<\/function>/ }), tools);
    },
  },
  // Anthropic's XML, and DeepSeek's DSML.
  {
    marker: () => /<(?:[|｜]DSML[|｜])?invoke\s+name=["']([^"']+)["']\s*>/g,
    read: (text, [, name = ''], at, tools) => {
      const tag = '(?:[|｜]DSML[|｜])?';
      const parameter = new RegExp(`\\s*<${tag}parameter\\s+name=["']([^"']+)["'][^>]*>([\\s\\S]*?)</${tag}parameter>`);
      return tagged(name, taggedAt(text, at, { parameter, close: new RegExp(`\\s*</${tag}invoke>`) }), tools);
    },
  },
  // Llama 3: <|python_tag|>{…} or <|python_tag|>name.call(key="value")
  {
    marker: () => /<\|python_tag\|>/g,
    read: (text, _, at) => {
      const list = jsonListAt(text, at);
      if (list.kind !== 'none') return asCalls(list);
      return isAtEnd(text, at) ? { kind: 'cut' } : one(pythonCallAt(text, at));
    },
  },
  // functions.name({…}), functions.name(key="value"), functions.name:0{…}
  {
    marker: () => /(?<![\w.=])functions\.([\w-]+)(?::\d+)?\s*(?=[({])/g,
    read: (text, [marker, name = ''], at, tools) => {
      if (toolNamed(name, tools) === undefined) return { kind: 'none' };
      return text[at] === '{' ? argumentsAt(text, at, name) : one(pythonCallAt(text, at - marker.length));
    },
  },
  // Cline and Roo: <name><key>value</key></name>
  {
    marker: (tools) => new RegExp(`<(${tools.map(({ name }) => name.replace(/[^\w]/g, '\\$&')).join('|')})>`, 'g'),
    read: (text, [, name = ''], at, tools) => {
      const close = new RegExp(`\\s*</${name}>`);
      const json = argumentsAt(text, at, name);
      if (json.kind !== 'none') return closedBy(close, text, json);
      return tagged(name, taggedAt(text, at, { parameter: /\s*<(\w+)>([\s\S]*?)<\/\1>/, close }), tools);
    },
  },
];

/** Markers that are looked at in one text; one that has more is no answer at all. */
const MOST_MARKERS = 100;

/** The calls that markers announce, in order. */
export function markedCalls(text: string, tools: readonly KnownTool[]): Found[] {
  const found: Found[] = [];
  let at = 0;
  for (let looked = 0; looked < MOST_MARKERS; looked += 1) {
    const next = nextMarker(text, at, tools);
    if (next === undefined) break;
    const { form, marker } = next;
    at = marker.index + marker[0].length;
    // In backticks it is spoken of.
    if (text[marker.index - 1] === '`') {
      at += matchAt(/[^`\n]*/, text, at)?.[0].length ?? 0;
      continue;
    }
    const part = form.read(text, marker, at, tools);
    const words = marker[0].trim();
    switch (part.kind) {
      case 'read':
        found.push({ kind: 'calls', form: words, calls: part.value });
        at = part.end;
        break;
      case 'cut':
        return [...found, { kind: 'broken', form: words, problem: 'It is not whole: the answer ends within it.' }];
      case 'malformed':
        found.push({ kind: 'broken', form: words, problem: 'Its arguments are no JSON, or its tags do not close.' });
        break;
      case 'none':
        break;
      default:
        part satisfies never;
    }
  }
  return found;
}

function nextMarker(
  text: string,
  from: number,
  tools: readonly KnownTool[],
): { form: Form; marker: RegExpExecArray } | undefined {
  let first: { form: Form; marker: RegExpExecArray } | undefined;
  for (const form of FORMS) {
    const pattern = form.marker(tools);
    pattern.lastIndex = from;
    const marker = pattern.exec(text);
    if (marker !== null && (first === undefined || marker.index < first.marker.index)) first = { form, marker };
  }
  return first;
}

/** Fences whose language says, or may say, that a call is in them. */
const CALL_FENCES = new Set(['', 'json', 'tool_call', 'tool_calls', 'tool_code', 'tool', 'function_call', 'xml']);

/** The calls in fences: JSON, or (where the fence is for calls) a call as Python writes it. */
export function fencedCalls(text: string, tools: readonly KnownTool[]): Found[] {
  const found: Found[] = [];
  for (const [, info = '', body = ''] of text.matchAll(
    /^[ \t]*```[ \t]*([\w-]*)[^\n]*\n([\s\S]*?)(?:^[ \t]*```|$(?![\s\S]))/gm,
  )) {
    if (!CALL_FENCES.has(info.toLowerCase())) continue;
    const part = fencedCall(body, info.toLowerCase(), tools);
    if (part.kind === 'read') found.push({ kind: 'calls', form: `\`\`\`${info}`, calls: part.value });
    if (part.kind === 'cut') found.push({ kind: 'broken', form: `\`\`\`${info}`, problem: 'It is not whole.' });
  }
  return found;
}

function fencedCall(body: string, info: string, tools: readonly KnownTool[]): Part<WrittenCall[]> {
  const list = jsonListAt(body, 0);
  if (list.kind === 'read') {
    const calls = asCalls(list);
    const isMeant = list.value.every(isNothingButCalls);
    return calls.kind === 'read' && (isMeant || isKnown(calls.value, tools)) ? calls : { kind: 'none' };
  }
  if (list.kind === 'cut') return toolNamed(begunCall(body) ?? '', tools) ? list : { kind: 'none' };
  if (!info.startsWith('tool')) return { kind: 'none' };
  const print = matchAt(/\s*print\(/, body, 0);
  const call = one(pythonCallAt(body, print?.[0].length ?? 0));
  return call.kind === 'read' && isKnown(call.value, tools) ? call : { kind: 'none' };
}

function isKnown(calls: readonly WrittenCall[], tools: readonly KnownTool[]): boolean {
  return calls.some(({ name }) => toolNamed(name, tools) !== undefined);
}

/** The name in the beginning of a call in JSON. */
export function begunCall(text: string): string | undefined {
  return /^\s*[[{\s]*"(?:name|tool|tool_name|action|function)"\s*:\s*"([^"]+)"/.exec(text)?.[1];
}

function readTag(
  text: string,
  [, bar, tag = '']: RegExpExecArray,
  at: number,
  tools: readonly KnownTool[],
): Part<WrittenCall[]> {
  const close = new RegExp(`\\s*(?:</\\|?${tag}\\|?>|<\\|/${tag}\\|>|<\\|${tag}_end\\|>)`, 'i');
  const list = jsonListAt(text, at);
  if (list.kind === 'read') {
    const calls = asCalls(list);
    // With bars the model's end of turn is the end of the call too.
    return calls.kind === 'read' && bar === '' ? closedBy(close, text, calls) : calls;
  }
  if (list.kind !== 'none') return list;
  if (isAtEnd(text, at)) return { kind: 'cut' };
  const named = matchAt(/\s*([\w.-]+)\s*(?=\{|<arg_key>)/, text, at);
  if (named === undefined) return { kind: 'none' };
  const [whole, name = ''] = named;
  if (text[at + whole.length] === '{') return closedBy(close, text, argumentsAt(text, at + whole.length, name));
  const parameter = /\s*<arg_key>([\s\S]*?)<\/arg_key>\s*<arg_value>([\s\S]*?)<\/arg_value>/;
  return tagged(name, taggedAt(text, at + whole.length, { parameter, close }), tools);
}

/** Arguments in JSON, as a call of that name. */
function argumentsAt(text: string, at: number, name: string): Part<WrittenCall[]> {
  const json = jsonAt(text, at);
  if (json.kind === 'read') return { ...json, value: [{ name, args: json.value }] };
  return json.kind === 'none' && isAtEnd(text, at) ? { kind: 'cut' } : json;
}

function tagged(name: string, part: Part<Record<string, string>>, tools: readonly KnownTool[]): Part<WrittenCall[]> {
  if (part.kind !== 'read') return part;
  return { ...part, value: [{ name, args: typedArguments(part.value, toolNamed(name, tools)) }] };
}

/** What has to be closed to be whole. */
function closedBy(close: RegExp, text: string, part: Part<WrittenCall[]>): Part<WrittenCall[]> {
  if (part.kind !== 'read') return part;
  const end = matchAt(close, text, part.end);
  if (end !== undefined) return { ...part, end: part.end + end[0].length };
  const rest = text.slice(skipBlanks(text, part.end));
  return rest === '' || /^<[^>]*$/.test(rest) ? { kind: 'cut' } : { kind: 'malformed' };
}

function asCalls(part: Part<object>): Part<WrittenCall[]> {
  if (part.kind !== 'read') return part;
  const values: unknown[] = Array.isArray(part.value) ? part.value : [part.value];
  const calls = values.map(callsOf);
  if (calls.length === 0 || calls.some((one) => one === undefined)) return { kind: 'none' };
  return { ...part, value: calls.flatMap((one) => one ?? []) };
}

function one(part: Part<WrittenCall>): Part<WrittenCall[]> {
  return part.kind === 'read' ? { ...part, value: [part.value] } : part;
}

function isAtEnd(text: string, at: number): boolean {
  return skipBlanks(text, at) === text.length;
}
