import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { ConfigurationError } from '../../src/node/configuration.ts';
import type { Question } from '../../src/shared/events.ts';
import { openTerminalUser, parseAnswers, type TerminalUserOptions } from '../../src/terminal/terminalUser.ts';

const lifetime: Question = { id: 'q1', text: 'How long shall a token live?', choices: ['15 minutes', '1 hour'] };
const name: Question = { id: 'q2', text: 'What is the cookie called?' };
const command = { id: 'a', kind: 'command' as const, what: 'Run `make check` in a copy of /p' };
const proposal = { id: 'proposal', kind: 'proposal' as const, what: 'Write the change to /p' };
const never = new AbortController().signal;

/** Somebody who types the next of `typed` whenever a prompt ends the output; null ends the input. */
function atTerminal(typed: readonly (string | null)[], options: Partial<TerminalUserOptions> = {}) {
  const input = new PassThrough();
  const output = new PassThrough();
  const memory = new Set<string>();
  const rest = [...typed];
  const seen = { text: '', shown: 0, hidden: 0 };
  output.on('data', (chunk: Buffer) => {
    seen.text += chunk.toString();
    if (!/(: |\) )$/.test(seen.text) || rest.length === 0) return;
    const next = rest.shift();
    setImmediate(() => (next === null ? input.end() : input.write(`${next}\n`)));
  });
  const user = openTerminalUser({
    input,
    output,
    interactive: true,
    yes: false,
    policy: 'ask',
    remembered: {
      has: async (what) => memory.has(what),
      add: async (what) => {
        memory.add(what);
      },
    },
    suspend: () => {
      seen.hidden += 1;
      return () => {
        seen.shown += 1;
      };
    },
    ...options,
  });
  return { user, seen, memory, rest };
}

describe('answers given in advance', () => {
  it('are read as a list or by question', () => {
    assert.deepEqual(parseAnswers('["1 hour", "sid"]'), { kind: 'inOrder', texts: ['1 hour', 'sid'] });
    assert.deepEqual(parseAnswers('{"q1": "1 hour"}'), { kind: 'byQuestion', texts: { q1: '1 hour' } });
  });

  it('are refused with the place and what was expected', () => {
    const refusal = (text: string): string => {
      try {
        parseAnswers(text, 'answers.json');
      } catch (error) {
        assert.ok(error instanceof ConfigurationError);
        return error.message;
      }
      return 'accepted';
    };
    assert.equal(refusal('["a",\n "b",]'), 'answers.json: line 2, column 6: this is not valid JSON');
    assert.equal(
      refusal('"a"'),
      'answers.json: expected a JSON array of strings, or an object from question to answer, got "a"',
    );
    assert.equal(refusal('["a", 5]'), 'answers.json: expected a string as answer 2, got 5');
    assert.equal(refusal('{"q1": null}'), 'answers.json: expected a string as the answer to "q1", got null');
  });
});

