/** Shares out the room that a message has among its parts, so that it always fits and no room is wasted. */
export interface Part {
  /** Stands on a line of its own above the text. */
  heading?: string;
  /** A part with an empty text is left out, its heading too. */
  text: string;
  /** Its claim on the room, relative to the claims of the others. What it does not need goes to them. */
  weight: number;
  /** What is done where its share is too small. */
  cut: Cut;
}

export type Cut =
  /** Its middle is left out; `rest` says how to see that, such as "read_file shows it". */
  | { kind: 'middle'; rest: string }
  /** All of it is left out; `instead` stands in its place, and says how to see it. */
  | { kind: 'whole'; instead: string };

const GAP = '\n\n';

/**
 * The parts as one text of at most `chars` characters. Where all fit, all are shown as they are; where they do not, each
 * gets its share by weight, and what short parts leave over goes to the long ones. Every cut is said in the text.
 */
export function shareRoom(parts: readonly Part[], chars: number): string {
  let shown = parts.filter(({ text }) => text !== '');
  for (;;) {
    const room = chars - GAP.length * (shown.length - 1);
    const shares = sharesOf(shown, room);
    const left = shown
      .map((part, index) => ({ part, lacks: sizeOf(part) - (shares[index] ?? 0) }))
      .filter(({ part, lacks }) => part.cut.kind === 'whole' && lacks > 0);
    if (left.length === 0) {
      return clip(shown.map((part, index) => rendered(part, shares[index] ?? 0)).join(GAP), chars);
    }
    // The one that lacks most goes first: that leaves room for most others.
    const worst = left.reduce((most, one) => (one.lacks > most.lacks ? one : most)).part;
    shown = shown.map((part) => (part === worst ? replaced(part) : part));
  }
}

/**
 * The text where it fits; else its beginning and its end, cut at line ends where they are near, and between them how
 * much is left out. Never longer than `chars`.
 * @param rest how to see what is left out
 */
export function clip(text: string, chars: number, rest = ''): string {
  if (text.length <= chars) return text;
  const notice = (left: number): string => `\n[… ${left} characters are left out${rest === '' ? '' : `: ${rest}`} …]\n`;
  const room = chars - notice(text.length).length;
  // Too little for saying it in words: the mark alone says that there was more.
  if (room < 2) return chars < 1 ? '' : `${withoutHalf(text.slice(0, Math.floor(chars) - 1))}…`;
  const head = wholeLinesFirst(text.slice(0, Math.ceil(room / 2)));
  const tail = wholeLinesLast(text.slice(text.length - Math.floor(room / 2)));
  return `${head}${notice(text.length - head.length - tail.length)}${tail}`;
}

/** Each part gets what it needs as long as that is not more than its share; the rest is shared out again. */
function sharesOf(parts: readonly Part[], room: number): number[] {
  const shares = parts.map(() => 0);
  let open = parts.map((part, index) => ({ index, size: sizeOf(part), weight: part.weight }));
  let left = Math.max(0, room);
  while (open.length > 0) {
    const weights = open.reduce((sum, { weight }) => sum + weight, 0);
    const share = (weight: number): number => (left * weight) / weights;
    // Asked first, because a share may be rounded to just below what it is.
    const allFit = open.reduce((sum, { size }) => sum + size, 0) <= left;
    const satisfied = allFit ? open : open.filter(({ size, weight }) => size <= share(weight));
    if (satisfied.length === 0) {
      for (const { index, weight } of open) shares[index] = Math.floor(share(weight));
      break;
    }
    for (const { index, size } of satisfied) {
      shares[index] = size;
      left -= size;
    }
    open = open.filter((one) => !satisfied.includes(one));
  }
  return shares;
}

function sizeOf(part: Part): number {
  return wholeText(part).length;
}

function wholeText({ heading, text }: Part): string {
  return heading === undefined ? text : `${heading}\n${text}`;
}

function rendered(part: Part, share: number): string {
  const whole = wholeText(part);
  if (whole.length <= share) return whole;
  const rest = part.cut.kind === 'middle' ? part.cut.rest : '';
  const above = part.heading === undefined ? '' : `${part.heading}\n`;
  return above.length < share ? above + clip(part.text, share - above.length, rest) : clip(whole, share, rest);
}

function replaced({ weight, cut }: Part): Part {
  return { text: cut.kind === 'whole' ? cut.instead : '', weight, cut: { kind: 'middle', rest: '' } };
}

/** Without a line's beginning at the end, where that is the smaller part. */
function wholeLinesFirst(text: string): string {
  const end = text.lastIndexOf('\n');
  return end > text.length / 2 ? text.slice(0, end) : withoutHalf(text);
}

function wholeLinesLast(text: string): string {
  const start = text.indexOf('\n') + 1;
  if (start > 0 && start < text.length / 2) return text.slice(start);
  return /^[\uDC00-\uDFFF]/.test(text) ? text.slice(1) : text;
}

/** Never the first half of a character alone. */
function withoutHalf(text: string): string {
  return /[\uD800-\uDBFF]$/.test(text) ? text.slice(0, -1) : text;
}
