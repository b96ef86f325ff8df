import { join } from 'node:path';
import { ModelError } from '../../core/models/modelError.ts';
import { NEEDED_ROLES } from '../../core/settings.ts';
import { openConfiguredEndpoint } from '../../node/configuredEndpoint.ts';
import { copySample, DEMO_TASK, startRecordedModels } from '../../node/demo.ts';
import type { Installation } from '../../node/openCrew.ts';
import { ROLES, type Role } from '../../shared/events.ts';
import { EXIT } from '../exitStatus.ts';
import { loadTerminalSettings } from '../terminalSettings.ts';
import { type RunOptions, runCommand } from './runCommand.ts';

/**
 * `conclave demo`: the whole flow on a copy of the bundled sample project. The user's own models do it where planner,
 * coder and reviewer answer; otherwise the models are a recorded script, and everything else is real.
 * With a task of the user's it is `conclave run`.
 */
export async function demoCommand(
  installation: Installation,
  task: string | undefined,
  options: RunOptions,
  signal: AbortSignal,
): Promise<number> {
  if (task !== undefined || options.workspace !== undefined)
    return runCommand(installation, 'run', task, options, signal);
  const { folder, workspace } = await copySample(installation.home, signal);
  const patch = options.patch ?? join(folder, 'change.patch');
  const run = { ...options, workspace, ...(options.apply ? {} : { patch }) };

  process.stderr.write(`The sample project is copied to ${workspace}\nTask: ${DEMO_TASK}\n`);
  const silent = await silentServers(installation, workspace, signal);
  if (silent.length === 0) {
    process.stderr.write('Planner, coder and reviewer answer: your models do the work.\n\n');
    return runCommand(installation, 'run', DEMO_TASK, { ...run, showDiff: true }, signal);
  }
  process.stderr.write(
    `No model answers at ${silent.map(({ role, url }) => `${url} (${role})`).join(', ')}: the models are now a recorded script; tools, edits, tests and review are real. The recording answers its own question.\n\n`,
  );
  const fleet = await startRecordedModels(installation.home);
  try {
    const answers = options.answers ?? join(installation.home, 'demo', 'script', 'answers.json');
    const env = {
      ...installation.env,
      ...Object.fromEntries(ROLES.map((role) => [`CONCLAVE_${role.toUpperCase()}_URL`, fleet.urls[role]])),
    };
    for (const role of ROLES) delete (env as NodeJS.ProcessEnv)[`CONCLAVE_${role.toUpperCase()}_MODEL`];
    const status = await runCommand(
      { ...installation, env },
      'run',
      DEMO_TASK,
      { ...run, answers, showDiff: true },
      signal,
    );
    if (status === EXIT.approved)
      process.stderr.write(
        `\nThe models were a recorded script. Connect your own (README, "Connect your models") and try: conclave run "…" in a project of yours.\n`,
      );
    return status;
  } finally {
    await fleet.stop();
  }
}

/** The needed roles whose servers do not answer as one of ours would. */
async function silentServers(
  installation: Installation,
  workspace: string,
  signal: AbortSignal,
): Promise<{ role: Role; url: string }[]> {
  const loaded = await loadTerminalSettings(installation, workspace, {});
  const silent = await Promise.all(
    NEEDED_ROLES.map(async (role) => {
      const { url } = loaded.settings.endpoints[role];
      try {
        await openConfiguredEndpoint(loaded, role).served(signal);
        return undefined;
      } catch (error) {
        if (error instanceof ModelError) return { role, url };
        throw error;
      }
    }),
  );
  return silent.filter((one) => one !== undefined);
}
