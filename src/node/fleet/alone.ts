import { DriverError } from '../../core/fleet/driver.ts';
import { StoreError } from '../../core/store/storeError.ts';
import { openFileLeases } from '../fileStore/fileLeases.ts';

/** Milliseconds between two signs of life of whoever is at it. */
const RENEWAL = 10_000;

/**
 * Does what only one process may do at a time.
 * @param folder of Conclave's own about the fleet, absolute
 * @param options.what name of the lease
 * @param options.refusal what is told where somebody else is at it, whom it names
 * @throws DriverError where somebody else is at it, or that cannot be found out
 */
export async function alone<T>(
  folder: string,
  { what, refusal }: { what: string; refusal: (holder: string) => DriverError },
  work: () => Promise<T>,
): Promise<T> {
  const leases = openFileLeases(folder);
  const lease = await leases.acquire(what, 'conclave fleet').catch((error: unknown) => {
    if (error instanceof StoreError) throw new DriverError(error.message, error.remedy, { cause: error });
    throw error;
  });
  if ('heldBy' in lease) throw refusal(lease.heldBy);
  // A renewal that fails is told by the next one; and who does not renew only lets others in.
  const renewing = setInterval(() => void leases.renew(lease).catch(() => {}), RENEWAL);
  try {
    return await work();
  } finally {
    clearInterval(renewing);
    await leases.release(lease);
  }
}
