import test from 'ava'
import { bounds } from '../../../api/bounds.ts'
import { foundProjects } from '../../../api/apps/import/found-projects.ts'
import type { EngineContainer } from '../../../api/docker/engine.types.ts'

const container = (project: string | null, service: string, more: Partial<EngineContainer> = {}): EngineContainer => ({
  ...{
    id: `${project}-${service}`,
    name: `${project}-${service}-1`,
    service,
    image: 'web:1',
    imageId: 'sha256:web',
    state: 'running',
    health: null,
  },
  ...{ statusText: 'Up', exitCode: null, startedAt: null, finishedAt: null, restartCount: null, ports: [], morePorts: 0 },
  ...{
    createdAt: new Date(0),
    project,
    workingDir: `/srv/${project}`,
    configFiles: [`/srv/${project}/compose.yaml`],
    isOneOff: false,
    imageId: 'sha256:1',
  },
  ...more,
})
const isOwn = ({ workingDir }: EngineContainer): boolean => workingDir === '/apps/blog'

test('groups the containers of other projects, sorted by name', (t) => {
  const found = foundProjects(
    [
      container('wiki', 'web'),
      container('files', 'web', { configFiles: ['/srv/files/a.yml', '/srv/files/b.yml'] }),
      container('wiki', 'db', { state: 'exited' }),
      container('blog', 'web', { workingDir: '/apps/blog' }),
      container(null, 'alone'),
      container('wiki', 'once', { isOneOff: true }),
    ],
    isOwn,
  )
  t.deepEqual(
    found.map(({ name, services, workingDirectory, configFiles }) => ({ name, services, workingDirectory, configFiles })),
    [
      { name: 'files', services: ['web'], workingDirectory: '/srv/files', configFiles: ['/srv/files/a.yml', '/srv/files/b.yml'] },
      { name: 'wiki', services: ['db', 'web'], workingDirectory: '/srv/wiki', configFiles: ['/srv/wiki/compose.yaml'] },
    ],
  )
  t.deepEqual(Object.keys(found[0]?.containers[0] ?? {}).includes('workingDir'), false)
  t.is(found[1]?.containers[1]?.state, 'exited')
})

test('a project with the name of an app in another folder is not that app, and two folders are two projects', (t) => {
  const found = foundProjects(
    [container('blog', 'web'), container('blog', 'web', { workingDir: null }), container('blog', 'web', { workingDir: '/apps/blog' })],
    isOwn,
  )
  t.deepEqual(
    found.map(({ workingDirectory }) => workingDirectory),
    ['/srv/blog', null],
  )
})

test('whatever runs on the machine, the answer stays within its bounds', (t) => {
  const long = 'x'.repeat(5000)
  const containers = Array.from({ length: 3000 }, (_, i) =>
    container(`p${i % 300}`, `${i}${long}`.slice(0, 255), {
      workingDir: long,
      configFiles: Array.from({ length: 50 }, (_, n) => `${n}`),
      name: long.slice(0, 300),
    }),
  )
  const found = foundProjects(containers, isOwn)
  t.true(found.length > 0 && found.length <= bounds.foundProjects.projects)
  t.true(Buffer.byteLength(JSON.stringify(found)) <= bounds.foundProjects.bytes + found.length + 2)
  t.is(found[0]?.workingDirectory?.length, bounds.foundProjects.path)
  t.is(found[0]?.configFiles.length, bounds.foundProjects.files)
})
