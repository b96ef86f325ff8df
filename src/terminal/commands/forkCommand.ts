import { forkPointAt, forkPoints, forkRun } from '../../core/orchestrator/forkRun.ts';
import { withForkedModels } from '../../node/forkedModels.ts';
import { type Installation, openStore } from '../../node/openCrew.ts';
import { openWorkspaceFolder } from '../../node/workspaceFolder.ts';
import { type ForkedRole, ROLES, type Role, type RunEvent } from '../../shared/events.ts';
import { EXIT, UsageError } from '../exitStatus.ts';
import { drawForkPoints } from '../render/forkPoints.ts';
import { hasColour, painter } from '../render/paint.ts';
import { loadTerminalSettings } from '../terminalSettings.ts';
import { assertDeliverable, deliver, openParts, type RunOptions, usage } from './runCommand.ts';

export interface ForkOptions extends Pick<RunOptions, 'apply' | 'patch' | 'json' | 'yes' | 'answers' | 'model'> {
  at?: string;
  temperature?: string;
  role?: string[];
}

/** `conclave fork RUN`: a new run from a recorded step of another, or the list of those steps. @returns the exit status */
export async function forkCommand(
  installation: Installation,
  runId: string,
  options: ForkOptions,
  signal: AbortSignal,
): Promise<number> {
  const roles = rolesOf(options);
  await assertDeliverable(options);
  const store = await openStore(installation);
  try {
    const events: RunEvent[] = [];
    for await (const event of store.log.read(runId)) events.push(event);
    if (options.at === undefined) {
      listPoints(events, options);
      return EXIT.approved;
    }
    const point = forkPointAt(events, options.at);
    const [started] = events;
    if (started?.type !== 'run.started') throw new UsageError(`Run ${runId} does not begin with its start.`);
    const workspace = await usage(openWorkspaceFolder(started.workspace));
    const own = started.fork?.roles ?? [];
    const loaded = withForkedModels(await loadTerminalSettings(installation, workspace, {}), [...own, ...roles]);
    const { crew, session, output } = await openParts(installation, { workspace, loaded, options, as: 'fork', signal });
    const end = await forkRun(crew, store, session, { events, point, roles });
    return await deliver(end, output, options);
  } finally {
    await store.close();
  }
}

function listPoints(events: readonly RunEvent[], { json }: ForkOptions): void {
  const points = forkPoints(events);
  const lines = json
    ? points.map(({ seq, step, type, at }) => JSON.stringify({ seq, step, type, at }))
    : drawForkPoints(events, points, {
        width: process.stdout.columns ?? 120,
        paint: painter({ colour: hasColour(process.stdout) }),
      });
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** What is to be otherwise, for which roles. */
function rolesOf({ model, temperature, role: given = [...ROLES] }: ForkOptions): ForkedRole[] {
  const roles = given.map(roleFrom);
  const warmth = temperature === undefined ? undefined : temperatureFrom(temperature);
  if (model === undefined && warmth === undefined) return [];
  return roles.map((role) => ({
    role,
    ...(model === undefined ? {} : { model }),
    ...(warmth === undefined ? {} : { temperature: warmth }),
  }));
}

function roleFrom(text: string): Role {
  const role = ROLES.find((one) => one === text);
  if (role === undefined) throw new UsageError(`--role: expected ${ROLES.join(', ')}, got "${text}".`);
  return role;
}

function temperatureFrom(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && number <= 2) return number;
  throw new UsageError(`--temperature: expected a number from 0 to 2, got "${text}".`);
}
