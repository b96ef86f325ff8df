import type { Probe, Seen } from '../../shared/probe.ts';
import { SMALLEST_WINDOW } from '../settings.ts';

/** One column of the table in which probes are shown. */
export interface Aspect {
  /** Title of the column, the same for every probe. */
  title: string;
  /** `unknown`: it could not be seen, which hinders nothing. */
  state: 'good' | 'limited' | 'missing' | 'unknown';
  /** A word or a number. */
  text: string;
  /** What is the matter and what to do about it; only where something can be done. */
  remedy?: string;
}

/** A probe as a row of the table: what was seen, whether that is good enough, and what to do where it is not. */
export function assess(probe: Probe): Aspect[] {
  return [
    window(probe),
    schema(probe),
    nativeTools(probe),
    { title: 'Required', ...word(probe.tools.required, 'works', 'ignored') },
    { title: 'Args', ...callArguments(probe.tools.heldToSchema) },
    reasoning(probe),
    cached(probe),
    cancel(probe),
    speed(probe),
    { title: 'Sees', ...media(probe.vision) },
    { title: 'Hears', ...media(probe.audio) },
  ];
}

type Said = Omit<Aspect, 'title'>;

function window({ window: tokens, windowFrom, product }: Probe): Aspect {
  const text = `${tokens.toLocaleString('en-US')}${windowFrom === 'assumed' ? '?' : ''}`;
  const larger: Partial<Record<string, string>> = {
    vLLM: `--max-model-len ${SMALLEST_WINDOW}`,
    'llama.cpp': `-c ${SMALLEST_WINDOW} for each of its slots (-np)`,
    Ollama: `OLLAMA_CONTEXT_LENGTH=${SMALLEST_WINDOW}`,
  };
  if (tokens < SMALLEST_WINDOW) {
    const how = larger[product ?? ''] ?? 'a larger context';
    return {
      title: 'Window',
      state: 'missing',
      text,
      remedy: `Window: the smallest that works is ${SMALLEST_WINDOW.toLocaleString('en-US')} tokens; start it with ${how} or more.`,
    };
  }
  if (windowFrom !== 'assumed') return { title: 'Window', state: 'good', text };
  return {
    title: 'Window',
    state: 'limited',
    text,
    remedy: 'Window: it does not tell it, so the smallest that works is assumed; make sure that it has as much.',
  };
}

function schema({ schema: seen, product }: Probe): Aspect {
  const texts: Record<Probe['schema'], string> = {
    held: 'held',
    ignored: 'ignored',
    refused: 'refused',
    runsAway: 'runs away',
    untried: '–',
  };
  const said = { title: 'Schema', text: texts[seen] };
  switch (seen) {
    case 'held':
      return { ...said, state: 'good' };
    case 'untried':
      return { ...said, state: 'unknown' };
    case 'runsAway':
      return {
        ...said,
        state: 'limited',
        remedy:
          product === 'vLLM'
            ? `Schema: answers run away in white space; start it with --structured-outputs-config '{"backend":"xgrammar","disable_any_whitespace":true}'.`
            : 'Schema: answers run away in white space; they are cut short and asked for again. A larger model seldom does it.',
      };
    case 'ignored':
    case 'refused':
      return {
        ...said,
        state: 'limited',
        remedy: `Schema: answers are not held to a JSON schema, so they are read from free text, which costs repairs; vLLM and llama.cpp's server hold them.`,
      };
    default:
      return seen satisfies never;
  }
}

function nativeTools({ tools: { streamed, whole }, product }: Probe): Aspect {
  const title = 'Tools';
  if (streamed === 'works') return { title, state: 'good', text: 'streamed' };
  if (whole === 'works') {
    const remedy = 'Tools: calls are broken where they are streamed, so they are asked for in one piece.';
    return { title, state: 'limited', text: 'whole', remedy };
  }
  if (streamed === 'untried' || whole === 'untried') return { title, state: 'unknown', text: '–' };
  if (streamed !== 'refused') {
    const parser = product === 'vLLM' ? ', with the --tool-call-parser that is made for it,' : '';
    const remedy = `Tools: no native call was seen of this model; the Coder works without. A model that was trained for tools${parser} makes them.`;
    return { title, state: 'limited', text: 'broken', remedy };
  }
  const flags: Partial<Record<string, string>> = {
    vLLM: ' Start it with --enable-auto-tool-choice --tool-call-parser and the parser of its model to have them.',
    'llama.cpp': ' Start it with --jinja and a chat template that knows tools to have them.',
  };
  const remedy = `Tools: native calls are refused; the Coder works without.${flags[product ?? ''] ?? ''}`;
  return { title, state: 'limited', text: 'refused', remedy };
}

function reasoning({ reasoning: seen, product }: Probe): Aspect {
  if (seen !== 'inline') return { title: 'Thoughts', state: 'good', text: seen === 'none' ? 'none' : 'separate' };
  const how = product === 'vLLM' ? ' with --reasoning-parser and the parser of its model' : '';
  return {
    title: 'Thoughts',
    state: 'limited',
    text: 'inline',
    remedy: `Thoughts: they come within the answer; have the server set them apart${how}.`,
  };
}

function cached({ cachedTokens, product }: Probe): Aspect {
  const title = 'Cached';
  if (cachedTokens === 'reported') return { title, state: 'good', text: 'told' };
  if (cachedTokens === 'untried') return { title, state: 'unknown', text: '–' };
  return {
    title,
    state: 'limited',
    text: 'silent',
    ...(product === 'vLLM'
      ? {
          remedy:
            'Cached: how much of a prompt came from its cache is not told; start it with --enable-prompt-tokens-details.',
        }
      : {}),
  };
}

function cancel({ cancel: seen }: Probe): Aspect {
  const title = 'Cancel';
  if (seen === 'stops') return { title, state: 'good', text: 'stops' };
  if (seen === 'untold') return { title, state: 'unknown', text: 'untold' };
  const remedy =
    'Cancel: it goes on with answers that nobody waits for, so a stopped run keeps it busy; a proxy in between may hide that we hung up.';
  return { title, state: 'limited', text: 'goes on', remedy };
}

function speed({ prefill, decode }: Probe): Aspect {
  const rate = (tokens: number | undefined): string => (tokens === undefined ? '–' : String(Math.round(tokens)));
  const known = prefill !== undefined || decode !== undefined;
  const text = known ? `${rate(prefill)}/${rate(decode)}` : '–';
  return { title: 'Tok/s', state: known ? 'good' : 'unknown', text };
}

function word(seen: Seen, works: string, broken: string): Said {
  switch (seen) {
    case 'works':
      return { state: 'good', text: works };
    case 'broken':
      return { state: 'limited', text: broken };
    case 'refused':
      return { state: 'limited', text: 'refused' };
    case 'untried':
      return { state: 'unknown', text: '–' };
    default:
      return seen satisfies never;
  }
}

/** Conclave asks for strict arguments, so that free ones hinder nothing. */
function callArguments(seen: Seen): Said {
  if (seen === 'works') return { state: 'good', text: 'held' };
  return seen === 'broken' ? { state: 'limited', text: 'free' } : { state: 'unknown', text: '–' };
}

/** A role that gets text needs no eyes and no ears. */
function media(seen: Seen): Said {
  return seen === 'works'
    ? { state: 'good', text: 'yes' }
    : { state: 'unknown', text: seen === 'untried' ? '–' : 'no' };
}
