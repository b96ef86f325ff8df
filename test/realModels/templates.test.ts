import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { normalised } from '../../src/core/models/normalise.ts';
import { traitsOf } from '../../src/core/models/traits.ts';
import type { Message } from '../../src/core/ports.ts';
import { skip } from '../skip.ts';
import { cachedFolder, RegistryUnreachable } from '../support/cache.ts';
import { type ChatTemplate, fetchChatTemplates } from '../support/chatTemplates.ts';
import { makePython, pythonIn, whyNoPython } from '../support/python.ts';
import {
  difference,
  NEEDS_TOOLS,
  omission,
  onTheWire,
  type ProblemOf,
  type Prompt,
  refusal,
  TOOLS,
} from '../support/walkProblems.ts';
import { walk } from '../support/walks.ts';

const REQUIREMENTS = ['mistral-common==1.13.1', 'jinja2==3.1.6'];

/** What cannot be rendered as vLLM does it. */
const NOT_SO: Record<string, string> = {
  'meetkai-functionary-medium-v3.2': 'wants the arguments of calls as text, as llama.cpp gives them',
};

/** What renders prompts: a chat template in Jinja itself, or mistral-common with the format of one version of tokenizers. */
type Renderer = { name: string; template: string } | { name: string; mistral: string };

/** A prompt that is wanted, and in the end its text. */
interface Wanted {
  renderer: Renderer;
  messages: Message[];
  withTools: boolean;
}

describe('what servers make of the messages', function () {
  this.timeout(1_200_000);
  let python: string;
  let templates: ChatTemplate[];
  const walks = fc.sample(walk, { numRuns: 8, seed: 7 });

  before(async function () {
    const missing = await whyNoPython();
    if (missing !== undefined) skip(this, missing);
    try {
      templates = await fetchChatTemplates();
      const made = await cachedFolder('prompt-renderers-1', (dir) => makePython(dir, ...REQUIREMENTS));
      python = pythonIn(made);
    } catch (error) {
      if (error instanceof RegistryUnreachable) skip(this, error.message);
      throw error;
    }
  });

  /** What goes wrong on the walks. Goes through them twice: to see which prompts are wanted, and with the prompts. */
  async function problems(renderers: readonly Renderer[], problemOf: ProblemOf): Promise<string[]> {
    const wanted = new Map<string, Wanted>();
    const keyOf = ({ renderer, ...rest }: Wanted): string => JSON.stringify([renderer.name, rest]);
    const through = (promptOf: (one: Wanted) => string): string[] =>
      renderers.flatMap((renderer) =>
        [true, false]
          .filter((withTools) => withTools || !NEEDS_TOOLS.includes(renderer.name))
          .flatMap((withTools) => {
            const prompt: Prompt = (messages) =>
              promptOf({ renderer, messages: normalised(messages, traitsOf(renderer.name), 'off'), withTools });
            const problem = walks.map((requests) => problemOf(requests, prompt)).find((one) => one !== undefined);
            return problem === undefined ? [] : [`${renderer.name}: ${problem}`];
          }),
      );
    for (const renderer of renderers)
      for (const withTools of [true, false])
        for (const { messages } of walks.flat()) {
          const one = { renderer, messages: normalised(messages, traitsOf(renderer.name), 'off'), withTools };
          wanted.set(keyOf(one), one);
        }
    const texts = await rendered([...wanted.values()]);
    const found = new Map([...wanted.keys()].map((key, at) => [key, texts[at]]));
    return through((one) => {
      const answer = found.get(keyOf(one));
      if (answer?.text === undefined) throw new Error(answer?.error ?? 'was not rendered');
      return answer.text;
    });
  }

  async function rendered(wanted: readonly Wanted[]): Promise<{ text?: string; error?: string }[]> {
    const folder = mkdtempSync(join(tmpdir(), 'conclave-tekken-'));
    try {
      const requests = wanted.map(({ renderer, messages, withTools }) => ({
        template: 'template' in renderer ? renderer.template : null,
        mistral: 'mistral' in renderer ? renderer.mistral : null,
        messages: messages.map(onTheWire),
        tools: withTools ? TOOLS : null,
        opens: true,
      }));
      const { stdout } = await execa(python, ['test/realModels/renderPrompts.py'], {
        input: JSON.stringify({ tekken: folder, requests }),
        maxBuffer: 1_000_000_000,
      });
      return JSON.parse(stdout) as { text?: string; error?: string }[];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  it('all chat templates take every walk in Jinja itself, and leave nothing of it out', async () => {
    const renderers = templates
      .filter(({ name }) => NOT_SO[name] === undefined)
      .map(({ name, text }) => ({ name, template: text }));
    assert.deepEqual(await problems(renderers, (...given) => refusal(...given) ?? omission(...given)), []);
  });

  it('mistral-common takes every walk, as vLLM asks it for Mistral Nemo, Devstral Small and their successors', async () => {
    const renderers = [
      { name: 'mistralai/Mistral-Nemo-Instruct-2407', mistral: 'v3' },
      { name: 'mistralai/Mistral-Small-3.1-24B-Instruct-2503', mistral: 'v7' },
      { name: 'mistralai/Mistral-Small-3.2-24B-Instruct-2506', mistral: 'v11' },
      { name: 'mistralai/Devstral-Small-2507', mistral: 'v13' },
      { name: 'coder', mistral: 'v13' },
    ];
    assert.deepEqual(await problems(renderers, (...given) => refusal(...given) ?? omission(...given)), []);
    const differing = await problems(renderers.slice(3), difference);
    assert.deepEqual(differing, [], 'Devstral: every prompt begins with the one before');
  });
});
