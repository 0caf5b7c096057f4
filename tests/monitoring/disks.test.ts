import test from 'ava'
import { diskMounts, readDisks } from '../../api/monitoring/disks.ts'

const procMounts = `proc /proc proc rw 0 0
overlay / overlay rw,lowerdir=/a 0 0
tmpfs /run tmpfs rw 0 0
/dev/loop3 /snap/core/1 squashfs ro 0 0
/dev/loop4 /mnt/image ext4 rw 0 0
/dev/sda1 /etc/hosts ext4 rw 0 0
/dev/sda1 /var/lib/docker ext4 rw 0 0
/dev/sda1 /data ext4 rw 0 0
nas:/share /mnt/nas nfs4 rw 0 0
/dev/sdb1 /mnt/my\\040disk xfs rw 0 0
`

test('lists only filesystems on local disks, shortest path first, with decoded paths', (t) => {
  t.deepEqual(
    diskMounts(procMounts).map(({ source, mount }) => [source, mount]),
    [
      ['/dev/sda1', '/data'],
      ['/dev/sda1', '/etc/hosts'],
      ['/dev/sdb1', '/mnt/my disk'],
      ['/dev/sda1', '/var/lib/docker'],
    ],
  )
})

test('empty input gives no mounts', (t) => {
  t.deepEqual(diskMounts(''), [])
  t.deepEqual(diskMounts('\n\n'), [])
})

test('this machine has at least one disk, and each is listed once', async (t) => {
  const disks = await readDisks()
  t.true(disks.length >= 1)
  t.is(new Set(disks.map(({ mount }) => mount)).size, disks.length)
  for (const { mount, filesystem, totalBytes, usedBytes } of disks) {
    t.true(mount.startsWith('/'))
    t.false(['overlay', 'tmpfs', 'squashfs'].includes(filesystem))
    t.true(usedBytes > 0 && usedBytes <= totalBytes)
  }
})
