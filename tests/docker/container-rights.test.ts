import test from 'ava'
import Docker from 'dockerode'
import { createContainerPolicy } from '../../api/apps/compose/policy/container-policy.ts'
import { systemClock } from '../../api/clock.ts'
import { createEngineTerminals } from '../../api/docker/engine-terminals.ts'
import { ensureTestImage, testImage } from '../helpers/docker-image.ts'

const cases: [name: string, host: Docker.HostConfig, beyond: string[]][] = [
  ['a plain one', { Init: true, ReadonlyRootfs: true, CapDrop: ['ALL'], CapAdd: ['CHOWN'], SecurityOpt: ['no-new-privileges'] }, []],
  ['a named volume', { Mounts: [{ Type: 'volume', Source: 'shtest-rights', Target: '/data' }] }, []],
  ['Docker’s socket', { Binds: ['/var/run/docker.sock:/sock'] }, ['docker-socket /run/docker.sock', 'docker-socket /var/run/docker.sock']],
  ['a folder of the host', { Binds: ['/etc:/host:ro'] }, ['bind-mount /etc:ro']],
  ['a folder that is open to all apps', { Binds: ['/srv/shared/music:/music'] }, []],
  ['all rights', { Privileged: true }, ['privileged']],
  ['processes of the host', { PidMode: 'host' }, ['host-pid']],
  ['the rest of the host', { IpcMode: 'host', UTSMode: 'host', NetworkMode: 'host' }, ['host-network', 'host-ipc', 'host-uts']],
  ['its user namespace', { UsernsMode: 'host' }, ['host-userns']],
  ['a capability', { CapAdd: ['SYS_ADMIN', 'NET_RAW'] }, ['capability SYS_ADMIN']],
  ['a device', { Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'rwm' }] }, ['device /dev/null']],
  ['no seccomp', { SecurityOpt: ['seccomp=unconfined'] }, ['security-opt seccomp=unconfined']],
]

test('what a container may do on its host is read from the Engine, whoever made the container', async (t) => {
  t.timeout(60_000)
  const docker = new Docker()
  await ensureTestImage(docker)
  const engine = createEngineTerminals({ clock: systemClock })
  const judge = (isOpen: boolean) =>
    createContainerPolicy({
      settings: { isOpen, allowedPaths: ['/srv/shared'] },
      volumes: async () => new Map(),
      folderOf: () => null,
    })
  t.teardown(() =>
    docker
      .getVolume('shtest-rights')
      .remove()
      .catch(() => undefined),
  )
  for (const [name, HostConfig, expected] of cases) {
    const container = await docker.createContainer({ Image: testImage, HostConfig: { NetworkMode: 'none', ...HostConfig } })
    try {
      const found = await engine.find(container.id)
      if (!found) return t.fail(name)
      const beyond = await judge(false)(found)
      if (name === 'Docker’s socket') t.true(beyond.length > 0 && beyond.every((each) => expected.includes(each)), beyond.join())
      else t.deepEqual(beyond.toSorted(), expected.toSorted(), name)
      t.deepEqual(await judge(true)(found), [], name)
    } finally {
      await container.remove({ force: true })
    }
  }
})

test('whoever joins the processes of a container has those of the host, if that one has', async (t) => {
  const docker = new Docker()
  await ensureTestImage(docker)
  const first = await docker.createContainer({ Image: testImage, HostConfig: { NetworkMode: 'none', PidMode: 'host' } })
  t.teardown(() => first.remove({ force: true }))
  const second = await docker.createContainer({ Image: testImage, HostConfig: { NetworkMode: 'none', PidMode: `container:${first.id}` } })
  t.teardown(() => second.remove({ force: true }))
  const found = await createEngineTerminals({ clock: systemClock }).find(second.id)
  t.is(found?.rights.namespaces.pid, 'host')
})
