/** The command lines of the editors that we run in, in the order in which they are looked for. */
export const EDITOR_COMMANDS = ['code', 'windsurf', 'devin', 'codium', 'cursor'] as const;

/** Where the sample is opened: in an editor of the user's, or in the one that the tests use, which a browser shows. */
export type EditorChoice =
  | { kind: 'own'; name: string; program: string }
  | { kind: 'browser'; because: string }
  | { kind: 'none'; message: string };

/**
 * @param wanted one of the commands, or "browser"; undefined takes the first editor that is there, else "browser"
 * @param find absolute path of a command; undefined where there is none
 */
export function chooseEditor(wanted: string | undefined, find: (command: string) => string | undefined): EditorChoice {
  const names = EDITOR_COMMANDS.join(', ');
  if (wanted === 'browser') return { kind: 'browser', because: 'as asked for' };
  if (wanted !== undefined && !EDITOR_COMMANDS.some((name) => name === wanted)) {
    return { kind: 'none', message: `--editor takes one of ${names} or browser, not "${wanted}".` };
  }
  for (const name of wanted === undefined ? EDITOR_COMMANDS : [wanted]) {
    const program = find(name);
    if (program !== undefined) return { kind: 'own', name, program };
  }
  if (wanted === undefined) return { kind: 'browser', because: `none of ${names} is on PATH` };
  const how = `In that editor, run "Shell Command: Install '${wanted}' command in PATH", or leave the name out.`;
  return { kind: 'none', message: `There is no command "${wanted}" on PATH. ${how}` };
}

/** What installs the extension in an editor of the user's, and what opens the folder then: arguments of its command. */
export function editorArguments(vsix: string, folder: string): { install: string[]; open: string[] } {
  return { install: ['--install-extension', vsix, '--force'], open: ['--new-window', folder] };
}

/**
 * Finds a command as a shell would.
 * @param env PATH, and on Windows PATHEXT
 * @param isFile whether there is a file at an absolute path
 */
export function commandOnPath(
  command: string,
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
  isFile: (path: string) => boolean,
): string | undefined {
  const isWindows = platform === 'win32';
  const [delimiter, separator] = isWindows ? [';', '\\'] : [':', '/'];
  // Windows runs no file without one of these.
  const extensions = isWindows ? (env.PATHEXT ?? '.COM;.EXE;.BAT;.CMD').split(';') : [''];
  for (const folder of (env.PATH ?? env.Path ?? '').split(delimiter).filter((one) => one !== '')) {
    for (const extension of extensions) {
      const path = `${folder}${separator}${command}${extension.toLowerCase()}`;
      if (isFile(path)) return path;
    }
  }
  return undefined;
}
