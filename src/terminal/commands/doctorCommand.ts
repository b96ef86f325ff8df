import { examine, type Finding } from '../../node/doctor.ts';
import type { Installation } from '../../node/openCrew.ts';
import { findRipgrep } from '../../node/ripgrep.ts';
import { openWorkspaceFolder } from '../../node/workspaceFolder.ts';
import { EXIT, UsageError } from '../exitStatus.ts';
import { hasColour, painter } from '../render/paint.ts';
import { clean } from '../render/plainText.ts';
import { loadTerminalSettings } from '../terminalSettings.ts';

/** `conclave doctor`: what works here, and what to do about the rest. Exit 4 where a needed server does not answer. */
export async function doctorCommand(
  installation: Installation,
  options: { workspace?: string; json?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const folder = options.workspace ?? installation.env.CODEBASE_ROOT ?? process.cwd();
  const workspace = await openWorkspaceFolder(folder).catch((cause: Error) => {
    throw new UsageError(cause.message, { cause });
  });
  const loaded = await loadTerminalSettings(installation, workspace, {});
  const findings = await examine({ workspace, env: installation.env, loaded, ripgrep: findRipgrep(), signal });
  if (options.json) process.stdout.write(`${JSON.stringify({ version: installation.version, workspace, findings })}\n`);
  else process.stdout.write(`${drawFindings(findings).join('\n')}\n`);
  return findings.some(({ state }) => state === 'missing') ? EXIT.unreachable : EXIT.approved;
}

function drawFindings(findings: readonly Finding[]): string[] {
  const paint = painter({ colour: hasColour(process.stdout) });
  const mark = { good: paint('good', '✓'), limited: paint('warning', '!'), missing: paint('bad', '✗') };
  return findings.flatMap(({ what, state, found, remedy }) => [
    `${mark[state]} ${what.padEnd(13)}${clean(found)}`,
    ...(remedy === undefined ? [] : [`  ${' '.repeat(13)}${paint('faint', remedy)}`]),
  ]);
}
