import { ErrorCode, type GetPromptResult, McpError, type Prompt } from '@modelcontextprotocol/sdk/types.js';
import { fillPrompt } from '../core/agents/prompts.ts';
import { describeTools, TOOLS } from '../core/tools/index.ts';
import { ROLES, type Role } from '../shared/events.ts';

const ABOUT: Record<Role, string> = {
  preprocessor: 'Turn an input into clean, short text, as the Preprocessor of the crew does.',
  planner: 'Break a task into subtasks with success criteria, as the Planner of the crew does.',
  coder: 'Write the change for a subtask, as the Coder of the crew does.',
  reviewer: 'Review a change, as the Reviewer of the crew does.',
};

/** What the role is given in a run of the crew. */
const GIVEN: Record<Role, string> = {
  preprocessor: 'The input: the text that is to be made short.',
  planner: 'The task: what shall be changed.',
  coder: 'The subtask, with the criterion by which it counts as done.',
  reviewer: 'The subtask and its criterion, or which changes to review; the uncommitted ones where it is left out.',
};

/** The four roles, as MCP lists prompts. */
export function listedPrompts(): Prompt[] {
  return ROLES.map((role) => ({
    name: role,
    title: `Conclave: ${role}`,
    description: ABOUT[role],
    arguments: [{ name: 'task', description: GIVEN[role], required: role !== 'reviewer' }],
  }));
}

/** A role's instructions, for an agent that is not in a run of the crew. */
export function rolePrompt(
  prompts: Record<Role, string>,
  name: string,
  args: Record<string, string> | undefined,
): GetPromptResult {
  const role = ROLES.find((one) => one === name);
  if (role === undefined) {
    throw new McpError(ErrorCode.InvalidParams, `There is no prompt "${name}"; there are: ${ROLES.join(', ')}.`);
  }
  const task = args?.task?.trim() ?? '';
  if (task === '' && role !== 'reviewer') {
    throw new McpError(ErrorCode.InvalidParams, `The prompt "${role}" needs the argument "task". ${GIVEN[role]}`);
  }
  const instructions = fillPrompt(prompts[role], { tools: describeTools(Object.values(TOOLS)) });
  const text = [
    instructions.trimEnd(),
    OUTSIDE,
    `## ${role === 'preprocessor' ? 'Input' : 'Task'}\n${task === '' ? 'Review what is changed and not committed: git_diff shows it.' : task}`,
  ].join('\n\n');
  return { description: ABOUT[role], messages: [{ role: 'user', content: { type: 'text', text } }] };
}

/** The prompts speak of a run, in which code does a good deal; here it does not. */
const OUTSIDE = `## Outside of a run
You are not in a run of the crew now: nothing is checked, applied or handed on by itself. Where the text above says that
tests ran or that files and diffs are shown, look yourself with the tools (run_tests, read_file, git_diff).`;
