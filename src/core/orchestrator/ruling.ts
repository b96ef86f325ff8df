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
    return {
      type: 'rules.found',
      files: rules.map(({ path, text }) => ({ path, chars: text.length, cut: text.length > LONGEST_RULE })),
    };
  });
  return readRules(
    run.base.workspace,
    files.map(({ path }) => path),
  );
}
