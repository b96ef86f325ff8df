import { statfsSync } from 'node:fs';

/** File systems that others write to without this system's knowledge: NFS, SMB, CIFS, FUSE, 9p, virtiofs, AFS, Ceph. */
const REMOTE = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997, 0x6a656a63, 0x5346414f, 0x00c36400,
]);

/** Whether what is there lies on a disk of this machine alone. Known on Linux; elsewhere it is not said to be so. */
export function isOnLocalDisk(path: string): boolean {
  return process.platform === 'linux' && !REMOTE.has(statfsSync(path).type);
}
