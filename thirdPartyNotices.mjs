// @ts-check
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * The text of THIRD_PARTY_NOTICES.txt: every package that went into the bundles, with its licence, word for word.
 * @param {import('esbuild').Metafile[]} metafiles what esbuild says went into each bundle
 * @param {string[]} copied files of packages that lie beside the bundles as they are
 * @returns {string}
 * @throws where a package names no licence or carries no licence text: such a package cannot be shipped
 */
export function thirdPartyNotices(metafiles, copied = []) {
  const folders = new Set([
    ...copied.flatMap(packageFolder),
    ...metafiles.flatMap(({ outputs }) =>
      // What was looked at but left out of the bundle needs no notice.
      Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs).flatMap(packageFolder)),
    ),
  ]);
  const notices = [...folders].map(noticeOf).sort((a, b) => (a.name < b.name ? -1 : 1));
  const texts = notices.map(({ name, licence, text }) => `${name}\nLicence: ${licence}\n\n${text}`);
  // The same package can be there twice: at the top and inside another that wants its own.
  return ['Conclave contains these packages of others.', ...new Set(texts)]
    .join(`\n\n${'-'.repeat(80)}\n\n`)
    .concat('\n');
}

/** @param {string} input @returns {string[]} the folder of the package that a bundled file belongs to; none for ours */
function packageFolder(input) {
  const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
  return found === undefined ? [] : [found];
}

/** @param {string} folder */
function noticeOf(folder) {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const name = `${manifest.name} ${manifest.version}`;
  const files = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)([.-].*)?$/i.test(file))
    .sort();
  if (typeof manifest.license !== 'string' || !files.some((file) => !/^notice/i.test(file))) {
    const lacking =
      typeof manifest.license === 'string' ? 'carries no licence file' : 'names no licence in package.json';
    throw new Error(`${name} (${folder}) went into a bundle but ${lacking}: use another package, or ask its author.`);
  }
  const text = files.map((file) => readFileSync(path.join(folder, file), 'utf8').trim()).join('\n\n');
  return { name, licence: manifest.license, text };
}
