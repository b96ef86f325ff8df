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
});
