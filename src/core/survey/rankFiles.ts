import { setImmediate } from 'node:timers/promises';
import { beginningOf, termsOf } from '../tools/words.ts';
import { eachInTurn } from './inTurn.ts';
import { type Links, offeredBy } from './links.ts';

/** What a walk along the imports goes on with; else it begins anew somewhere. */
const ONWARD = 0.85;
/** Near to what a query names, so that this itself comes before what it needs. */
const NEARBY = 0.4;
const STEPS = 10;
/** With more files than these, others get their turn between two steps. */
const LARGE = 20_000;
/** Of all that a walk begins with, what is for files that a query names. */
const FOR_QUERY = 0.75;
/** Files that need one that a query names are a part of what it is about. */
const FOR_USERS = 0.15;
const OF_TEST = 0.05;

/**
 * How much each file matters, by its id: a file that many files need, and these by others, is where a walk along the
 * imports often comes by (PageRank). A query has the walk begin at files that it names, by words of their paths and of
 * what they offer. The same links and query always give the same numbers.
 */
export async function rankFiles(links: Links, query: string | undefined, signal: AbortSignal): Promise<Float64Array> {
  const count = links.table.paths.length;
  const begin = anywhereIn(links);
  const outOf = needsOf(links);
  const focus = query === undefined ? undefined : await focusOf(links, query, signal);
  if (focus) mixIn(begin, focus, FOR_QUERY);
  const onward = focus ? NEARBY : ONWARD;
  let rank = begin.slice();
  let next = new Float64Array(count);
  for (let step = 0; step < STEPS; step += 1) {
    walkOn(links, { begin, outOf, onward, rank, next });
    [rank, next] = [next, rank];
    if (count > LARGE) {
      await setImmediate();
      signal.throwIfAborted();
    }
  }
  return rank;
}

// What goes through all numbers is in functions that do not wait: of one that does, V8 puts each number on its heap, 40 MB in all.

function anywhereIn({ table }: Links): Float64Array {
  const begin = new Float64Array(table.paths.length);
  for (let id = 0; id < begin.length; id += 1) begin[id] = table.isTest[id] ? OF_TEST : 1;
  normalise(begin);
  return begin;
}

/** How much each file needs, in all. */
function needsOf({ table, starts, weights }: Links): Float64Array {
  const outOf = new Float64Array(table.paths.length);
  for (let id = 0; id < outOf.length; id += 1) {
    let sum = 0;
    for (let at = starts[id] ?? 0; at < (starts[id + 1] ?? 0); at += 1) sum += weights[at] ?? 0;
    outOf[id] = sum;
  }
  return outOf;
}

/** @param share of the second, in what becomes of the first */
function mixIn(numbers: Float64Array, others: Float64Array, share: number): void {
  for (let id = 0; id < numbers.length; id += 1)
    numbers[id] = (1 - share) * (numbers[id] ?? 0) + share * (others[id] ?? 0);
}

/**
 * One step of all.
 * @param numbers.next what comes of it
 */
function walkOn(
  { starts, targets, weights }: Links,
  numbers: { begin: Float64Array; outOf: Float64Array; onward: number; rank: Float64Array; next: Float64Array },
): void {
  const { begin, outOf, onward, rank, next } = numbers;
  for (let id = 0; id < next.length; id += 1) next[id] = (begin[id] ?? 0) * (1 - onward);
  for (let id = 0; id < next.length; id += 1) {
    const sum = outOf[id] ?? 0;
    // Who needs nothing keeps what comes by: handing it to all would only blur the order.
    if (sum === 0) continue;
    const share = ((rank[id] ?? 0) * onward) / sum;
    const end = starts[id + 1] ?? 0;
    for (let at = starts[id] ?? 0; at < end; at += 1) {
      const target = targets[at] ?? 0;
      next[target] = (next[target] ?? 0) + share * (weights[at] ?? 0);
    }
  }
}

function normalise(numbers: Float64Array): boolean {
  let sum = 0;
  for (const number of numbers) sum += number;
  if (sum === 0) return false;
  for (let at = 0; at < numbers.length; at += 1) numbers[at] = (numbers[at] ?? 0) / sum;
  return true;
}

/** Undefined where nothing is named. */
async function focusOf(links: Links, query: string, signal: AbortSignal): Promise<Float64Array | undefined> {
  const { table, summaries } = links;
  const terms = termsOf(query);
  if (terms.length === 0) return undefined;
  const patterns = terms.map(beginningOf);
  const any = new RegExp(patterns.map(({ source }) => source).join('|'));
  const named = query.match(/[\w./-]+\.\w+/g) ?? [];
  const focus = new Float64Array(table.paths.length);
  const having = terms.map(() => 0);
  const hits: { id: number; found: number[] }[] = [];
  const look = (path: string, id: number): void => {
    const summary = summaries[id];
    if (any.test(path) || (summary && any.test(summary.names))) {
      const offered = summary ? offeredBy(summary) : '';
      const found = patterns.flatMap((pattern, at) => (pattern.test(path) || pattern.test(offered) ? [at] : []));
      for (const at of found) having[at] = (having[at] ?? 0) + 1;
      if (found.length > 0) hits.push({ id, found });
    }
    if (named.some((one) => path.endsWith(one) && (path === one || path.at(-one.length - 1) === '/'))) focus[id] = 100;
  };
  await eachInTurn(table.paths, look, signal);
  for (const { id, found } of hits) {
    const telling = found.reduce((sum, at) => sum + Math.log(1 + focus.length / (1 + (having[at] ?? 0))), 0);
    focus[id] = ((focus[id] ?? 0) + telling ** 2) * (table.isTest[id] ? OF_TEST : 1);
  }
  if (!normalise(focus)) return undefined;
  const users = usersInFocus(links, focus);
  if (normalise(users)) mixIn(focus, users, FOR_USERS);
  return focus;
}

/** For each file, how much what it needs is in focus. */
function usersInFocus({ starts, targets }: Links, focus: Float64Array): Float64Array {
  const users = new Float64Array(focus.length);
  for (let id = 0; id < focus.length; id += 1) {
    let sum = 0;
    for (let at = starts[id] ?? 0; at < (starts[id + 1] ?? 0); at += 1) sum += focus[targets[at] ?? 0] ?? 0;
    users[id] = sum;
  }
  return users;
}
