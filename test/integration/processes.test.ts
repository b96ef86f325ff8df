import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { childEnvironment } from '../../src/node/childEnvironment.ts';
import { nodeProcesses } from '../../src/node/processes.ts';

const NEVER = new AbortController().signal;
const MINUTE = 60_000;
const posix = process.platform !== 'win32';

describe('child processes', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await realpath(await mkdtemp(join(tmpdir(), 'conclave-processes-')));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const processes = nodeProcesses({ grace: 300 });
  const node = (script: string, options: Partial<Parameters<typeof processes.run>[1]> = {}) =>
    processes.run([process.execPath, '-e', script], { cwd: dir, signal: NEVER, timeout: MINUTE, ...options });

  it('gives exit code, folder and output of both streams as they came', async () => {
    const result = await node(
      `console.log(process.cwd()); setTimeout(() => console.error('second'), 50); setTimeout(() => process.exit(7), 100)`,
    );
    assert.equal(result.ended, 'exited');
    assert.equal(result.exitCode, 7);
    assert.equal(result.output, `${dir}\nsecond\n`);
    assert.equal(result.dropped, 0);
  });

  it('leaves standard error out where that was asked for, however much of it there is', async () => {
    const result = await node(`process.stderr.write('e'.repeat(1e6), () => console.log('out'))`, { stdoutOnly: true });
    assert.equal(result.output, 'out\n');
    assert.equal(result.dropped, 0);
  });

  it('passes arguments as they are: no shell reads them', async () => {
    const result = await processes.run(
      [process.execPath, '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '$HOME; echo hi', '"a b"', '*'],
      { cwd: dir, signal: NEVER, timeout: MINUTE },
    );
    assert.deepEqual(JSON.parse(result.output), ['$HOME; echo hi', '"a b"', '*']);
  });

  it('closes standard input', async () => {
    const result = await node(`process.stdin.on('end', () => console.log('closed')).resume()`);
    assert.equal(result.output, 'closed\n');
  });

  it('says that a program does not exist, and refuses a folder that does not', async () => {
    const missing = await processes.run(['no-such-program-anywhere'], { cwd: dir, signal: NEVER, timeout: MINUTE });
    assert.equal(missing.ended, 'not_found');
    assert.equal(missing.exitCode, null);
    assert.match(missing.output, /no-such-program-anywhere/);
    await assert.rejects(node('', { cwd: join(dir, 'nowhere') }), /no such folder/);
  });

  it('keeps the end of a long output, whole characters only, and counts the rest', async () => {
    const result = await node(`process.stdout.write('€'.repeat(1000) + 'end')`, { keep: 100 });
    assert.equal(result.output, `${'€'.repeat(32)}end`);
    assert.equal(result.dropped, 3003 - Buffer.byteLength(result.output));
  });

  it('decodes characters that arrive in pieces', async () => {
    let heard = '';
    const result = await node(
      `const b = Buffer.from('grün€'); let i = 0;
       const timer = setInterval(() => { process.stdout.write(b.subarray(i, ++i)); if (i === b.length) clearInterval(timer); }, 15)`,
      {
        onOutput: (text) => {
          heard += text;
        },
      },
    );
    assert.equal(result.output, 'grün€');
    assert.equal(heard, 'grün€');
  });

  it('does not grow with what a process prints', async () => {
    const before = process.memoryUsage().rss;
    let most = 0;
    const result = await node(
      `const block = Buffer.alloc(1 << 20, 'x'); let left = 512;
       const go = () => { while (left-- > 0) if (!process.stdout.write(block)) return process.stdout.once('drain', go); }; go()`,
      {
        keep: 1000,
        onOutput: () => {
          most = Math.max(most, process.memoryUsage().rss);
        },
      },
    );
    assert.equal(result.output.length + result.dropped, 512 * (1 << 20));
    assert.ok(most - before < 200 * (1 << 20), `grew by ${(most - before) >> 20} MB`);
  });

  it('keeps secrets back and switches phoning home off', async () => {
    const env = childEnvironment(
      {
        PATH: '/bin',
        NODE_OPTIONS: '--max-old-space-size=100',
        CONCLAVE_STORE: 'redis://:secret@localhost',
        GITHUB_TOKEN: 's',
        OPENAI_API_KEY: 's',
        db_password: 's',
        TOKENIZERS_PARALLELISM: 'false',
        GIT_INDEX_FILE: '/home/me/project/.git/index',
        NPM_CONFIG_OFFLINE: 'false',
        GOPROXY: 'https://proxy.example',
      },
      { CI: 'no', EXTRA_TOKEN: 'given on purpose' },
    );
    assert.equal(env.PATH, '/bin');
    assert.equal(env.NODE_OPTIONS, '--max-old-space-size=100');
    assert.equal(env.TOKENIZERS_PARALLELISM, 'false');
    for (const name of ['CONCLAVE_STORE', 'GITHUB_TOKEN', 'OPENAI_API_KEY', 'db_password', 'GIT_INDEX_FILE']) {
      assert.equal(env[name], undefined, name);
    }
    assert.equal(env.NPM_CONFIG_OFFLINE, undefined);
    assert.equal(env.npm_config_offline, 'true');
    assert.equal(env.GOPROXY, 'off');
    assert.equal(env.CI, 'no');
    assert.equal(env.EXTRA_TOKEN, 'given on purpose');

    const result = await node(`console.log(process.env.NO_COLOR, process.env.DO_NOT_TRACK, process.env.MINE)`, {
      env: { MINE: 'mine' },
    });
    assert.equal(result.output, '1 1 mine\n');
  });

  /** A child that starts a grandchild (in its own group or not), both deaf to SIGTERM; both pids are printed. */
  const family = (grandchild: { detached: boolean }) => `
    process.on('SIGTERM', () => {});
    const deaf = "process.on('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1000)";
    const child = require('node:child_process').spawn(process.execPath, ['-e', deaf], { detached: ${grandchild.detached}, stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.once('data', () => console.log(process.pid, child.pid));
    setInterval(() => {}, 1000);`;

  for (const detached of [false, true]) {
    it(`ends the whole tree on abort${detached ? ', with a grandchild that left the process group' : ''}`, async function () {
      if (detached && !posix) this.skip();
      const stop = new AbortController();
      let heard = '';
      const reason = new Error('the user pressed stop');
      await assert.rejects(
        node(family({ detached }), {
          signal: stop.signal,
          onOutput: (text) => {
            heard += text;
            if (heard.includes('\n')) stop.abort(reason);
          },
        }),
        (error) => error === reason,
      );
      const pids = pidsIn(heard);
      assert.equal(pids.length, 2);
      await gone(pids);
    });
  }

  it('ends the whole tree on time-out and keeps what was said', async () => {
    const result = await node(family({ detached: false }), { timeout: 3000 });
    assert.equal(result.ended, 'timed_out');
    assert.equal(result.exitCode, null);
    const pids = pidsIn(result.output);
    assert.equal(pids.length, 2);
    await gone(pids);
  });

  it('lets a child that hears SIGTERM clean up', async function () {
    if (!posix) this.skip();
    const result = await nodeProcesses({ grace: MINUTE }).run(
      [
        process.execPath,
        '-e',
        `process.on('SIGTERM', () => { console.log('bye'); process.exit(0); }); setInterval(() => {}, 1000)`,
      ],
      { cwd: dir, signal: NEVER, timeout: 2000 },
    );
    assert.equal(result.ended, 'timed_out');
    assert.equal(result.output, 'bye\n');
  });

  it('does not wait for what a finished child left running, and ends it', async () => {
    const result = await node(
      `const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
       console.log(process.pid, child.pid); child.unref();`,
    );
    assert.equal(result.ended, 'exited');
    assert.equal(result.exitCode, 0);
    await gone(pidsIn(result.output));
  });

  it('says when a signal ended the child', async function () {
    if (!posix) this.skip();
    const result = await node(`process.kill(process.pid, 'SIGKILL')`);
    assert.equal(result.ended, 'signalled');
    assert.equal(result.exitCode, null);
  });

  it('refuses to start when already aborted', async () => {
    const reason = new Error('too late');
    await assert.rejects(node(`console.log(1)`, { signal: AbortSignal.abort(reason) }), (error) => error === reason);
  });

  for (const [how, end] of [
    ['process.exit', 'process.exit(0)'],
    ['SIGTERM', `process.kill(process.pid, 'SIGTERM')`],
    ['SIGINT', `process.kill(process.pid, 'SIGINT')`],
  ] as const) {
    it(`takes its children along when our own process ends by ${how}`, async function () {
      if (!posix) this.skip();
      const said = join(dir, 'pids');
      const host = join(dir, 'host.mts');
      await writeFile(
        host,
        `import { writeFileSync } from 'node:fs';
         import { nodeProcesses } from ${JSON.stringify(new URL('../../src/node/processes.ts', import.meta.url).href)};
         let heard = '';
         nodeProcesses().run([process.execPath, '-e', ${JSON.stringify(family({ detached: true }))}], {
           cwd: ${JSON.stringify(dir)}, signal: new AbortController().signal, timeout: 60000,
           onOutput: (text) => { heard += text; if (heard.includes('\\n')) { writeFileSync(${JSON.stringify(said)}, heard); ${end}; } },
         });`,
      );
      const tsx = pathToFileURL(join(process.cwd(), 'node_modules/tsx/dist/loader.mjs')).href;
      const child = spawn(process.execPath, ['--import', tsx, host], { stdio: 'inherit' });
      const signalName = await new Promise((resolve) => child.once('exit', (_code, name) => resolve(name)));
      assert.equal(signalName, how.startsWith('SIG') ? how : null);
      await gone(pidsIn(await readFile(said, 'utf8')));
    });
  }
});

function pidsIn(text: string): number[] {
  return text.split(/\s+/).filter(Boolean).map(Number);
}

/** Dead, or a zombie that nobody has collected yet. */
async function gone(pids: number[]): Promise<void> {
  assert.ok(pids.length > 0);
  for (const pid of pids) {
    for (let tries = 0; await isRunning(pid); tries += 1) {
      assert.ok(tries < 100, `process ${pid} still runs`);
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
  }
}

async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) [ZX] /.test(stat);
}
