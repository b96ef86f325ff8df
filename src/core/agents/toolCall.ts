import type { RunContext } from '../orchestrator/runContext.ts';
import { callSignature, runTool } from '../tools/index.ts';
import type { Agent } from './agent.ts';
import { withBrief } from './brief.ts';
import { type CallResult, raiseFlag, sayResult } from './turn.ts';
import { toolResultChars } from './windowBudget.ts';

/** A call of a tool, as an agent made it. */
export interface ToolUse {
  /** Of a native call: its result goes to it. */
  id?: string;
  tool: string;
  args: unknown;
  /** Why it is not made: its arguments cannot be read. A sentence for the model. */
  problem?: string;
}

/** Whether a call's result is there already, and still true. */
export function wasCalled({ spec, calls }: Agent, call: ToolUse): boolean {
  return (
    calls.on === spec.toolbox?.changes() &&
    calls.times.has(callSignature(call.tool, call.args, spec.toolbox?.tools ?? []))
  );
}

/**
 * Answers all calls of one turn, in order. A call whose result is already there is not run again.
 * @returns `repeated` where all of them were there already
 */
export async function answerCalls(
  run: RunContext,
  agent: Agent,
  calls: readonly ToolUse[],
): Promise<'answered' | 'repeated'> {
  let repeated = 0;
  for (const [index, call] of calls.entries()) {
    const result = await resultOf(run, agent, call, { index, of: calls.length });
    if (result === 'repeated') repeated += 1;
    const said = result === 'repeated' ? { text: REPEATED, isError: false } : result;
    sayResult(agent.transcript, { ...whatWasCalled(call), ...said });
  }
  return repeated === calls.length ? 'repeated' : 'answered';
}

/** What is said of a call whose result is there already. */
export const REPEATED = 'You already have the result of this call, and it has not changed.';

function whatWasCalled({ id, tool, args }: ToolUse): Pick<CallResult, 'callId' | 'tool' | 'args'> {
  return { tool, args, ...(id === undefined ? {} : { callId: id }) };
}

async function resultOf(
  run: RunContext,
  agent: Agent,
  call: ToolUse,
  { index, of }: { index: number; of: number },
): Promise<{ text: string; isError: boolean } | 'repeated'> {
  const { role, lane, toolbox } = agent.spec;
  if (call.problem !== undefined) {
    raiseFlag(run, agent.transcript, 'malformed', call.problem);
    return { text: call.problem, isError: true };
  }
  const on = toolbox?.changes();
  if (agent.calls.on !== on) agent.calls = { on, times: new Map() };
  const tools = toolbox?.tools ?? [];
  const signature = callSignature(call.tool, call.args, tools);
  const times = (agent.calls.times.get(signature) ?? 0) + 1;
  agent.calls.times.set(signature, times);
  if (times > 1) {
    raiseFlag(run, agent.transcript, 'repeated_call', `${call.tool} was asked for again with the same arguments.`);
    return 'repeated';
  }
  const id = `${agent.spec.key}/call-${agent.transcript.turns}${index === 0 ? '' : `.${index + 1}`}`;
  const args = typeof call.args === 'object' && call.args !== null ? (call.args as Record<string, unknown>) : {};
  return run.journal.step(id, async () => {
    run.journal.emit({ type: 'tool.called', lane, role, call: id, tool: call.tool, args });
    const started = run.now().getTime();
    const context = toolbox?.context();
    // Models are told the text; the data is for programs, and would only fill the log.
    const { text, isError } = context
      ? await runTool(
          call.tool,
          args,
          {
            ...context,
            workspace: withBrief(context.workspace, () => agent.spec.opening({ chars: Number.POSITIVE_INFINITY })),
            maxChars: Math.floor(toolResultChars(agent.transcript) / of),
            signal: run.signal,
          },
          tools,
        )
      : { text: `There is no tool "${call.tool}" for you; you have: none.`, isError: true };
    return {
      type: 'tool.returned',
      lane,
      role,
      call: id,
      tool: call.tool,
      text,
      isError,
      ms: run.now().getTime() - started,
    };
  });
}
