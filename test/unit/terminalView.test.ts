import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import type { RunEvent } from '../../src/shared/events.ts';
import { openTerminalView } from '../../src/terminal/liveTerminal.ts';
import { eventsOf, wholeRun } from './runEvents.ts';

/** A stream that keeps what was written, and pretends to be a terminal of the given size. */
function screen(size: { columns?: number; rows?: number } = {}) {
  const stream = Object.assign(new PassThrough(), size);
  let written = '';
  stream.on('data', (chunk: Buffer) => {
    written += chunk.toString();
  });
  const drawn = () => stripVTControlCharacters(written);
  return { stream, drawn, raw: () => written };
}

const planned = wholeRun.findIndex(({ type }) => type === 'attempt.started') + 1;

describe('the view of a run', () => {
  it('writes plain lines as they are where there is no terminal', () => {
    const { stream, raw } = screen();
    const view = openTerminalView({ stream, colour: false, live: false });
    for (const event of eventsOf(wholeRun)) view.onEvent(event);
    view.close();
    const lines = raw().split('\n');
    assert.equal(lines[0], 'crew      run run-1: Use tokens instead of sessions');
    assert.equal(lines.at(-2), 'crew      Approved: a change of 2 files.');
    assert.doesNotMatch(raw(), /[^\n\P{Cc}]/u);
  });

  it('colours them where asked to', () => {
    const { stream, raw, drawn } = screen();
    const view = openTerminalView({ stream, colour: true, live: false });
    for (const event of eventsOf(wholeRun)) view.onEvent(event);
    assert.notEqual(raw(), drawn());
    assert.match(drawn(), /^crew {6}run run-1/);
  });

  it('draws who is at work below the lasting lines, and takes it away at the end', () => {
    const { stream, raw, drawn } = screen({ columns: 60, rows: 20 });
    const view = openTerminalView({ stream, colour: false, live: true });
    for (const event of eventsOf(wholeRun.slice(0, planned))) view.onEvent(event);
    assert.match(drawn(), /○ task_2 +Do task_2 +after task_1/);
    const before = raw().length;
    view.close();
    assert.ok(raw().slice(before).includes('\x1b[2K'), 'the region is erased');
    assert.doesNotMatch(stripVTControlCharacters(raw().slice(before)), /task_2/);
  });

  it('draws deltas a moment later, many of them at once', async () => {
    const { stream, drawn } = screen({ columns: 60, rows: 20 });
    const view = openTerminalView({ stream, colour: false, live: true });
    for (const event of eventsOf(wholeRun.slice(0, planned))) view.onEvent(event);
    const delta = (text: string): RunEvent => ({
      type: 'agent.delta',
      role: 'coder',
      lane: 'coder:task_1',
      channel: 'text',
      delta: text,
      runId: 'run-1',
      seq: 99,
      at: new Date().toISOString(),
    });
    for (let word = 1; word <= 50; word += 1) view.onEvent(delta(`word${word} `));
    assert.doesNotMatch(drawn(), /word50/);
    while (!drawn().includes('word50')) await sleep(10);
    assert.doesNotMatch(drawn(), /word1 word2\n/, 'nothing in between was drawn');
    view.close();
  });

  it('holds everything back while a question is open', () => {
    const { stream, drawn } = screen({ columns: 60, rows: 20 });
    const view = openTerminalView({ stream, colour: false, live: true });
    const events = eventsOf(wholeRun);
    for (const event of events.slice(0, planned)) view.onEvent(event);
    const first = view.suspend();
    const second = view.suspend();
    const before = drawn();
    for (const event of events.slice(planned)) view.onEvent(event);
    first();
    first();
    assert.equal(drawn(), before, 'the second question is still open');
    second();
    assert.match(drawn().slice(before.length), /created src\/jwt\.js/);
    view.close();
  });

  it('takes in what came before a resume without showing it', () => {
    const { stream, drawn } = screen();
    const view = openTerminalView({ stream, colour: false, live: false });
    const events = eventsOf(wholeRun);
    view.catchUp(events.slice(0, planned));
    assert.equal(drawn(), '');
    for (const event of events.slice(planned)) view.onEvent(event);
    assert.match(drawn(), /^coder {5}task_1 round 1\/3: created src\/jwt\.js/);
  });

  it('is drawn anew when the terminal becomes narrower', () => {
    const { stream, raw } = screen({ columns: 100, rows: 20 });
    const view = openTerminalView({ stream, colour: false, live: true });
    for (const event of eventsOf(wholeRun.slice(0, planned))) view.onEvent(event);
    const before = raw().length;
    stream.columns = 40;
    stream.emit('resize');
    const after = raw().slice(before);
    // Two subtasks were drawn as wide as the terminal; each takes three rows now.
    assert.ok(after.startsWith('\x1b[6A\r\x1b[J'), JSON.stringify(after.slice(0, 20)));
    for (const line of stripVTControlCharacters(after).replaceAll('\r', '').split('\n'))
      assert.ok(line.length < 40, line);
    view.close();
  });
});
