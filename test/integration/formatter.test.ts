import assert from 'node:assert/strict';
import type { WorkspaceWriter } from '../../src/core/ports.ts';
import { type CrewHere, openCrewHere } from '../support/crewHere.ts';
import { greetByName, onGreet } from '../support/greeter.ts';
import { GREETER, type Project } from '../support/project.ts';
import { chats, ofType } from '../support/scenario.ts';
import { crewScripts, edit, plan } from '../support/scripts.ts';

/** Saves as an editor does that formats on save: with double quotes. */
function formatting(writer: WorkspaceWriter, project: () => Project): WorkspaceWriter {
  return {
    async write(writes) {
      const result = await writer.write(writes);
      if (result.kind === 'conflict') return result;
      const files = result.files.map(({ path, text }) => ({ path, text: text?.replaceAll("'", '"') ?? null }));
      for (const { path, text } of files) if (text !== null) project().write(path, text);
      return { kind: 'written', files };
    },
  };
}

describe('what a formatter makes of an accepted change', () => {
  let crew: CrewHere | undefined;
  afterEach(async () => await crew?.close());

  it('is told to the Coder in its next turns, until what it writes is left as it is', async () => {
    const heading = '# What the formatter changed';
    const again = edit('src/greet.js', '  return name ? "Hello, " + name + "!" : "Hello!";', '  return "Hello!";');
    const last = edit('src/greet.js', '  return "Hello!";', '  return ["Hello!"][0];');
    const here = await openCrewHere({
      files: GREETER,
      acceptance: 'apply',
      script: crewScripts({
        plan: plan([{ id: 'task_1', ...onGreet }]),
        edits: {},
        coder: [
          { when: { schema: false, all: heading }, reply: { text: again } },
          { when: { schema: false, all: '  return "Hello!";' }, reply: { text: last } },
          { when: { schema: false }, reply: { text: greetByName } },
        ],
      }),
      over: (_fleet, own) => ({ writer: formatting(own.writer, () => here.project) }),
    });
    crew = here;
    const coderIsTold = (): string[] =>
      chats(here.fleet, 'coder').flatMap(({ messages }) => messages.map(({ content }) => String(content)));
    const knownIn = async (runId: string) =>
      ofType(await here.persisted(runId), 'rules.found').map(({ formatted }) => formatted?.map(({ path }) => path));

    const first = await here.run('Greet by name');
    assert.equal(first.ending.code, 'approved', first.ending.message);
    assert.match(here.project.read('src/greet.js'), /"Hello, " \+ name/);
    assert.ok(!coderIsTold().some((text) => text.includes(heading)));
    assert.deepEqual(await knownIn(first.runId), [undefined]);

    const second = await here.run('Greet all the same');
    assert.equal(second.ending.code, 'approved', second.ending.message);
    assert.deepEqual(await knownIn(second.runId), [['src/greet.js']]);
    const told = coderIsTold().find((text) => text.includes(heading)) ?? '';
    assert.match(
      told,
      /when it was saved: write as it does\n[\s\S]*- {2}return name \? 'Hello, '.*\n\+ {2}return name \? "Hello, "/,
    );
    assert.match(here.project.read('src/greet.js'), /return "Hello!";/);

    const third = await here.run('Greet otherwise');
    assert.equal(third.ending.code, 'approved', third.ending.message);
    assert.deepEqual(await knownIn(third.runId), [undefined]);
  });
});
