/**
 * How much of a room each of several gets: who needs less than an equal share gets what it needs, and leaves the rest to
 * the others. In the order of `needs`; together never more than `room`.
 */
export function fairShares(needs: readonly number[], room: number): number[] {
  const shares = needs.map(() => 0);
  let left = room;
  const inOrder = needs.map((need, at) => ({ need, at })).sort((a, b) => a.need - b.need);
  for (const [index, { need, at }] of inOrder.entries()) {
    const share = Math.min(need, Math.floor(left / (needs.length - index)));
    shares[at] = share;
    left -= share;
  }
  return shares;
}
