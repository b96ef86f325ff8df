import { readFileSync } from 'node:fs';
import { createVSIX } from '@vscode/vsce';

// `npm run package`: dist/ as it was built, and what else `files` in package.json names, as one .vsix; by vsce's
// functions, because its command line asks the registry whether there is a newer vsce.
const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));
const packagePath = process.argv[2] ?? `${name}-${version}.vsix`;

await createVSIX({
  packagePath,
  // Everything that runs is in the bundles.
  dependencies: false,
  allowMissingRepository: true,
  // The README's pictures are in the package.
  rewriteRelativeLinks: false,
});
