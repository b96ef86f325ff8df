import type { RunContext } from '../orchestrator/runContext.ts';
import { callSignature, runTool } from '../tools/index.ts';
import type { Agent } from './agent.ts';
import { withBrief } from './brief.ts';
import { raiseFlag, say } from './turn.ts';
import { toolResultChars } from './windowBudget.ts';

/** Whether a call's result is there already, and still true. */
export function wasCalled({ spec, calls }: Agent, call: { tool: string; args: unknown }): boolean {
  return calls.on === spec.toolbox?.changes() && calls.times.has(callSignature(call.tool, call.args));
}

/** Runs a tool call and says its result. A call whose result is already there is not run again. */
export async function answerCall(
  run: RunContext,
  agent: Agent,
  call: { tool: string; args: unknown },
): Promise<'answered' | 'repeated'> {
  const { role, lane, toolbox } = agent.spec;
  const on = toolbox?.changes();
  if (agent.calls.on !== on) agent.calls = { on, times: new Map() };
  const signature = callSignature(call.tool, call.args);
  const times = (agent.calls.times.get(signature) ?? 0) + 1;
  agent.calls.times.set(signature, times);
  if (times > 1) {
    raiseFlag(run, agent.transcript, 'repeated_call', `${call.tool} was asked for again with the same arguments.`);
    say(agent.transcript, 'You already have the result of this call, and it has not changed.');
    return 'repeated';
  }
  const id = `${agent.spec.key}/call-${agent.transcript.turns}`;
  const args = typeof call.args === 'object' && call.args !== null ? (call.args as Record<string, unknown>) : {};
  const result = await run.journal.step(id, async () => {
    run.journal.emit({ type: 'tool.called', lane, role, call: id, tool: call.tool, args });
    const started = run.now().getTime();
    const context = toolbox?.context();
    const outcome =
      context && toolbox?.names.includes(call.tool)
        ? await runTool(call.tool, args, {
            ...context,
            workspace: withBrief(context.workspace, () => agent.spec.opening({ chars: Number.POSITIVE_INFINITY })),
            maxChars: toolResultChars(agent.transcript),
            signal: run.signal,
          })
        : {
            text: `There is no tool "${call.tool}" for you; you have: ${toolbox?.names.join(', ') ?? 'none'}.`,
            isError: true,
          };
    return {
      type: 'tool.returned',
      lane,
      role,
      call: id,
      tool: call.tool,
      ...outcome,
      ms: run.now().getTime() - started,
    };
  });
  say(agent.transcript, `Result of ${call.tool}${result.isError ? ' (failed)' : ''}:\n${result.text}`);
  return 'answered';
}
