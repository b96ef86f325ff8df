import assert from 'node:assert/strict';
import { exportedRun } from '../../src/core/export/exportRun.ts';
import type { EventBody, RunEvent } from '../../src/shared/events.ts';
import { eventsOf, started } from './runEvents.ts';

const key = ['sk-', 'proj-q8Zt3Kx0Lm7Vb2Nf9Yc4Rh6Jd1Ws5Pg8Ta3Eu0I'].join('');

function said(delta: string, lane = 'coder:task_1'): EventBody {
  return { type: 'agent.delta', role: 'coder', lane, channel: 'text', delta };
}

function lines(events: readonly RunEvent[], home = '/home/ann'): RunEvent[] {
  const text = exportedRun(events, 'json', home);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('a run that is exported', () => {
  it('has no secret in it, not even one that came in pieces', () => {
    const events = eventsOf([
      { ...started, task: `Use ${key}` } as EventBody,
      said(`It is ${key.slice(0, 15)}`),
      said('something else', 'coder:task_2'),
      said(key.slice(15)),
      { type: 'answer.finished', text: `API_KEY=${key}` },
      {
        type: 'tool.called',
        lane: 'a',
        role: 'coder',
        call: '1',
        tool: 'x',
        args: { deep: [{ password: `a ${key}` }] },
      },
    ]);
    for (const format of ['json', 'markdown'] as const) {
      const text = exportedRun(events, format, '/home/ann');
      assert.ok(!text.includes(key.slice(0, 15)) && !text.includes(key.slice(15)), text);
      assert.match(text, /‹secret: OpenAI key›/);
    }
    const exported = lines(events);
    const deltas = exported.flatMap((event) => (event.type === 'agent.delta' ? [[event.seq, event.delta]] : []));
    assert.deepEqual(deltas, [
      [3, 'something else'],
      [4, 'It is ‹secret: OpenAI key›'],
    ]);
    assert.deepEqual(
      exported.map(({ seq }) => seq),
      [1, 3, 4, 5, 6],
      'in their order',
    );
  });

  it('does not say whose folder it was in', () => {
    const task = 'See /home/ann/notes.md, not /home/anna/x nor /srv/home/ann/y; cd /home/ann';
    const [event] = lines(eventsOf([{ ...started, workspace: '/home/ann/work', task } as EventBody]));
    assert.ok(event?.type === 'run.started');
    assert.equal(event.workspace, '~/work');
    assert.equal(event.task, 'See ~/notes.md, not /home/anna/x nor /srv/home/ann/y; cd ~');
  });

  it('is told to people with the paths of any system', () => {
    const events = eventsOf([{ ...started, workspace: 'C:\\Users\\Ann\\work' } as EventBody]);
    assert.match(exportedRun(events, 'markdown', 'C:\\Users\\Ann\\'), /in `~\\work`/);
  });
});
