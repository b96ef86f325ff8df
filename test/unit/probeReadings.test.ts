import assert from 'node:assert/strict';
import {
  type Answered,
  decodeRate,
  prefillRate,
  type Reply,
  readAudio,
  readCachedTokens,
  readReasoning,
  readRequiredCall,
  readSchemaAnswer,
  readToolCall,
  readVision,
} from '../../src/core/models/probeReadings.ts';

/** What real servers answered to requests like those of the probe. */
const answer = (more: Partial<Answered>): Answered => ({
  kind: 'answer',
  text: '',
  reasoning: '',
  calls: [],
  stopReason: 'stop',
  firstTokenMs: 100,
  ms: 1100,
  ...more,
});
const paint = (args: string): Answered =>
  answer({ calls: [{ name: 'paint', arguments: args }], stopReason: 'tool_calls' });
const REFUSED: Reply = { kind: 'refused', why: 'HTTP 400' };
const NONE: Reply = { kind: 'none', why: 'no answer within 30 s' };
const CUT = { stopReason: 'length' as const };

describe('what a probe reads from', () => {
  it('a tool call: a call of that tool with arguments that are an object of those', () => {
    const cases: [Reply, ReturnType<typeof readToolCall>][] = [
      [paint('{"colour": "violet", "size": 7}'), 'works'],
      [paint('{"colour": "blue", "size": "large"}'), 'works'],
      [paint('{}'), 'broken'],
      [paint('"violet"'), 'broken'],
      [paint('["violet", 7]'), 'broken'],
      [paint('I will paint'), 'broken'],
      [answer({ calls: [{ name: 'draw', arguments: '{"colour": "violet", "size": 7}' }] }), 'broken'],
      [answer({ text: '<tool_call>\n{"name": "paint", "arguments": {}}\n</tool_call>' }), 'broken'],
      [answer({ stopReason: 'tool_calls' }), 'broken'],
      [answer({ text: '<tool_call>{"name": "pa', ...CUT }), 'broken'],
      [answer({ reasoning: 'I should call the tool', ...CUT }), 'untried'],
      [answer({ text: '<think>I should call', ...CUT }), 'untried'],
      [answer({ text: '<think>Done.</think> Hello', ...CUT }), 'broken'],
      [{ kind: 'broken', why: 'cut off' }, 'broken'],
      [REFUSED, 'refused'],
      [NONE, 'untried'],
    ];
    for (const [reply, expected] of cases) assert.equal(readToolCall(reply), expected, JSON.stringify(reply));
  });

  it('a required call: whether there was one, and whether its arguments kept to the schema that was contradicted', () => {
    const held = (reply: Reply): string[] => Object.values(readRequiredCall(reply));
    assert.deepEqual(held(paint('{"colour": "ochre", "size": 3}')), ['works', 'works']);
    assert.deepEqual(held(paint('{"colour": "blue", "size": "large"}')), ['works', 'broken']);
    assert.deepEqual(held(paint('{"colour": "ochre", "size": 3, "note": "hello"}')), ['works', 'broken']);
    assert.deepEqual(held(paint('hello')), ['works', 'broken']);
    assert.deepEqual(held(answer({ text: 'Hello.' })), ['broken', 'untried']);
    // vLLM with a small model: forced to call, free in the arguments, and so without an end.
    const endless = '<tool_call>\n{"name": "paint", "arguments": [\n    "tools required",\n    "all the same",';
    assert.deepEqual(held(answer({ text: endless, ...CUT })), ['works', 'broken']);
    assert.deepEqual(held(answer({ text: 'I would paint it "paint" and', ...CUT })), ['broken', 'untried']);
    assert.deepEqual(held(answer({ reasoning: 'They say', ...CUT })), ['untried', 'untried']);
    assert.deepEqual(held(REFUSED), ['refused', 'refused']);
    assert.deepEqual(held(NONE), ['untried', 'untried']);
  });

  it('an answer with a schema: held, also ragged or among the thoughts; ignored; running away', () => {
    const json = '{"colour":"violet","size":7,"sure":false}';
    const cases: [Reply, ReturnType<typeof readSchemaAnswer>][] = [
      [answer({ text: json }), 'held'],
      [answer({ text: '{"colour"\n\n:\n\n"ochre",\t"size":3 ,"sure":true\n}\n' }), 'held'],
      [answer({ text: `<think>Hm.</think>\n${json}` }), 'held'],
      [answer({ reasoning: json }), 'held'],
      [answer({ text: 'yes' }), 'ignored'],
      [answer({ text: '"yes"' }), 'ignored'],
      [answer({ text: '{"colour":"blue","size":7,"sure":false}' }), 'ignored'],
      [answer({ text: '{"colour":"violet","size":7}' }), 'ignored'],
      [answer({ text: '```json\n{"answer": "yes"}', ...CUT }), 'ignored'],
      [answer({ text: `{\t\t\t\t\t\t\t\t\t\t\t\t\t`, ...CUT }), 'runsAway'],
      [answer({ text: '{ "colour"                                ', ...CUT }), 'runsAway'],
      [{ kind: 'runaway', why: 'white space' }, 'runsAway'],
      [answer({ reasoning: 'So they want', ...CUT }), 'untried'],
      [REFUSED, 'refused'],
      [{ kind: 'broken', why: 'cut off' }, 'untried'],
      [NONE, 'untried'],
    ];
    for (const [reply, expected] of cases) assert.equal(readSchemaAnswer(reply), expected, JSON.stringify(reply));
  });

  it('thoughts: apart, between tags, or none', () => {
    assert.equal(readReasoning([answer({ text: 'yes' }), answer({ reasoning: 'Hm.' })]), 'separate');
    assert.equal(readReasoning([answer({ text: 'Hm.</think>yes' }), NONE]), 'inline');
    assert.equal(readReasoning([answer({ text: 'yes' }), REFUSED]), 'none');
  });

  it('the count of cached tokens, which may be missing', () => {
    const usage = { promptTokens: 600, completionTokens: 10 };
    assert.equal(readCachedTokens(answer({ usage: { ...usage, cachedTokens: 512 } })), 'reported');
    assert.equal(readCachedTokens(answer({ usage })), 'silent');
    assert.equal(readCachedTokens(answer({})), 'silent');
    assert.equal(readCachedTokens(NONE), 'untried');
  });

  it('a picture and a sound: what is refused, seen, or not seen', () => {
    assert.equal(readVision(answer({ text: 'It is Purple.' })), 'works');
    assert.equal(readVision(answer({ text: 'I cannot see pictures.' })), 'broken');
    assert.equal(readVision(REFUSED), 'refused');
    assert.equal(readVision(NONE), 'untried');
    assert.equal(readAudio(REFUSED), 'refused');
    assert.equal(readAudio(answer({ text: 'Silence.' })), 'untried');
  });

  it('the times: a pace of writing and one of reading, or none where the clock says nothing', () => {
    const counted = (completionTokens: number, ms: number): Answered =>
      answer({ ms, usage: { promptTokens: 20, completionTokens } });
    assert.equal(decodeRate([counted(48, 100 + 940), counted(8, 5000)]), 50);
    assert.equal(decodeRate([counted(48, 110)]), undefined, 'it came all at once');
    assert.equal(decodeRate([counted(5, 5000)]), undefined);
    assert.equal(decodeRate([]), undefined);
    const long = answer({ firstTokenMs: 1600, usage: { promptTokens: 700, completionTokens: 1, cachedTokens: 100 } });
    assert.equal(prefillRate(long, 100), 400);
    assert.equal(prefillRate(long, undefined), 375);
    assert.equal(prefillRate(long, 1599), 375, 'the short one took as long');
    assert.equal(prefillRate(NONE, 100), undefined);
  });
});
