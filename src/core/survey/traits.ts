import { isTestFile, languageOf } from '../tools/languages.ts';
import { isManifest } from '../tools/manifests/manifests.ts';
import { isDocument } from './passages.ts';

/** What a file's path tells. */
export interface Traits {
  /** Undefined for what is in none that we know. */
  language: string | undefined;
  /** A program's. */
  isCode: boolean;
  isTest: boolean;
  isDocument: boolean;
  isManifest: boolean;
  /** Named as a program's beginning usually is. */
  isEntry: boolean;
}

/** Languages of data and texts. */
const NO_CODE = new Set(['HTML', 'CSS', 'Markdown', 'reStructuredText', 'JSON', 'YAML', 'TOML', 'XML', 'SQL']);
const ENTRY = /(^|\/)(main|index|app|server|cli|extension|__main__|manage|lib|mod|Program|Main)\.\w+$/;

export function traitsOf(path: string): Traits {
  const language = languageOf(path);
  const isCode = language !== undefined && !NO_CODE.has(language);
  const isTest = isTestFile(path);
  return {
    language,
    isCode,
    isTest,
    isDocument: isDocument(path),
    isManifest: isManifest(path),
    isEntry: isCode && !isTest && ENTRY.test(path) && path.split('/').length <= 4,
  };
}
