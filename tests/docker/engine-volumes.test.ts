import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import test from 'ava'
import Docker from 'dockerode'
import { systemClock } from '../../api/clock.ts'
import { createEngineVolumes } from '../../api/docker/engine-volumes.ts'
import { ensureTestImage, testImage, uniqueName } from '../helpers/docker.ts'

const docker = new Docker()
const signal = new AbortController().signal

test.before(async () => void (await ensureTestImage()))

/** Runs a shell command with the volume at /data. @returns what it wrote */
async function inVolume(volume: string, command: string): Promise<string> {
  const container = await docker.createContainer({
    ...{ Image: testImage, Cmd: ['sh', '-c', command], Tty: true },
    HostConfig: { Binds: [`${volume}:/data`], NetworkMode: 'none' },
  })
  try {
    const written = await container.attach({ stream: true, stdout: true, stderr: true })
    await container.start()
    return (await buffer(written)).toString().replaceAll('\r\n', '\n').trim()
  } finally {
    await container.remove({ force: true, v: true })
  }
}

function volumeOf(t: { teardown(end: () => Promise<unknown>): void }): string {
  const name = uniqueName()
  t.teardown(() => docker.getVolume(name).remove({ force: true }))
  return name
}

test('copies a volume with owners, modes, links and long names, and leaves no container behind', async (t) => {
  const volumes = createEngineVolumes({ clock: systemClock })
  const [from, to] = [volumeOf(t), volumeOf(t)]
  const long = 'n'.repeat(150)
  await volumes.create({ name: from, driver: 'local', options: {}, labels: { shtest: 'kept' } }, signal)
  t.like(await volumes.find(from, signal), { name: from, driver: 'local', labels: { shtest: 'kept' } })
  await inVolume(
    from,
    `cd /data && echo one > a && mkdir ${long} && echo two > ${long}/b && /bin/busybox chown 12:34 a . && /bin/busybox chmod 640 a && /bin/busybox chmod 1770 . && /bin/busybox ln -s a link`,
  )
  const archive = await volumes.read(from, testImage, signal, (stream) => buffer(stream))
  await volumes.create({ name: to, driver: 'local', options: {}, labels: {} }, signal)
  await volumes.write(to, testImage, Readable.from([archive]), signal)
  const list = `cd /data && /bin/busybox stat -c '%a %u:%g %F' . a link && cat a ${long}/b link`
  t.is(await inVolume(to, list), '1770 12:34 directory\n640 12:34 regular file\n777 0:0 symbolic link\none\ntwo\none')
  t.deepEqual(await docker.listContainers({ all: true, filters: { label: [`selfhostly.volume-copy=${from}`] } }), [])
})

test("says in the Engine's words why it cannot; a volume that is not there is no failure", async (t) => {
  const volumes = createEngineVolumes({ clock: systemClock })
  t.is(await volumes.find(uniqueName(), signal), null)
  await t.throwsAsync(
    volumes.read(uniqueName(), 'shtest/no-such-image', signal, () => Promise.resolve()),
    { code: 'CONFLICT', message: /No such image/i },
  )
})

test('removes the container that a killed copy of the same volume left', async (t) => {
  const volumes = createEngineVolumes({ clock: systemClock })
  const name = volumeOf(t)
  await volumes.create({ name, driver: 'local', options: {}, labels: {} }, signal)
  const { id } = await docker.createContainer({ Image: testImage, Labels: { 'selfhostly.volume-copy': name } })
  t.teardown(() =>
    docker
      .getContainer(id)
      .remove()
      .catch(() => undefined),
  )
  await volumes.read(name, testImage, signal, (archive) => buffer(archive))
  await t.throwsAsync(docker.getContainer(id).inspect(), { message: /no such container/i })
})
