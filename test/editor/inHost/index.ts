import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Mocha from 'mocha';

/** What one test came to, by the name of its file without extension. */
export interface InHostTest {
  file: string;
  title: string;
  /** What failed; undefined where nothing did. */
  error?: string;
}

/** What is written to CONCLAVE_IN_HOST_RESULTS. */
export interface InHostResults {
  tests: InHostTest[];
  /** Failed tests and hooks. */
  failures: number;
}

/**
 * What VS Code calls inside its extension host: runs every test file beside this one.
 * @throws where a test failed or there was none, which becomes the editor's exit status
 */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 30_000, forbidOnly: true });
  // By name, so that activation.test.ts sees the window as it comes up.
  for (const file of readdirSync(__dirname).sort()) {
    if (file.endsWith('.test.cjs')) mocha.addFile(join(__dirname, file));
  }
  const results = await runMocha(mocha);
  const to = process.env.CONCLAVE_IN_HOST_RESULTS;
  if (to !== undefined) {
    writeFileSync(`${to}.part`, JSON.stringify(results));
    renameSync(`${to}.part`, to);
  }
  if (results.tests.length === 0) throw new Error('There was no test to run.');
  if (results.failures > 0) throw new Error(`${results.failures} of ${results.tests.length} tests failed.`);
}

function runMocha(mocha: Mocha): Promise<InHostResults> {
  return new Promise((resolve) => {
    const tests: InHostTest[] = [];
    const add = (test: Mocha.Runnable, error?: Error): void => {
      const file = test.file?.replace(/^.*[\\/]/, '').replace(/\.test\.cjs$/, '') ?? '';
      tests.push({ file, title: test.fullTitle(), ...(error && { error: error.stack ?? String(error) }) });
    };
    mocha
      .run((failures) => resolve({ tests, failures }))
      .on('pass', (test) => add(test))
      .on('fail', (test, error) => {
        add(test, error);
        // Mocha tells of it at the end, which a window that hangs never reaches.
        console.error(error.stack ?? String(error));
      })
      .on('pending', (test) => add(test, new Error('was skipped: nothing is skipped inside the host')));
  });
}
