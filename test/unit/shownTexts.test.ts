import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ENGLISH, englishBundle } from '../support/shownTexts.ts';

/** Languages beside English. */
const LANGUAGES = ['de', 'fr'];

const bundle = (file: string): Record<string, string> =>
  JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;

describe('texts that are shown', () => {
  const texts = englishBundle();

  it('are all in the English bundle, and nothing else is (npm run l10n writes it)', () => {
    assert.ok(Object.keys(texts).length > 100);
    assert.deepEqual(bundle(ENGLISH), texts);
  });

  for (const language of LANGUAGES) {
    it(`are all translated (${language}), with the same places to fill in`, () => {
      const translated = bundle(`l10n/bundle.l10n.${language}.json`);
      assert.deepEqual(Object.keys(translated).sort(), Object.keys(texts).sort());
      const places = (text: string): string => (text.match(/\{\d+\}/g) ?? []).sort().join(' ');
      const wrong = Object.entries(translated).filter(
        ([text, words]) => words.trim() === '' || places(words) !== places(text),
      );
      assert.deepEqual(wrong, []);
    });
  }

  for (const language of LANGUAGES) {
    it(`of the manifest are all translated (${language})`, () => {
      const english = bundle('package.nls.json');
      const translated = bundle(`package.nls.${language}.json`);
      assert.deepEqual(Object.keys(translated).sort(), Object.keys(english).sort());
      assert.deepEqual(
        Object.entries(translated).filter(([, words]) => words.trim() === ''),
        [],
      );
    });
  }

  it('of the manifest are those that it asks for', () => {
    const asked = readFileSync('package.json', 'utf8').match(/(?<=")%[^%"]+%(?=")/g) ?? [];
    assert.ok(asked.length > 50);
    assert.deepEqual(
      [...new Set(asked.map((text) => text.slice(1, -1)))].sort(),
      Object.keys(bundle('package.nls.json')).sort(),
    );
  });
});
