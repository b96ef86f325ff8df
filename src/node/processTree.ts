import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PS_ARGS = ['-A', '-o', 'pid=,ppid=,pgid='];
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Process groups that must not outlive us. The only module state here: exit handlers belong to the process. */
const living = new Set<number>();

/**
 * Ends the tree when our own process ends, by whatever but SIGKILL.
 * @param pid leader of its own process group (on Windows: any process)
 * @returns takes the guard away again
 */
export function guardProcessTree(pid: number): () => void {
  if (living.size === 0) {
    process.on('exit', killLiving);
    for (const name of SIGNALS) process.on(name, dieOfSignal);
  }
  living.add(pid);
  return () => {
    living.delete(pid);
    if (living.size > 0) return;
    process.off('exit', killLiving);
    for (const name of SIGNALS) process.off(name, dieOfSignal);
  };
}

/**
 * Asks the whole tree to end and, after `grace` milliseconds, ends it. Resolves when nothing of it is left that we know of.
 * Descendants that made a process group of their own are found with `ps`, where there is one.
 */
export async function endProcessTree(pid: number, grace: number): Promise<void> {
  if (process.platform === 'win32') {
    // Exit code 128: there is no such process any more.
    await run('taskkill', ['/PID', String(pid), '/T', '/F']).catch(() => {});
    return;
  }
  const strays = strayDescendants(await processTable(), pid);
  if (!isGroupAlive(pid) && strays.length === 0) return;
  signalTree(pid, strays, 'SIGTERM');

  const deadline = performance.now() + grace;
  while (isGroupAlive(pid) || strays.some((stray) => isAlive(stray.pid))) {
    if (performance.now() >= deadline) {
      // Looked up again: a process id may have gone to somebody else meanwhile, and new ones may have been born.
      const now = await processTable();
      const same = strays.filter((stray) => now.some((entry) => entry.pid === stray.pid && entry.pgid === stray.pgid));
      signalTree(pid, [...same, ...strayDescendants(now, pid)], 'SIGKILL');
      return;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

/** Whether anything of the process's group still runs. What has ended, and waits for somebody to take note of it, does not. */
export async function isTreeAlive(pid: number): Promise<boolean> {
  if (process.platform === 'win32') return isAlive(pid);
  if (!isGroupAlive(pid)) return false;
  try {
    const { stdout } = await run('ps', ['-A', '-o', 'pgid=,stat='], { maxBuffer: 16 * 1024 * 1024 });
    return stdout.split('\n').some((line) => {
      const [group, state = 'Z'] = line.trim().split(/\s+/);
      return Number(group) === pid && !state.startsWith('Z');
    });
  } catch {
    return true;
  }
}

interface TableEntry {
  pid: number;
  ppid: number;
  pgid: number;
}

async function processTable(): Promise<TableEntry[]> {
  try {
    return parseTable((await run('ps', PS_ARGS, { maxBuffer: 16 * 1024 * 1024 })).stdout);
  } catch {
    // No ps, or one that does not know these options: the process group is all we can reach.
    return [];
  }
}

function parseTable(text: string): TableEntry[] {
  return text.split('\n').flatMap((line) => {
    const [pid, ppid, pgid] = line.trim().split(/\s+/).map(Number);
    return pid === undefined || ppid === undefined || pgid === undefined ? [] : [{ pid, ppid, pgid }];
  });
}

/** Descendants of any member of the group `leader` that are in another group. */
function strayDescendants(table: readonly TableEntry[], leader: number): TableEntry[] {
  const tree = new Set([leader, ...table.filter((entry) => entry.pgid === leader).map((entry) => entry.pid)]);
  const strays: TableEntry[] = [];
  for (let grown = true; grown; ) {
    grown = false;
    for (const entry of table) {
      if (tree.has(entry.pid) || !tree.has(entry.ppid)) continue;
      tree.add(entry.pid);
      strays.push(entry);
      grown = true;
    }
  }
  return strays;
}

function signalTree(pid: number, strays: readonly TableEntry[], name: NodeJS.Signals): void {
  send(-pid, name);
  for (const stray of strays) send(stray.pid, name);
}

function isGroupAlive(pid: number): boolean {
  return send(-pid, 0);
}

function isAlive(pid: number): boolean {
  return send(pid, 0);
}

/** @returns false where there is no such process (ESRCH), or none that is ours (EPERM). */
function send(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

function killLiving(): void {
  if (process.platform === 'win32') {
    for (const pid of living) spawnSync('taskkill', ['/PID', String(pid), '/T', '/F']);
    return;
  }
  // There is no `stdout` where there is no ps.
  const table = parseTable(spawnSync('ps', PS_ARGS, { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 }).stdout ?? '');
  for (const pid of living) signalTree(pid, strayDescendants(table, pid), 'SIGKILL');
}

/** With a listener a signal no longer ends us. Where nobody else listens, we do what would have happened. */
function dieOfSignal(name: NodeJS.Signals): void {
  if (process.listenerCount(name) > 1) return;
  killLiving();
  process.off(name, dieOfSignal);
  process.kill(process.pid, name);
}
