/** Runs every SHARDS-th cell from INDEX on, several at a time: `node --import tsx shard.ts INDEX SHARDS [PART OF A NAME]`. A line of JSON each. */
import { allCells, type Cell } from './cells.ts';
import { runCell } from './runCell.ts';

const [index = '0', shards = '1', part = ''] = process.argv.slice(2);
const cells = allCells().filter(({ name }, at) => at % Number(shards) === Number(index) && name.includes(part));

// Where a server is silent or gone, a cell only waits: many of those at once, and the others beside them.
const isIdle = ({ name }: Cell): boolean => /hang|busy|drop|Error|deadEngine|malformed|endWithout/.test(name);
await Promise.all([
  inParallel(12, cells.filter(isIdle)),
  inParallel(
    3,
    cells.filter((cell) => !isIdle(cell)),
  ),
]);
process.exit();

async function inParallel(width: number, queue: Cell[]): Promise<void> {
  const work = async (): Promise<void> => {
    for (let cell = queue.shift(); cell; cell = queue.shift()) console.log(JSON.stringify(await runCell(cell)));
  };
  await Promise.all(Array.from({ length: width }, work));
}
