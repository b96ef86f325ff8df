import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';

/** What a server answered, as text: what is none is named, so that a model knows that it was there. */
export function resultText({ content, structuredContent }: CallToolResult): string {
  const parts = content.map((block) => {
    switch (block.type) {
      case 'text':
        return block.text;
      case 'image':
      case 'audio':
        return `[${block.type} (${block.mimeType}, ${bytesOf(block.data)} bytes): not shown]`;
      case 'resource':
        return 'text' in block.resource
          ? `${block.resource.uri}:\n${block.resource.text}`
          : `[resource ${block.resource.uri} (${block.resource.mimeType ?? 'unknown kind'}): not shown]`;
      case 'resource_link':
        return `[resource ${block.uri}: ${block.title ?? block.name}]`;
      default:
        return block satisfies never;
    }
  });
  const text = parts.join('\n').trim();
  if (text !== '') return text;
  return structuredContent === undefined ? '(nothing)' : JSON.stringify(structuredContent, undefined, 2);
}

function bytesOf(base64: string): number {
  return Math.floor((base64.length * 3) / 4);
}
