/**
 * Markdown of models, as HTML that cannot do anything: no HTML of theirs, no images (they would be loaded), and links
 * only as addresses that the host is asked to open.
 */
import MarkdownIt from 'markdown-it';
import { highlighted } from './highlight.ts';
import { placeOf } from './places.ts';

const markdown = new MarkdownIt({ html: false, linkify: true, breaks: false, highlight: highlighted });
// Only addresses with a scheme: "app.ts" is a file and no host in Turkmenistan.
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });

const { escapeHtml } = markdown.utils;

markdown.renderer.rules.image = (tokens, index) => {
  const token = tokens[index];
  return `<span class="image-text">${escapeHtml(token?.content ?? '')}</span>`;
};
markdown.renderer.rules.link_open = (tokens, index) => {
  const href = String(tokens[index]?.attrGet('href') ?? '');
  const place = /^[a-z][a-z0-9+.-]*:/i.test(href) ? undefined : placeOf(decoded(href));
  return place === undefined
    ? `<a href="#" data-href="${escapeHtml(href)}" title="${escapeHtml(href)}">`
    : placeLink(place.path, place.line);
};
markdown.renderer.rules.code_inline = (tokens, index) => {
  const content = tokens[index]?.content ?? '';
  const code = `<code>${escapeHtml(content)}</code>`;
  const place = placeOf(content);
  return place === undefined ? code : `${placeLink(place.path, place.line)}${code}</a>`;
};
markdown.renderer.rules.fence = (tokens, index) => {
  const token = tokens[index];
  const language = token?.info.trim().split(/\s+/)[0] ?? '';
  return `<pre class="code" tabindex="0"><code>${highlighted(token?.content ?? '', language)}</code></pre>`;
};
// A wide table scrolls by itself; the chat does not.
markdown.renderer.rules.table_open = () => '<div class="wide" tabindex="0"><table>';
markdown.renderer.rules.table_close = () => '</table></div>';

export function markdownToHtml(text: string): string {
  return markdown.render(text);
}

function placeLink(path: string, line: number | undefined): string {
  return `<a href="#" class="place" data-path="${escapeHtml(path)}"${line === undefined ? '' : ` data-line="${line}"`}>`;
}

function decoded(href: string): string {
  try {
    return decodeURI(href);
  } catch {
    return href;
  }
}
