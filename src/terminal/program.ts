import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { RunStop } from '../core/orchestrator/runStop.ts';
import { StoreError } from '../core/store/storeError.ts';
import { codeIndexesOf } from '../node/codeIndex/codeIndex.ts';
import { ConfigurationError } from '../node/configuration.ts';
import type { Installation } from '../node/openCrew.ts';
import type { FleetAction, FleetOptions } from './commands/fleetCommand.ts';
import type { ForkOptions } from './commands/forkCommand.ts';
import type { McpOptions } from './commands/mcpCommand.ts';
import type { ExportOptions } from './commands/pastRuns.ts';
import type { ReplayOptions } from './commands/replayCommand.ts';
import type { RunOptions } from './commands/runCommand.ts';
import type { ServeOptions } from './commands/serveCommand.ts';
import { EXIT, exitStatus, UsageError } from './exitStatus.ts';
import { clean } from './render/plainText.ts';

// dist/cli/, where this is in the end, is as deep in it as src/terminal/.
const home = new URL('../..', import.meta.url);
const folder = fileURLToPath(home);
const installation: Installation = {
  version: (JSON.parse(readFileSync(new URL('package.json', home), 'utf8')) as { version: string }).version,
  home: folder,
  env: process.env,
  indexes: codeIndexesOf(folder, process.env, 'thread'),
};
/** Of a process that has nothing to do but to answer. */
const server: Installation = { ...installation, indexes: codeIndexesOf(folder, process.env, 'here') };

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The second time is meant: everything recorded so far is on disk anyway.
    if (stop.signal.aborted) process.exit(EXIT.aborted);
    stop.abort(new Error(`stopped by ${signal}`));
  });
}
// Whoever reads our output may stop reading (`conclave runs | head`): that is no failure of ours.
for (const stream of [process.stdout, process.stderr]) stream.on('error', (error) => stop.abort(error));

const program = new Command('conclave')
  .description('A crew of four local models that plans, writes and reviews code. Nothing leaves the machine.')
  .version(installation.version)
  .showHelpAfterError('(conclave --help shows what there is)')
  .exitOverride();

/** Loads a command, and no other, runs it and sets the exit status it gives. */
function running<Module, A extends unknown[]>(
  load: () => Promise<Module>,
  command: (module: Module, ...args: A) => Promise<number>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    try {
      process.exitCode = await command(await load(), ...args);
    } finally {
      await Promise.all([installation, server].map(({ indexes }) => indexes?.close()));
    }
  };
}

function working(kind: 'run' | 'plan' | 'ask') {
  return running(
    () => import('./commands/runCommand.ts'),
    ({ runCommand }, task: string | undefined, options: RunOptions) =>
      runCommand(installation, kind, task, options, stop.signal),
  );
}

function withRunOptions(command: Command): Command {
  return command
    .option('--workspace <dir>', 'the project (default: CODEBASE_ROOT, or this folder)')
    .option('--attach <file>', 'add a text file to the task; can be repeated', (file: string, files: string[] = []) => [
      ...files,
      file,
    ])
    .option('--json', 'one event a line on stdout, nothing else there')
    .option('--yes', 'answer every approval by the configured policy, without asking')
    .option('--answers <file>', 'JSON: answers to the questions, in order or by id')
    .option('--model <name>', 'use this model for all roles');
}

const FRESH_PLAN = 'plan anew, and forget the plan that is kept for this task';

withRunOptions(program.command('run [task]'))
  .description('plan, write, check and review a change')
  .option('--fresh-plan', FRESH_PLAN)
  .option('--apply', 'write the approved change to the workspace')
  .option('--patch <file>', 'write the approved change as a patch that git can apply')
  .option('--resume <run>', 'go on with a run that stopped')
  .option('--take-over', 'with --resume: take the run from whoever works on it')
  .action(working('run'));

withRunOptions(program.command('plan [task]'))
  .description('plan only')
  .option('--fresh-plan', FRESH_PLAN)
  .option('--resume <run>', 'go on with a plan that stopped')
  .action(working('plan'));

withRunOptions(program.command('ask [question]'))
  .description('answer a question about the project; changes nothing')
  .option('--resume <run>', 'go on with a question that stopped')
  .action(working('ask'));

