import { examine, type ProbedRole } from '../../node/doctor/examine.ts';
import { type FiledFinding, type Subject, titleOf } from '../../node/doctor/finding.ts';
import type { Installation } from '../../node/openCrew.ts';
import { findRipgrep } from '../../node/ripgrep.ts';
import { openWorkspaceFolder } from '../../node/workspaceFolder.ts';
import { EXIT, UsageError } from '../exitStatus.ts';
import { hasColour, painter } from '../render/paint.ts';
import { clean, oneLine } from '../render/plainText.ts';
import { drawProbes } from '../render/probeTable.ts';
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
  if (process.stderr.isTTY) process.stderr.write('Looking at everything; servers that are new are measured…\n');
  const { findings, probes } = await examine({
    workspace,
    installation,
    loaded,
    ripgrep: findRipgrep(),
    signal,
    now: () => new Date(),
  });
  if (options.json) {
    const seen = Object.fromEntries(probes.map(({ role, probe }) => [role, probe]));
    process.stdout.write(`${JSON.stringify({ version: installation.version, workspace, findings, probes: seen })}\n`);
  } else process.stdout.write(`${[...drawFindings(findings), ...drawTable(probes)].join('\n')}\n`);
  return findings.some(({ state }) => state === 'missing') ? EXIT.unreachable : EXIT.approved;
}

function drawTable(probes: readonly ProbedRole[]): string[] {
  if (probes.length === 0) return [];
  const rows = probes.map(({ role, aspects }) => ({ name: titleOf(role), aspects }));
  const notes = new Map<string, string>();
  for (const { role, probe } of probes) for (const note of probe.notes) notes.set(note, titleOf(role));
  const paint = painter({ colour: hasColour(process.stdout) });
  return [
    '',
    'What the servers were seen to do:',
    ...drawProbes(rows, paint),
    ...[...notes].map(([note, name]) => paint('faint', `  ${name}: ${oneLine(note)}`)),
  ];
}

const HEADINGS: Record<Subject, string> = { project: 'Project', servers: 'Servers', fleet: 'Fleet' };

function drawFindings(findings: readonly FiledFinding[]): string[] {
  const paint = painter({ colour: hasColour(process.stdout) });
  const mark = { good: paint('good', '✓'), limited: paint('warning', '!'), missing: paint('bad', '✗') };
  return findings.flatMap(({ subject, what, state, found, remedy }, at) => [
    ...(subject === findings[at - 1]?.subject ? [] : [...(at === 0 ? [] : ['']), paint('strong', HEADINGS[subject])]),
    `${mark[state]} ${what.padEnd(13)}${clean(found)}`,
    ...(remedy === undefined ? [] : [`  ${' '.repeat(13)}${paint('faint', clean(remedy))}`]),
  ]);
}
