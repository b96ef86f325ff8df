import { once } from 'node:events';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { execa } from 'execa';
import { copySample } from '../src/node/demo.ts';
import { startHost } from '../test/editor/host.ts';
import { editorToFetch, fetchEditor, noEditor } from '../test/editor/installation.ts';
import { packExtension } from '../test/editor/vsix.ts';
import { RegistryUnreachable } from '../test/support/cache.ts';
import { chooseEditor, commandOnPath, editorArguments } from './editorChoice.ts';

/**
 * `npm start -- --editor [NAME]`: a real editor with the extension, as it was just built, on a copy of the sample project.
 * An editor of the user's opens and stays; the one in a browser runs until Ctrl-C. Wants to be called in the checkout.
 * @param wanted see chooseEditor
 * @returns the exit status
 */
export async function openInEditor(wanted: string | undefined): Promise<number> {
  const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  const choice = chooseEditor(wanted, (command) => commandOnPath(command, process.env, process.platform, isFile));
  switch (choice.kind) {
    case 'none':
      console.error(choice.message);
      return 2;
    case 'own':
      return openOwn(choice.name, choice.program);
    case 'browser':
      return openInBrowser(choice.because);
    default:
      return choice satisfies never;
  }
}

async function openOwn(name: string, program: string): Promise<number> {
  console.log(`Opening the sample project in "${name}" (${program}), with the extension installed there.`);
  const folder = await sample();
  const { install, open } = editorArguments(await packExtension(), folder);
  for (const args of [install, open]) {
    const result = await execa(program, args, { reject: false, stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' });
    if (result.failed) {
      console.error(`"${name} ${args.join(' ')}" failed: ${result.shortMessage}\nTry: npm start -- --editor browser`);
      return 1;
    }
  }
  console.log(`Its Conclave view is in the activity bar; "Try the demo" needs no models. The project: ${folder}`);
  console.log(`To remove the extension again: ${name} --uninstall-extension conclave.conclave`);
  return 0;
}

async function openInBrowser(because: string): Promise<number> {
  const obstacle = noEditor();
  if (obstacle !== undefined) {
    console.error(
      `There is no editor to open (${because}), and ${obstacle}.\nInstall VS Code with its command "code".`,
    );
    return 1;
  }
  console.log(`The editor is VS Code in a browser (code-server): ${because}.`);
  const toFetch = editorToFetch('current');
  if (toFetch !== undefined) console.log(`Fetching ${toFetch.what} from npm into ${toFetch.folder}, once.`);
  // From here on: whatever was begun is ended on Ctrl-C.
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  const editor = await fetchEditor('current').catch((error: unknown) => {
    if (error instanceof RegistryUnreachable) return undefined;
    throw error;
  });
  if (editor === undefined) {
    console.error('The package registry cannot be reached. Try again with a network, or install VS Code ("code").');
    return 1;
  }
  const folder = await sample();
  const models = Object.entries(process.env).filter(([name]) => name.startsWith('CONCLAVE_'));
  const host = await startHost(editor, {
    vsix: await packExtension(),
    env: Object.fromEntries(models.map(([name, value]) => [name, value ?? ''])),
  });
  try {
    console.log(`\nOpen ${host.url}/?folder=${encodeURIComponent(folder)}`);
    console.log('The Conclave view is in the activity bar; "Try the demo" needs no models. Ctrl-C ends the editor.');
    const stopped = stop.signal.aborted ? Promise.resolve() : once(stop.signal, 'abort');
    const hasEnded = await Promise.race([host.ended.then(() => true), stopped.then(() => false)]);
    if (!hasEnded) return 0;
    console.error(`The editor ended by itself. It printed:\n${host.log()}`);
    return 1;
  } finally {
    await host.stop();
  }
}

async function sample(): Promise<string> {
  return (await copySample(resolve('.'), AbortSignal.timeout(60_000))).workspace;
}