program
  .command('review [paths...]')
  .description('check and review the uncommitted changes, or only those in some files and folders')
  .option('--base <ref>', 'compare with this commit', 'HEAD')
  .option('--workspace <dir>', 'the project (default: CODEBASE_ROOT, or this folder)')
  .option('--json', 'one event a line on stdout, nothing else there')
  .option('--yes', 'answer every approval by the configured policy, without asking')
  .option('--model <name>', 'use this model for all roles')
  .addHelpText(
    'after',
    '\nPaths are relative to the workspace. A file in which nothing has changed is reviewed as a whole.',
  )
  .action(
    running(
      () => import('./commands/runCommand.ts'),
      ({ runCommand }, paths: string[], options: RunOptions) =>
        runCommand(installation, 'review', undefined, { ...options, paths }, stop.signal),
    ),
  );

program
  .command('replay <run>')
  .description('show a past run again; no model is asked')
  .option('--speed <speed>', 'as many times as fast as it was, or "instant" (default: 4 on a terminal, else instant)')
  .option('--follow', 'where it is at work elsewhere, go on live until it ends')
  .option('--json', 'the events, one a line')
  .addHelpText('after', '\nLong waits are cut to a few seconds.')
  .action(
    running(
      () => import('./commands/replayCommand.ts'),
      ({ replayCommand }, run: string, options: ReplayOptions) =>
        replayCommand(installation, run, options, stop.signal),
    ),
  );

const repeated = (one: string, before: string[] = []): string[] => [...before, one];
program
  .command('fork <run>')
  .description('begin a new run with what another has done up to a step; without --at, list those steps')
  .option('--at <step>', 'the number or the name of the step after which to go on')
  .option('--model <name>', 'another model from there on')
  .option('--temperature <number>', 'another temperature from there on')
  .option('--role <role>', 'for this role only; can be repeated (default: all)', repeated)
  .option('--apply', 'write the approved change to the workspace')
  .option('--patch <file>', 'write the approved change as a patch that git can apply')
  .option('--json', 'one event a line on stdout, nothing else there')
  .option('--yes', 'answer every approval by the configured policy, without asking')
  .option('--answers <file>', 'JSON: answers to the questions, in order or by id')
  .addHelpText('after', '\nIt begins on the files as they were; its change is merged into them as they are.')
  .action(
    running(
      () => import('./commands/forkCommand.ts'),
      ({ forkCommand }, run: string, options: ForkOptions) => forkCommand(installation, run, options, stop.signal),
    ),
  );

program
  .command('export <run>')
  .description('write a run as one file to be handed on, with secrets masked')
  .option('--format <format>', 'markdown, for people; or json, all its events, one a line', 'markdown')
  .option('--output <file>', 'where to (default: standard output)')
  .action(
    running(
      () => import('./commands/pastRuns.ts'),
      ({ exportCommand }, run: string, options: ExportOptions) => exportCommand(installation, run, options),
    ),
  );

program
  .command('runs')
  .description('list past and present runs')
  .option('--json', 'one run a line')
  .action(
    running(
      () => import('./commands/pastRuns.ts'),
      ({ runsCommand }, options: { json?: boolean }) => runsCommand(installation, options),
    ),
  );

const memory = program
  .command('memory')
  .description('show what earlier runs of a project have taught')
  .option('--workspace <dir>', 'the project (default: CODEBASE_ROOT, or this folder)')
  .option('--json', 'one note a line')
  .action(
    running(
      () => import('./commands/memoryCommand.ts'),
      ({ memoryCommand }, options: { workspace?: string; json?: boolean }) => memoryCommand(installation, options),
    ),
  );

memory
  .command('forget [ids...]')
  .description('forget some notes, or all')
  .option('--workspace <dir>', 'the project (default: CODEBASE_ROOT, or this folder)')
  .option('--all', 'everything that is kept of the project')
  .action(
    // An option that both have goes to the first.
    running(
      () => import('./commands/memoryCommand.ts'),
      ({ forgetCommand }, ids: string[], _options: unknown, command: Command) =>
        forgetCommand(installation, ids, command.optsWithGlobals<{ workspace?: string; all?: boolean }>()),
    ),
  );

program
  .command('doctor')
  .description('say what works here, what does not, and what to do about it')
  .option('--workspace <dir>', 'the project (default: CODEBASE_ROOT, or this folder)')
  .option('--json', 'as one JSON document')
  .action(
    running(
      () => import('./commands/doctorCommand.ts'),
      ({ doctorCommand }, options: { workspace?: string; json?: boolean }) =>
        doctorCommand(installation, options, stop.signal),
    ),
  );

