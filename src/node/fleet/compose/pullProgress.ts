/** What is known of one layer of an image, in bytes. */
interface Layer {
  done: number;
  total: number;
}

/**
 * Reads the lines of `docker compose pull` in plain progress: "5c32499ab806 Downloading [==>  ]  1.2MB/30MB".
 * @returns of each line, how much of what is known to be fetched is here, from 0 to 100; undefined while nothing is known
 */
export function pullProgress(): (line: string) => number | undefined {
  const layers = new Map<string, Layer>();
  let shown = 0;
  return (line) => {
    const [, id, status, bar] = LAYER.exec(line) ?? [];
    if (id !== undefined && status !== undefined) {
      const layer = layers.get(id) ?? { done: 0, total: 0 };
      const [, done, total] = BYTES.exec(bar ?? '') ?? [];
      if (status === 'Downloading' && done !== undefined && total !== undefined) {
        layers.set(id, { done: bytesIn(done), total: bytesIn(total) });
      } else if (status !== 'Downloading') {
        layers.set(id, { ...layer, done: layer.total });
      }
    }
    const sum = (of: (layer: Layer) => number): number => [...layers.values()].reduce((all, one) => all + of(one), 0);
    const total = sum((layer) => layer.total);
    // Layers become known one by one: it must not go backwards.
    if (total > 0) shown = Math.max(shown, Math.floor((100 * sum((layer) => layer.done)) / total));
    return total === 0 ? undefined : shown;
  };
}

const LAYER = /^\s*([0-9a-f]{12})\s+(Downloading|Download complete|Verifying Checksum|Extracting|Pull complete)\b(.*)$/;
const BYTES = /([\d.]+\s?[kKMGT]?i?B)\/([\d.]+\s?[kKMGT]?i?B)/;
const UNITS = ['', 'K', 'M', 'G', 'T'];

function bytesIn(text: string): number {
  const [, number, unit = ''] = /^([\d.]+)\s?([kKMGT]?)/.exec(text) ?? [];
  return Number(number) * 1000 ** UNITS.indexOf(unit.toUpperCase());
}

/**
 * How far the fetching of weights is, from what Hugging Face's bars say: of all files where that is told, else of one.
 * @param line bars in it are parted by carriage returns; the last counts
 */
export function weightsProgress(line: string): number | undefined {
  const bars = line.split('\r').toReversed();
  for (const pattern of [/Fetching \d+ files:\s+(\d+)%/, /:\s+(\d+)%\|/]) {
    for (const bar of bars) {
      const percent = pattern.exec(bar)?.[1];
      if (percent !== undefined) return Math.min(100, Number(percent));
    }
  }
  return undefined;
}
