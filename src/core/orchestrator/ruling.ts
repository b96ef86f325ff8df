import type { Reformatted } from '../ports.ts';
import { findRules, type Rule, readRules } from '../rules/findRules.ts';
import { LONGEST_RULE } from '../rules/ruleParts.ts';
import type { RunContext } from './runContext.ts';

/**
 * The rules files of the workspace, as they are when the run first looks: a later edit, and a resume, change nothing of
 * what the crew was told.
 */
export async function rulesOf(run: RunContext): Promise<Rule[]> {
  const { files } = await run.journal.step('rules', async () => {
    const rules = await findRules(run.base.workspace, run.signal);
    for (const { path } of rules) {
      const content = await run.base.workspace.read(path);
      if (content.kind === 'text') run.base.record(path, content.text, content.hash);
    }
    const formatted = await run.formatter.recall();
    const remembered = (await run.memory.recall(run.workspace.root)).length;
    return {
      type: 'rules.found',
      ...(formatted.length > 0 && { formatted }),
      ...(remembered > 0 && { remembered }),
      files: rules.map(({ path, text }) => ({ path, chars: text.length, cut: text.length > LONGEST_RULE })),
    };
  });
  return readRules(
    run.base.workspace,
    files.map(({ path }) => path),
  );
}

/**
 * Whether there was something to recall when the run looked for rules. That is so for all of the run, and when it is
 * resumed: which tools a role has stands at the beginning of what it is told.
 */
export function canRecall({ journal }: Pick<RunContext, 'journal'>): boolean {
  const recorded = journal.recordedStep('rules');
  return recorded?.type === 'rules.found' && recorded.remembered !== undefined;
}

/** What the run knew of the workspace's formatter when it looked for rules. */
export function formattedBefore({ journal }: Pick<RunContext, 'journal'>): Reformatted[] {
  const recorded = journal.recordedStep('rules');
  return recorded?.type === 'rules.found' ? (recorded.formatted ?? []) : [];
}
