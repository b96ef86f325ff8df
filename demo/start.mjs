// `npm start`: the demo in the terminal (`conclave demo` and its options); with --editor, in a real editor.
if (process.argv[2] === '--editor') {
  const { register } = await import('tsx/esm/api');
  register();
  const { openInEditor } = await import('./editor.ts');
  process.exitCode = await openInEditor(process.argv[3]);
} else {
  process.argv.splice(2, 0, 'demo');
  await import('../dist/cli.js');
}
