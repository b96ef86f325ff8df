/** POST /v1/audio/transcriptions */

import { badRequest } from './refusals.ts';
import { replyText } from './reply.ts';
import { type Exchange, type Outcome, type RoleServer, refuse, sendJson } from './roleServer.ts';

/** How audio files begin: WAV, FLAC, Ogg, MP3 (tagged or not), WebM; MP4 and M4A have "ftyp" after four bytes. */
const BEGINNINGS = ['RIFF', 'fLaC', 'OggS', 'ID3', '\xff\xfb', '\xff\xf3', '\x1a\x45\xdf\xa3'];

/** Answers with the text that the script has for a file of this name. */
export async function serveTranscription(
  server: RoleServer,
  exchange: Exchange,
  body: Buffer,
  contentType: string,
): Promise<Outcome> {
  const { record, response } = exchange;
  const form = await readForm(body, contentType);
  const file = form?.get('file');
  if (!form || !(file instanceof Blob)) return refuse(exchange, badRequest('Field required', 'file'));
  record.body = { file: file.name, bytes: file.size, model: form.get('model'), language: form.get('language') };
  const start = Buffer.from(await file.slice(0, 8).arrayBuffer()).toString('latin1');
  if (!BEGINNINGS.some((beginning) => start.startsWith(beginning)) && !start.startsWith('ftyp', 4)) {
    return refuse(exchange, badRequest('Invalid or unsupported audio file.'));
  }
  const match = server.matcher.transcription(file.name);
  if (match === undefined) {
    const problem = `No reply in the script of the ${server.role} matches the audio file "${file.name}".`;
    server.unmatched(problem);
    return refuse(exchange, badRequest(problem));
  }
  record.reply = match.name;
  const text = replyText(match.replies[0] ?? {});
  if (form.get('response_format') === 'text') response.writeHead(200, { 'content-type': 'text/plain' }).end(text);
  else sendJson(response, 200, { text, usage: { type: 'duration', seconds: Math.ceil(file.size / 32_000) } });
  return 'served';
}

async function readForm(body: Buffer, contentType: string): Promise<FormData | undefined> {
  try {
    return await new Response(body, { headers: { 'content-type': contentType } }).formData();
  } catch {
    // Not multipart: the caller says what is missing.
    return undefined;
  }
}
