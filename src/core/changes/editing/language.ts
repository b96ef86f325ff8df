/** What the name of a file tells of how its lines are to be read. */
export interface Language {
  /** Whether a line holds a comment and nothing else. */
  isComment: (line: string) => boolean;
  /** Indentation is part of what it says. */
  isIndentationCode: boolean;
  /** `...` on a line of its own says something. */
  hasEllipsis: boolean;
  /** Fences are part of what it says. */
  isMarkdown: boolean;
}

const NEVER = /(?!)/;
const SLASHES = /^\s*(?:\/\/|\/\*|\*\/|\*(?:\s|$))/;
const HASH = /^\s*#/;
/** A preprocessor's lines are code. */
const DASHES = /^\s*--/;
const MARKUP = /^\s*<!--.*-->\s*$/;
const SEMICOLON = /^\s*[;#]/;

const COMMENTS: readonly (readonly [RegExp, RegExp])[] = [
  [
    /\.(?:[cm]?[jt]sx?|java|kts?|go|rs|cc?|cpp|cxx|hh?|hpp|cs|swift|scala|dart|php|proto|json[c5]|scss|less|vue|svelte|groovy|gradle)$/i,
    SLASHES,
  ],
  [/\.css$/i, /^\s*(?:\/\*|\*\/|\*(?:\s|$))/],
  [
    /(?:\.(?:py|pyi|rb|sh|bash|zsh|ya?ml|toml|r|pl|cmake|tf|conf|nix|ex|exs|jl|coffee|gd)|(?:^|\/)(?:Makefile|Dockerfile|\.\w+ignore|\.env[\w.]*))$/i,
    HASH,
  ],
  [/\.(?:sql|lua|hs|elm)$/i, DASHES],
  [/\.(?:html?|xml|svg|xhtml)$/i, MARKUP],
  [/\.(?:ini|cfg|properties)$/i, SEMICOLON],
];

const INDENTATION_CODE = /(?:\.(?:pyi?|ya?ml|coffee|haml|pug|jade|sass|styl|nim|hs|elm|gd|fs|slim)|(?:^|\/)Makefile)$/i;
const MARKDOWN = /\.(?:md|mdx|markdown|rst|adoc|asciidoc|txt)$/i;

/** @param path of the file, forward slashes */
export function languageOf(path: string): Language {
  const comment = COMMENTS.find(([files]) => files.test(path))?.[1] ?? NEVER;
  const isMarkdown = MARKDOWN.test(path);
  return {
    isComment: (line) => comment.test(line),
    isIndentationCode: INDENTATION_CODE.test(path),
    hasEllipsis: isMarkdown || /\.(?:pyi?|ya?ml|r)$/i.test(path),
    isMarkdown,
  };
}
