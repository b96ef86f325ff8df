import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EventBody, EventOf } from '../../src/shared/events.ts';
import { decisionOf } from '../../src/webview/hunks.ts';
import { formOf } from '../../src/webview/transcript/answerForm.ts';
import { LONGEST_TEXT } from '../../src/webview/transcript/clip.ts';
import type { Entry, EntryOf, Step, Stretch, Transcript } from '../../src/webview/transcript/entries.ts';
import { emptyTranscript, foldBatch } from '../../src/webview/transcript/fold.ts';
import {
  checks,
  eventsOf,
  finding,
  planOf,
  probed,
  proposed,
  reviewed,
  started,
  subtask,
  verdict,
  wholeRun,
} from './runEvents.ts';

const plan = planOf(subtask('task_1'), subtask('task_2', ['task_1']));
const planned: EventBody[] = [started, { type: 'plan.started' }, { type: 'plan.proposed', plan, notes: [] }];
const lane = 'coder:task_1';

function transcriptOf(...bodies: EventBody[]): Transcript {
  return foldBatch(emptyTranscript, eventsOf(bodies));
}

function text(delta: string, more: Partial<EventOf<'agent.delta'>> = {}): EventBody {
  return { type: 'agent.delta', role: 'coder', lane, channel: 'text', delta, ...more };
}

function turn(said: string, more: Partial<EventOf<'turn.finished'>> = {}): EventBody {
  return {
    type: 'turn.finished',
    role: 'coder',
    lane,
    turn: 1,
    model: 'm',
    text: said,
    stopReason: 'stop',
    usage: { promptTokens: 10, completionTokens: 5 },
    firstTokenMs: 1,
    ms: 2,
    request: 'r',
    ...more,
  };
}

function called(call: string, path: string): EventBody {
  return { type: 'tool.called', lane, role: 'coder', call, tool: 'read_file', args: { path } };
}

function edit(file: string, name: string): EventBody[] {
  return [
    { type: 'code.chunk', lane, subtask: 'task_1', file, language: 'javascript', chunk: 'let a;', explanation: 'Why.' },
    { type: 'edit.applied', lane, subtask: 'task_1', edit: name, path: file, action: 'modify', added: 1, removed: 2 },
  ];
}

const kinds = ({ entries }: Transcript): string[] => entries.map(({ kind }) => kind);
const stretches = ({ entries }: Transcript): Stretch[] =>
  entries.filter((entry): entry is Stretch => entry.kind === 'stretch');
const steps = (transcript: Transcript): readonly Step[] => stretches(transcript).at(-1)?.steps ?? [];

function only<K extends Entry['kind']>({ entries }: Transcript, kind: K): EntryOf<K> {
  const found = entries.filter((entry): entry is EntryOf<K> => entry.kind === kind);
  assert.equal(found.length, 1, `there are ${found.length} entries of the kind ${kind}`);
  return found[0] as EntryOf<K>;
}