describe('questions at the terminal', () => {
  it('are asked one after the other, with numbered choices', async () => {
    const { user, seen } = atTerminal(['2', '', ' sid ']);
    assert.deepEqual(await user.ask([lifetime, name], never), [
      { id: 'q1', question: lifetime.text, answer: '1 hour' },
      { id: 'q2', question: name.text, answer: 'sid' },
    ]);
    assert.match(seen.text, /How long shall a token live\?\n {2}1\. 15 minutes\n {2}2\. 1 hour\n/);
    assert.match(seen.text, /An answer is needed/);
    assert.deepEqual([seen.hidden, seen.shown], [1, 1]);
  });

  it('take an answer in other words than the choices', async () => {
    const { user } = atTerminal(['as long as the old session']);
    const answers = await user.ask([lifetime], never);
    assert.ok(answers !== 'unanswered');
    assert.equal(answers[0]?.answer, 'as long as the old session');
  });

  it('are answered from the file first, in order over the whole run', async () => {
    const { user, seen } = atTerminal([], { interactive: false, answers: parseAnswers('["1", "sid"]') });
    assert.deepEqual(await user.ask([lifetime], never), [{ id: 'q1', question: lifetime.text, answer: '15 minutes' }]);
    assert.deepEqual(await user.ask([name], never), [{ id: 'q2', question: name.text, answer: 'sid' }]);
    assert.equal(await user.ask([{ id: 'q3', text: 'And the domain?' }], never), 'unanswered');
    assert.equal(seen.hidden, 0);
  });

  it('of a resumed run have their place among those that were asked before, answered or not', async () => {
    const { user } = atTerminal([], { interactive: false, answers: parseAnswers('["1", "sid", "here"]') });
    const at = { runId: 'r', at: '' };
    user.catchUp([
      { ...at, seq: 1, type: 'plan.question', questions: [lifetime] },
      { ...at, seq: 2, type: 'plan.answered', answers: [{ id: 'q1', question: lifetime.text, answer: '15 minutes' }] },
      { ...at, seq: 3, type: 'plan.question', questions: [name] },
      { ...at, seq: 4, type: 'plan.question', questions: [name] },
    ]);
    const domain = { id: 'q3', text: 'And the domain?' };
    assert.deepEqual(await user.ask([name], never), [{ id: 'q2', question: name.text, answer: 'sid' }]);
    assert.deepEqual(await user.ask([domain], never), [{ id: 'q3', question: domain.text, answer: 'here' }]);
  });

  it('are answered by id or text, and only what is missing is asked', async () => {
    const { user, seen } = atTerminal(['sid'], {
      answers: parseAnswers(JSON.stringify({ [lifetime.text]: '1 hour' })),
    });
    const answers = await user.ask([lifetime, name], never);
    assert.ok(answers !== 'unanswered');
    assert.deepEqual(
      answers.map(({ answer }) => answer),
      ['1 hour', 'sid'],
    );
    assert.doesNotMatch(seen.text, /How long/);
  });

  it('stay unanswered where nobody is there, or where the input ends', async () => {
    assert.equal(await atTerminal([], { interactive: false }).user.ask([name], never), 'unanswered');
    const { user, seen } = atTerminal([null]);
    assert.equal(await user.ask([name], never), 'unanswered');
    assert.deepEqual([seen.hidden, seen.shown], [1, 1]);
  });

  it('end with the reason of the signal when the run is stopped', async () => {
    const stop = new AbortController();
    const { user, seen } = atTerminal([]);
    const asked = user.ask([name], stop.signal);
    const waiting = user.approve(command, stop.signal);
    const reason = new Error('stopped by the user');
    setImmediate(() => stop.abort(reason));
    await assert.rejects(asked, reason);
    await assert.rejects(waiting, reason);
    assert.equal(seen.shown, seen.hidden);
  });

  it('are shown without what could steer the terminal', async () => {
    const { user, seen } = atTerminal(['x']);
    await user.ask([{ id: 'q', text: '\x1b[2Jclear?', choices: ['\x07a\nb'] }], never);
    // readline itself moves no cursor on a stream that is no terminal.
    assert.doesNotMatch(seen.text, /[^\n\P{Cc}]/u);
    assert.match(seen.text, /clear\?\n {2}1\. a b\n/);
  });
});

describe('approvals at the terminal', () => {
  it('show exactly what will happen, and are remembered by it', async () => {
    const { user, seen, rest } = atTerminal(['maybe', 'y', 'n']);
    assert.deepEqual(await user.approve(command, never), { approved: true, by: 'user' });
    assert.match(seen.text, /Run `make check` in a copy of \/p\nAllow this\?/);
    assert.deepEqual(await user.approve(command, never), { approved: true, by: 'remembered' });
    assert.deepEqual(await user.approve({ ...command, what: 'Run `make clean`' }, never), {
      approved: false,
      by: 'user',
    });
    assert.deepEqual(rest, []);
  });

  it('are asked one at a time, although two ask at once', async () => {
    const { user, seen } = atTerminal(['sid', 'y']);
    const [answers, approved] = await Promise.all([user.ask([name], never), user.approve(command, never)]);
    assert.ok(answers !== 'unanswered');
    assert.equal(answers[0]?.answer, 'sid');
    assert.deepEqual(approved, { approved: true, by: 'user' });
    assert.match(seen.text, /Your answer: [^(]*Allow this\? \(y\/n\) $/);
  });

  it('are refused by a policy that denies, whatever was said before or on the command line', async () => {
    const { user, memory } = atTerminal([], { policy: 'deny', yes: true });
    memory.add(command.what);
    assert.deepEqual(await user.approve(command, never), { approved: false, by: 'policy' });
  });

  it('are given by --yes, and not remembered', async () => {
    const { user, memory } = atTerminal([], { interactive: false, yes: true });
    assert.deepEqual(await user.approve(command, never), { approved: true, by: 'policy' });
    assert.equal(memory.size, 0);
  });

  it('stay unanswered where nobody is there', async () => {
    assert.equal(await atTerminal([], { interactive: false }).user.approve(command, never), 'unanswered');
  });

  it('of a proposal are asked for every time', async () => {
    const { user, memory } = atTerminal(['y', 'n']);
    assert.deepEqual(await user.approve(proposal, never), { approved: true, by: 'user' });
    assert.deepEqual(await user.approve(proposal, never), { approved: false, by: 'user' });
    assert.equal(memory.size, 0);
  });
});
