import { basename, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Resource, TextResourceContents } from '@modelcontextprotocol/sdk/types.js';
import type { Workspace } from '../core/ports.ts';
import { maskFound } from '../core/secrets/maskForModels.ts';
import { realRoot } from '../node/paths.ts';
import { ResourceError } from './resourceError.ts';

/** The files of the workspace as resources: those that tools may read, and no others. */
export async function listedFiles(workspace: Workspace, signal: AbortSignal): Promise<Resource[]> {
  const folder = await realRoot(workspace.root);
  return (await workspace.list(signal)).map(({ path, bytes }) => ({
    uri: uriOf(folder, path),
    name: path,
    title: basename(path),
    mimeType: mimeTypeOf(path),
    size: bytes,
  }));
}

/** A template that takes every path in the workspace. */
export async function fileTemplate(workspace: Workspace): Promise<string> {
  return `${uriOf(await realRoot(workspace.root), '')}{+path}`;
}

/** @throws ResourceError where there is no such file that may be read, and is text */
export async function readFileResource(uri: string, workspace: Workspace): Promise<TextResourceContents[]> {
  const path = await pathFrom(uri, workspace);
  const content = await workspace.read(path);
  switch (content.kind) {
    case 'text':
      return [{ uri, mimeType: mimeTypeOf(path), text: maskFound(content.text) }];
    case 'binary':
      throw new ResourceError(uri, `it is a binary file (${content.bytes} bytes); only text can be read`);
    case 'tooLarge':
      throw new ResourceError(uri, `it is too large (${content.bytes} bytes; the limit is 2 MB)`);
    case 'directory':
      throw new ResourceError(uri, 'it is a folder; the tool read_file shows its entries');
    case 'missing':
      throw new ResourceError(uri, 'there is no such file');
    case 'forbidden':
      throw new ResourceError(uri, content.reason);
    default:
      return content satisfies never;
  }
}

/**
 * The path of a file's URI, relative to the workspace: as it is written, so that the workspace judges it.
 * @throws ResourceError where it cannot be one
 */
export async function pathFrom(uri: string, workspace: Workspace): Promise<string> {
  let absolute: string;
  try {
    absolute = fileURLToPath(uri);
  } catch (cause) {
    throw new ResourceError(uri, 'it is no URI of a file on this machine', { cause });
  }
  for (const root of [await realRoot(workspace.root), workspace.root]) {
    const path = relative(root, absolute).replaceAll(sep, '/');
    if (path !== '..' && !path.startsWith('../') && !/^([a-z]:|\/)/i.test(path)) return path;
  }
  throw new ResourceError(uri, 'it is not in the workspace');
}

function uriOf(folder: string, path: string): string {
  const base = pathToFileURL(folder).href.replace(/\/$/, '');
  // As pathToFileURL does it: what means something in a URL is written otherwise.
  return `${base}/${path.split('/').map(encodeURIComponent).join('/')}`;
}

const MIME_TYPES: Readonly<Record<string, string>> = {
  css: 'text/css',
  csv: 'text/csv',
  htm: 'text/html',
  html: 'text/html',
  js: 'text/javascript',
  json: 'application/json',
  md: 'text/markdown',
  mjs: 'text/javascript',
  xml: 'application/xml',
  yaml: 'application/yaml',
  yml: 'application/yaml',
};

function mimeTypeOf(path: string): string {
  const ending = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  return MIME_TYPES[ending] ?? 'text/plain';
}
