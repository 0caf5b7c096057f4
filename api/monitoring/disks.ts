import { readFile, stat, statfs } from 'node:fs/promises'
import si from 'systeminformation'
import { bounds, cut } from '../bounds.ts'
import type { NodeStats } from './node-stats.ts'

type Disk = NodeStats['disks'][number]

interface Mount {
  source: string
  mount: string
  filesystem: string
}

/**
 * Filesystems on this machine's own disks. An allowlist, so that network and FUSE filesystems are left out: querying one
 * whose server is gone never returns and blocks a thread of the pool.
 */
const diskFilesystems = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'zfs',
  'f2fs',
  'bcachefs',
  'jfs',
  'reiserfs',
  'vfat',
  'exfat',
  'ntfs',
  'ntfs3',
])

/** Lists each disk filesystem once, with sizes in bytes. Asks the kernel for totals and never walks a directory. */
export const readDisks = async (): Promise<Disk[]> => (process.platform === 'linux' ? disksOfLinux() : disksOfSystemInformation())

async function disksOfLinux(): Promise<Disk[]> {
  const byDevice = new Map<string, Mount[]>()
  for (const mount of diskMounts(await readFile('/proc/self/mounts', 'utf8'))) {
    const device = deviceOf(mount)
    byDevice.set(device, [...(byDevice.get(device) ?? []), mount])
  }
  const disks = await Promise.all([...byDevice.values()].map(firstReadable))
  return disks.filter((disk) => disk !== null).sort((a, b) => a.mount.localeCompare(b.mount))
}

/** Mounts of disk filesystems, shortest path first, so a device mounted at / and at /var/lib/x is shown as /. */
export function diskMounts(procMounts: string): Mount[] {
  return procMounts
    .split('\n')
    .map((line) => line.split(' '))
    .map(([source = '', mount = '', filesystem = '']) => ({ source, mount: decodePath(mount), filesystem }))
    .filter(({ source, filesystem }) => diskFilesystems.has(filesystem) && !source.startsWith('/dev/loop'))
    .sort((a, b) => a.mount.length - b.mount.length)
}

/** Datasets of a ZFS pool share its space, like mounts of one device. */
const deviceOf = ({ source, filesystem }: Mount): string => (filesystem === 'zfs' ? (source.split('/')[0] ?? source) : source)

/** proc(5): a space, tab, newline or backslash in a path is written as a backslash and three octal digits. */
const decodePath = (path: string): string => path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))

/** In a container, single files such as /etc/hosts are mounts of a disk too. Takes the first mount that is a folder. */
async function firstReadable(mounts: Mount[]): Promise<Disk | null> {
  for (const { mount, filesystem } of mounts) {
    const disk = await readDisk(mount, filesystem).catch(() => null)
    if (disk) return disk
  }
  return null
}

async function readDisk(mount: string, filesystem: string): Promise<Disk | null> {
  if (!(await stat(mount)).isDirectory()) return null
  const { bsize, blocks, bfree } = await statfs(mount)
  return blocks > 0 ? { ...named(mount, filesystem), totalBytes: blocks * bsize, usedBytes: (blocks - bfree) * bsize } : null
}

/** For developers on other systems. It spawns processes, so Linux does not use it. */
async function disksOfSystemInformation(): Promise<Disk[]> {
  const disks = await si.fsSize()
  const once = new Map(disks.map((disk) => [disk.fs, { ...named(disk.mount, disk.type), totalBytes: disk.size, usedBytes: disk.used }]))
  return [...once.values()]
}

const named = (mount: string, filesystem: string) => ({
  mount: cut(mount, bounds.stats.mount),
  filesystem: cut(filesystem, bounds.stats.filesystem),
})
