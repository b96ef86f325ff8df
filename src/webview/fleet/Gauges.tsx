import type { Vitals } from '../../shared/fleet.ts';
import { duration, number, percent, short, t } from '../l10n.ts';
import { linesOf, type Point, type Sample } from './history.ts';

interface Gauge {
  key: keyof Vitals;
  label: string;
  /** In words that stand for themselves: "48 tokens a second". */
  words: (value: number) => string;
  /** As it stands above the chart: a figure, and its unit. */
  figure: (value: number) => [string, string?];
  /** It is there now and then only, when something is asked: shown as dots. */
  isSparse?: true;
  /** The value at the top of the chart; absent: the largest there is. */
  ceiling?: number;
}

/** What a server is doing, as small charts of the last two minutes. */
export function Gauges({ title, samples, now }: { title: string; samples: readonly Sample[]; now: number }) {
  if (samples.length === 0) return <p class="quiet figures-none">{t('It tells no figures yet.')}</p>;
  return (
    <ul class="gauges" aria-label={t('What {0} is doing', title)}>
      {gauges().map((gauge) => (
        <GaugeView key={gauge.key} gauge={gauge} samples={samples} now={now} />
      ))}
    </ul>
  );
}

function GaugeView({ gauge, samples, now }: { gauge: Gauge; samples: readonly Sample[]; now: number }) {
  const { key, label, words, figure, ceiling, isSparse } = gauge;
  const value = latest(samples, key);
  const [number, unit] = value === undefined ? ['–'] : figure(value);
  const waiting = key === 'running' ? (latest(samples, 'waiting') ?? 0) : 0;
  const { lines, top } = linesOf(samples, key, now, ceiling ?? (key === 'running' ? busiest(samples) : undefined));
  const alternative =
    value === undefined
      ? t('{0}: not known', label)
      : t('{0}: {1} now, at most {2} in the last two minutes', label, words(value), words(highest(samples, key)));
  return (
    <li class="gauge" title={alternative}>
      <span class="gauge-label">{label}</span>
      <span class="gauge-value">
        {number}
        {unit !== undefined && <span class="unit"> {unit}</span>}
        {waiting > 0 && <span class="waiting"> {t('+{0} waiting', waiting)}</span>}
      </span>
      <svg
        class={`chart ${highest(samples, key) === 0 ? 'is-flat' : ''}`}
        viewBox="0 0 100 24"
        preserveAspectRatio="none"
        role="img"
        aria-label={alternative}
      >
        <path class="chart-ground" d="M0 23.5H100" />
        {key === 'running' && highest(samples, 'waiting') > 0 && (
          <Lines of={linesOf(samples, 'waiting', now, top).lines} kind="second" />
        )}
        <Lines of={lines} kind={isSparse ? 'sparse' : 'first'} />
      </svg>
    </li>
  );
}

function Lines({ of: lines, kind }: { of: Point[][]; kind: 'first' | 'second' | 'sparse' }) {
  return (
    <>
      {kind === 'first' &&
        lines
          .filter((line) => line.length > 1)
          .map((line) => <path key={`area ${line[0]?.x}`} class="chart-area" d={areaOf(line)} />)}
      {lines.map((line) => (
        <path key={`line ${line[0]?.x}`} class={`chart-line is-${kind}`} d={pathOf(line)} />
      ))}
    </>
  );
}

/** A chart's lines keep off its edges by half their width. */
function place({ x, y }: Point): string {
  return `${(x * 100).toFixed(2)} ${(23 - y * 21.5).toFixed(2)}`;
}

function pathOf(line: readonly Point[]): string {
  const path = `M${line.map(place).join('L')}`;
  // A line of no length is drawn as a dot.
  return line.length === 1 ? `${path}h0.01` : path;
}

function areaOf(line: readonly Point[]): string {
  const [first, last] = [line[0]?.x ?? 0, line.at(-1)?.x ?? 0];
  return `${pathOf(line)}L${(last * 100).toFixed(2)} 24L${(first * 100).toFixed(2)} 24Z`;
}

/** What was seen last: some figures are there only while something is asked. */
function latest(samples: readonly Sample[], key: keyof Vitals): number | undefined {
  return samples.findLast((sample) => sample[key] !== undefined)?.[key];
}

function highest(samples: readonly Sample[], key: keyof Vitals): number {
  return Math.max(0, ...samples.map((sample) => sample[key] ?? 0));
}

/** Running and waiting are on one scale. */
function busiest(samples: readonly Sample[]): number {
  return Math.max(1, highest(samples, 'running'), highest(samples, 'waiting'));
}

function gauges(): Gauge[] {
  const perSecond = (value: number): string => t('{0} tokens a second', short(value));
  const share = (value: number): string => percent(value, 1);
  return [
    { key: 'writing', label: t('Writes'), words: perSecond, figure: (value) => [short(value), t('tok/s')] },
    { key: 'reading', label: t('Reads'), words: perSecond, figure: (value) => [short(value), t('tok/s')] },
    {
      key: 'firstTokenMs',
      label: t('First token'),
      words: duration,
      figure: (value) => [duration(value)],
      isSparse: true,
    },
    { key: 'running', label: t('Requests'), words: (value) => number(value), figure: (value) => [number(value)] },
    { key: 'kvUse', label: t('KV cache'), words: share, figure: (value) => [share(value)], ceiling: 1 },
    {
      key: 'prefixHits',
      label: t('Prefix hits'),
      words: share,
      figure: (value) => [share(value)],
      ceiling: 1,
      isSparse: true,
    },
  ];
}