const fleet = program.command('fleet').description('start, stop and watch the model servers');
const FLEET_WORDS: Record<FleetAction, string> = {
  up: 'start the servers of a profile, one after another',
  down: 'end them all, and leave nothing but what was fetched',
  stop: 'end some, or all',
  restart: 'end some, or all, and start them again',
  status: 'say where each stands, and what it is doing',
  logs: 'print what they have written',
  pull: 'fetch images and weights ahead',
  profiles: 'list the profiles, and which of them fit this machine',
};
for (const [action, words] of Object.entries(FLEET_WORDS) as [FleetAction, string][]) {
  fleet
    .command(`${action} [services...]`)
    .description(words)
    .option(
      '--profile <name>',
      'the profile (default: the one that runs, CONCLAVE_FLEET_PROFILE, or the best that fits)',
    )
    .option('--json', 'one state a line on stdout, nothing else there')
    .option('--follow', 'go on until it is stopped (status, logs)')
    .option('--lines <number>', 'lines of each log (logs)')
    .addHelpText('after', '\nA service is named as in the table of `conclave fleet status`, or by a role: coder.')
    .action(
      running(
        () => import('./commands/fleetCommand.ts'),
        ({ fleetCommand }, services: string[], options: FleetOptions) =>
          fleetCommand(installation, action, services, options, stop.signal),
      ),
    );
}

withRunOptions(program.command('demo [task]'))
  .description('show the whole flow on a sample project; with a task, do that task instead')
  .option('--apply', 'write the approved change to the workspace')
  .option('--patch <file>', 'write the approved change as a patch that git can apply')
  .action(
    running(
      () => import('./commands/demoCommand.ts'),
      ({ demoCommand }, task: string | undefined, options: RunOptions) =>
        demoCommand(installation, task, options, stop.signal),
    ),
  );

const MCP_WORKSPACE = ['--workspace <dir>', 'the project (default: CODEBASE_ROOT, or this folder)'] as const;
const MCP_CHARS = ['--max-chars <number>', 'upper bound for the text of a result (default: 24000)'] as const;

program
  .command('mcp')
  .description('offer the tools to one MCP client, on standard input and output')
  .option(...MCP_WORKSPACE)
  .option(...MCP_CHARS)
  .action(
    running(
      () => import('./commands/mcpCommand.ts'),
      ({ mcpCommand }, options: McpOptions) => mcpCommand(server, options, stop.signal),
    ),
  );

program
  .command('serve')
  .description('offer the tools to MCP clients of this machine, on a port')
  .option(...MCP_WORKSPACE)
  .option('--host <address>', 'the interface to listen on (default: 127.0.0.1, which only this machine reaches)')
  .option('--mcp-port <port>', 'where MCP is served (default: 9001; 0: any that is free)')
  .option(...MCP_CHARS)
  .action(
    running(
      () => import('./commands/serveCommand.ts'),
      ({ serveCommand }, options: ServeOptions) => serveCommand(server, options, stop.signal),
    ),
  );

program
  .command('acp', { hidden: true })
  .allowUnknownOption()
  .allowExcessArguments()
  .action(() => {
    throw new UsageError('The ACP entry (conclave acp) is not there yet; it comes with a later release.');
  });

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Says in words what stopped the command. @returns the exit status */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.approved : EXIT.usage;
  const say = (...lines: (string | undefined)[]): void => {
    process.stderr.write(`${clean(lines.filter((line) => line !== undefined).join('\n'))}\n`);
  };
  if (error instanceof UsageError || error instanceof ConfigurationError) {
    say(`conclave: ${error.message}`);
    return EXIT.usage;
  }
  if (error instanceof RunStop) {
    say(`conclave: ${error.ending.message}`, error.ending.remedy);
    return exitStatus(error.ending);
  }
  if (error instanceof StoreError) {
    say(`conclave: ${error.message}`, error.remedy);
    return error.failure === 'unknownRun' ? EXIT.usage : EXIT.unreachable;
  }
  if (stop.signal.aborted) return EXIT.aborted;
  say('conclave: a defect of Conclave stopped this command.', error instanceof Error ? error.stack : String(error));
  return EXIT.notApproved;
}