describe('the transcript', () => {
  it('is the same in whatever batches the events come, and whichever come twice', () => {
    const events = eventsOf([...wholeRun]);
    const whole = foldBatch(emptyTranscript, events);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        let transcript = emptyTranscript;
        for (let from = 0, at = 0; from < events.length; at++) {
          const size = sizes[at % sizes.length] ?? 1;
          // The last event of each batch comes again with the next.
          transcript = foldBatch(transcript, events.slice(Math.max(0, from - 1), from + size));
          from += size;
        }
        assert.deepEqual(transcript, whole);
      }),
    );
  });

  it('keeps what did not change as it is, so that it is not drawn again', () => {
    const events = eventsOf([...planned, text('Now '), text('this')]);
    const before = foldBatch(emptyTranscript, events.slice(0, -1));
    const after = foldBatch(before, events.slice(-1));
    assert.deepEqual(
      after.entries.map((entry, at) => entry === before.entries[at]),
      [true, true, false],
    );
    assert.equal(foldBatch(after, events), after, 'known events change nothing');
  });

  it('shows JSON for the machine as what comes of it, and never as text', () => {
    const json = '{"action":"read_file","args":{"path":"a.js"}}';
    const streaming = transcriptOf(...planned, text(json.slice(0, 20)));
    assert.deepEqual(
      steps(streaming).map((step) => step.kind === 'writing' && step.form),
      ['answer'],
    );
    const done = transcriptOf(...planned, text(json), turn(json), called('c1', 'a.js'));
    assert.deepEqual(
      steps(done).map(({ kind }) => kind),
      ['tool'],
    );
    const planning = transcriptOf(started, { type: 'plan.started' }, { type: 'plan.delta', delta: '{"task_un' });
    assert.deepEqual(
      steps(planning).map((step) => step.kind === 'writing' && step.form),
      ['answer'],
    );
    assert.deepEqual(
      kinds(transcriptOf(...planned)),
      ['user', 'plan'],
      'a stretch that left nothing but the plan goes',
    );
  });

  it('turns the text of edits into code as the edits come, and keeps prose', () => {
    const block = 'Why.\nsrc/a.js\n<<<<<<< SEARCH\nvar a;\n=======\nlet a;\n>>>>>>> REPLACE\n';
    const writing = transcriptOf(...planned, text(block.slice(0, 30)));
    assert.deepEqual(
      steps(writing).map((step) => step.kind === 'writing' && step.form),
      ['edits'],
    );
    const applied = transcriptOf(...planned, text(block), ...edit('src/a.js', 'e1'), turn(block));
    const [code, ...others] = steps(applied);
    assert.deepEqual(others, []);
    assert.ok(code?.kind === 'code');
    assert.deepEqual(code.edit, { id: 'e1', action: 'modify', added: 1, removed: 2 });
    const prose = transcriptOf(...planned, text('I need nothing'), turn('I need nothing more.'));
    assert.deepEqual(
      steps(prose).map((step) => step.kind === 'text' && step.text.text),
      ['I need nothing more.'],
    );
  });

  it('shows coalesced deltas that come after what they led to like those that came before', () => {
    const whole = 'src/a.js\n<<<<<<< SEARCH\n=======\nlet a;\n>>>>>>> REPLACE\n';
    const late = transcriptOf(...planned, ...edit('src/a.js', 'e1'), text(whole), turn(whole));
    assert.deepEqual(
      steps(late).map(({ kind }) => kind),
      ['code'],
    );
  });

  it('ends a stretch with what comes of it, and begins another with the next round', () => {
    const transcript = transcriptOf(
      ...planned,
      { type: 'attempt.started', subtask: 'task_1', round: 1, rounds: 3 },
      ...edit('src/a.js', 'e1'),
      { type: 'checks.started', scope: 'attempt', subtask: 'task_1', round: 1, runner: 'npm', argv: ['npm', 'test'] },
      { type: 'checks.output', scope: 'attempt', subtask: 'task_1', delta: 'not ok 1' },
      { type: 'checks.finished', scope: 'attempt', subtask: 'task_1', round: 1, report: checks(3, [{ name: 'adds' }]) },
      reviewed('task_1', 1, verdict([finding('wrong', { path: 'src/a.js', line: 3 })])),
      { type: 'attempt.started', subtask: 'task_1', round: 2, rounds: 3 },
      ...edit('src/a.js', 'e2'),
    );
    assert.deepEqual(kinds(transcript), ['user', 'plan', 'stretch', 'checks', 'review', 'stretch']);
    assert.deepEqual(
      stretches(transcript).map(({ state, round }) => [state, round?.round]),
      [
        ['done', 1],
        ['active', 2],
      ],
    );
    assert.equal(only(transcript, 'checks').report?.failed[0]?.name, 'adds');
    assert.equal(only(transcript, 'checks').output.text, '', 'the report has the output');
  });

  it('keeps two agents apart that stream at the same time', () => {
    const other = { lane: 'coder:task_2' };
    const transcript = transcriptOf(...planned, text('one '), text('two ', other), text('more'), text('of it', other));
    const said = stretches(transcript).map((stretch) =>
      stretch.steps.map((step) => step.kind === 'writing' && step.text.text),
    );
    assert.deepEqual(said, [['one more'], ['two of it']]);
  });

  it('has the plan and the proposal as they are now', () => {
    const files = [proposed('a.js', { diff: '@@ -1 +1 @@\n-a\n+b\n@@ -9 +9 @@\n-c\n+d\n' })];
    const transcript = transcriptOf(
      ...planned,
      { type: 'subtask.started', subtask: 'task_1', start: 1, includes: [], answers: 0 },
      { type: 'proposal.ready', files },
      { type: 'proposal.decided', path: 'a.js', hunks: [0], decision: 'accepted' },
    );
    assert.equal(only(transcript, 'plan').subtasks[0]?.phase, 'coding');
    const { proposal } = only(transcript, 'proposal');
    assert.deepEqual(decisionOf(files[0] ?? assert.fail(), proposal), {
      hunks: 2,
      accepted: 1,
      rejected: 0,
      state: 'open',
    });
    const all = transcriptOf(
      ...planned,
      { type: 'proposal.ready', files },
      { type: 'proposal.decided', path: 'a.js', hunks: [0], decision: 'accepted' },
      { type: 'proposal.decided', path: 'a.js', hunks: [1], decision: 'rejected' },
    );
    assert.equal(decisionOf(files[0] ?? assert.fail(), only(all, 'proposal').proposal).state, 'mixed');
  });

  it('has one end, however often the user decides about the proposal', () => {
    const finished = (message: string): EventBody => ({
      type: 'run.finished',
      outcome: 'approved',
      ending: { code: 'approved', message },
    });
    const transcript = transcriptOf(
      ...planned,
      { type: 'proposal.ready', files: [proposed('a.js'), proposed('b.js')] },
      finished('Approved.'),
      { type: 'run.resumed', epoch: 2 },
      { type: 'proposal.decided', path: 'a.js', hunks: [0], decision: 'accepted' },
      finished('Accepted 1 of 2 hunks.'),
      { type: 'run.resumed', epoch: 3 },
      { type: 'proposal.decided', path: 'b.js', hunks: [0], decision: 'accepted' },
      { type: 'proposal.accepted', paths: ['a.js', 'b.js'], by: 'user' },
      finished('Accepted.'),
    );
    assert.deepEqual(kinds(transcript), ['user', 'plan', 'proposal', 'ending']);
    assert.deepEqual(
      [only(transcript, 'ending').ending.message, only(transcript, 'ending').over],
      ['Accepted.', false],
    );
  });

  it('keeps a question open until it is answered', () => {
    const questions = [{ id: 'q1', text: 'Which database?', choices: ['SQLite'] }];
    const asked = transcriptOf(started, { type: 'plan.question', questions });
    assert.equal(only(asked, 'question').answers, undefined);
    const answers = [{ id: 'q1', question: 'Which database?', answer: 'SQLite' }];
    const answered = transcriptOf(started, { type: 'plan.question', questions }, { type: 'plan.answered', answers });
    assert.deepEqual(only(answered, 'question').answers, answers);
  });

  it('goes on after a stop: what was at work has ended, and the ending is over', () => {
    const ending = { code: 'server_unavailable', message: 'No answer.', remedy: 'Start it.' } as const;
    const stopped = transcriptOf(...planned, text('half'), { type: 'run.paused', ending });
    assert.deepEqual(kinds(stopped), ['user', 'plan', 'ending'], 'half a sentence is no result');
    assert.equal(only(stopped, 'ending').over, false);
    const resumed = transcriptOf(
      ...planned,
      text('half'),
      { type: 'run.paused', ending },
      { type: 'run.resumed', epoch: 2 },
    );
    assert.equal(only(resumed, 'ending').over, true);
    assert.equal(resumed.activeMs, 4000, 'the pause is not counted');
  });

  it('says on one line that a server goes on being busy', () => {
    const busy: EventBody = { type: 'server.busy', role: 'coder', url: 'http://127.0.0.1:8002/v1', message: 'queue' };
    assert.deepEqual(kinds(transcriptOf(probed('planner'), probed('coder'))), ['note', 'note']);
    assert.deepEqual(kinds(transcriptOf(...planned, busy, busy, busy)), ['user', 'plan', 'note']);
  });

  it('notes that a change does not parse', () => {
    const syntax: EventBody = {
      type: 'syntax.checked',
      lane,
      subtask: 'task_1',
      outcome: 'sent_back',
      problems: [{ path: 'a.js', line: 2, column: 4, message: '`)` is missing here', text: 'f(1;' }],
      unchecked: [{ path: 'b.py', language: 'python', for: 'language', reason: 'its grammar did not load: gone' }],
    };
    const transcript = transcriptOf(...planned, syntax);
    assert.deepEqual(kinds(transcript), ['user', 'plan', 'note']);
    assert.equal(only(transcript, 'note').event.type, 'syntax.checked');
  });

  it('stays small: texts, steps and entries are bounded, and what is left out is counted', () => {
    const long = transcriptOf(...planned, text('x'.repeat(LONGEST_TEXT * 2), { channel: 'reasoning' }));
    const [thought] = steps(long);
    assert.ok(thought?.kind === 'thinking');
    assert.deepEqual([thought.text.text.length, thought.text.dropped], [LONGEST_TEXT, LONGEST_TEXT]);
    const many = transcriptOf(...planned, ...Array.from({ length: 900 }, (_, at) => called(`c${at}`, 'a.js')));
    assert.deepEqual([steps(many).length, stretches(many)[0]?.dropped], [200, 700]);
    const flags = Array.from(
      { length: 4000 },
      (): EventBody => ({ type: 'redflag.raised', lane, role: 'coder', flag: 'empty', message: 'm' }),
    );
    const noisy = transcriptOf(...planned, ...flags);
    assert.deepEqual([noisy.entries.length, noisy.dropped, noisy.entries[0]?.kind], [3000, 1002, 'user']);
  });
});

describe('what a model writes', () => {
  const cases: [string, ReturnType<typeof formOf>][] = [
    ['{"action":', 'answer'],
    ['```json\n{', 'answer'],
    ['[TOOL_CALLS][{', 'answer'],
    ['<tool_call>', 'answer'],
    ['The change is small.', 'prose'],
    ['[link](a.md) is here', 'prose'],
    ['src/a.js\n<<<<<<< SEARCH\n', 'edits'],
  ];
  for (const [said, form] of cases) {
    it(`is ${form}: ${JSON.stringify(said)}`, () => assert.equal(formOf(said), form));
  }
});
