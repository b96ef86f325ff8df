/** POST /v1/audio/transcriptions */
import { randomUUID } from 'node:crypto';
import { badRequest, noSuchModel, UNEXPECTED } from './refusals.ts';
import { replyText } from './reply.ts';
import { type Exchange, type Outcome, type RoleServer, refuse, sendJson } from './roleServer.ts';

/** How audio files begin: WAV, FLAC, Ogg, MP3 (tagged or not), WebM; MP4 and M4A have "ftyp" after four bytes. */
const BEGINNINGS = ['RIFF', 'fLaC', 'OggS', 'ID3', '\xff\xfb', '\xff\xf3', '\x1a\x45\xdf\xa3'];

/** Bytes of a second of speech, as WAV has it. */
const SECOND = 32_000;

/** Answers with the text that the script has for a file of this name. */
export async function serveTranscription(
  server: RoleServer,
  exchange: Exchange,
  body: Buffer,
  contentType: string,
): Promise<Outcome> {
  const { record, response } = exchange;
  const isVllm = server.traits.transcriber === 'vLLM';
  const form = await readForm(body, contentType);
  const file = form?.get('file');
  if (!form || !(file instanceof Blob)) return refuse(exchange, badRequest('Field required', 'file'));
  const model = form.get('model');
  record.body = { file: file.name, bytes: file.size, model, language: form.get('language') };
  if (isVllm && model !== null && model !== server.model) return refuse(exchange, noSuchModel(String(model)));
  const start = Buffer.from(await file.slice(0, 8).arrayBuffer()).toString('latin1');
  if (!BEGINNINGS.some((beginning) => start.startsWith(beginning)) && !start.startsWith('ftyp', 4)) {
    return refuse(exchange, isVllm ? badRequest('Invalid or unsupported audio file.') : UNEXPECTED);
  }
  const match = server.matcher.transcription(file.name);
  if (match === undefined) {
    const problem = `No reply in the script of the ${server.role} matches the audio file "${file.name}".`;
    server.unmatched(problem);
    return refuse(exchange, badRequest(problem));
  }
  record.reply = match.name;
  const text = replyText(match.replies[0] ?? {});
  if (isVllm && form.get('stream') === 'true') {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).end(streamed(text, server.model));
    return 'served';
  }
  const seconds = file.size / SECOND;
  switch (form.get('response_format')) {
    case 'text':
      response.writeHead(200, { 'content-type': 'text/plain' }).end(text);
      break;
    case 'verbose_json': {
      const language = String(form.get('language') ?? 'en');
      // Without words, whatever granularity was asked for.
      const segments = [{ id: 0, start: 0, end: seconds, text }];
      sendJson(response, 200, { text, language, duration: seconds, segments, words: null });
      break;
    }
    default:
      sendJson(response, 200, {
        text,
        ...(isVllm ? { usage: { type: 'duration', seconds: Math.ceil(seconds) } } : {}),
      });
  }
  return 'served';
}

/** The events of a text that comes word by word. */
function streamed(text: string, model: string): string {
  const head = { id: `trsc-${randomUUID()}`, object: 'transcription.chunk', created: 0, model };
  const chunk = (content: string, finish: string | null): string =>
    JSON.stringify({ ...head, choices: [{ delta: { content }, finish_reason: finish, stop_reason: null }] });
  const events = [...(text.match(/\s*\S+/g) ?? []).map((word) => chunk(word, null)), chunk('', 'stop'), '[DONE]'];
  return events.map((event) => `data: ${event}\n\n`).join('');
}

async function readForm(body: Buffer, contentType: string): Promise<FormData | undefined> {
  try {
    return await new Response(body, { headers: { 'content-type': contentType } }).formData();
  } catch {
    // Not multipart: the caller says what is missing.
    return undefined;
  }
}
