import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import Docker from 'dockerode'
import type { App } from '../../api/apps/app.ts'
import { createAppFiles } from '../../api/apps/app-files.ts'
import { createAppService, type AppOperation, type AppService } from '../../api/apps/app-service.ts'
import { createAppPolicy, type PolicySettings } from '../../api/apps/compose/policy/app-policy.ts'
import { createNodeFacts } from '../../api/apps/compose/node-facts.ts'
import { createContainerWatch } from '../../api/apps/container-watch.ts'
import { createFileWatch } from '../../api/apps/file-watch.ts'
import type { Operation } from '../../api/apps/operation.ts'
import { createOperations } from '../../api/apps/operations.ts'
import { createRemoval } from '../../api/apps/removal.ts'
import type { ImageAnswer } from '../../api/apps/images/image-state.ts'
import { canonicalImage } from '../../api/image-reference.ts'
import type { RegistryLogin } from '../../api/docker/engine.types.ts'
import { createSecretBox } from '../../api/auth/secret-box.ts'
import { systemClock } from '../../api/clock.ts'
import { createComposeCli } from '../../api/docker/compose-cli.ts'
import { createEngine } from '../../api/docker/engine.ts'
import { createEngineImages } from '../../api/docker/engine-images.ts'
import { createEngineVolumes } from '../../api/docker/engine-volumes.ts'
import { createEngineProjects } from '../../api/docker/engine-projects.ts'
import { dataFolder } from './data-folder.ts'
import { testDatabase } from './database.ts'
import { removeProject, testImage, uniqueName } from './docker.ts'
import { recordedLog } from './recorded-log.ts'
import { primaryId as nodeId } from './registry.ts'
import { createSeen } from './seen.ts'

const docker = new Docker()

/** A service that serves a page, with extra lines. */
export const web = (extra = ''): string => `services:\n  web:\n    image: ${testImage}\n${extra}`

/** Services by name, each with more YAML in flow style. */
export const servicesOf = (services: Record<string, string>): string =>
  `services:\n${Object.entries(services)
    .map(([name, more]) => `  ${name}: { image: ${testImage}${more && `, ${more}`} }\n`)
    .join('')}`

/** An app deployed to a node of its own, with helpers to wait for its statuses and find its containers by service. */
export async function deployed(t: ExecutionContext<unknown>, services: Record<string, string>, { env }: { env?: NodeJS.ProcessEnv } = {}) {
  const node = await nodeOf(t, env ? { env } : {})
  const name = appName(t)
  const created = await node.apps.create({ name, composeContent: servicesOf(services) })
  const operation = await node.outcome(created)
  const { id } = created.app
  const container = (service: string): Docker.Container =>
    docker.getContainer(node.apps.get(id).containers.find((each) => each.service === service)?.id ?? '')
  /** Waits for this status with this reason. */
  const becomes = (status: App['status'], reason: string | null): Promise<App> =>
    node.seen.first((app) => app.status === status && app.statusReason === reason, { from: node.seen.values.length - 1, withinMs: 30_000 })
  return { ...node, id, name, operation, container, becomes }
}

interface Given {
  policy?: PolicySettings
  folder?: string
  dockerHost?: string
  env?: NodeJS.ProcessEnv
  /** What registries said, by image and platform. */
  answers?: Map<string, ImageAnswer>
  logins?: RegistryLogin[]
  keptVersions?: number
}

/** One node's apps, with a real database, folder, Engine and Compose. */
export async function nodeOf(t: ExecutionContext<unknown>, given: Given = {}) {
  const { folder = dataFolder(t), dockerHost, env, policy = { isOpen: false, allowedPaths: [] } } = given
  const appsDir = join(folder, 'apps')
  const database = await testDatabase(t, join(folder, 'data/selfhostly.db'))
  const { log } = recordedLog()
  const host = dockerHost === undefined ? {} : { dockerHost }
  const engine = createEngine({ log, clock: systemClock, ...host })
  const projects = createEngineProjects({ clock: systemClock, ...host })
  const seen = createSeen<App>('apps')
  const ended = createSeen<Operation>('operations')
  const removed = createSeen<string>('removed apps')
  const files = createAppFiles({ appsDir })
  const watch = createContainerWatch({
    engine,
    clock: systemClock,
    log,
    isFollowed: files.isFollowed,
    onChange: () => apps.refreshAll(),
  })
  const operations = createOperations({
    em: database.em,
    nodeId,
    clock: systemClock,
    log,
    deadlineMs: 60_000,
    parallel: 4,
    onChange: (operation) => ended.push(operation),
  })
  const compose = createComposeCli({ log, ...host, ...(env ? { env } : {}) })
  const disk = createFileWatch({
    ...{ files, clock: systemClock, log },
    recordedOf: (name) => apps.recordedFiles(name),
    onChange: (name) => apps.refresh(name),
  })
  const apps: AppService = createAppService({
    em: database.em,
    nodeId,
    box: createSecretBox(Buffer.alloc(32, 7)),
    clock: systemClock,
    log,
    look: createAppPolicy({
      ...{ compose, clock: systemClock, settings: policy },
      volumes: projects.volumeDrivers,
      directoryOf: files.directoryOf,
    }),
    docker: {
      ...{ engine, projects, compose },
      images: createEngineImages({ clock: systemClock, ...host }),
      volumes: createEngineVolumes({ clock: systemClock, ...host }),
    },
    deploying: { dataDir: join(folder, 'data'), usualDeadlineMs: 60_000, heldVersions: 3, keptVersions: given.keptVersions ?? 50 },
    files,
    disk,
    watch,
    operations,
    endLeftovers: () => Promise.resolve(),
    answerOf: (image, platform) => given.answers?.get(`${canonicalImage(image)} ${platform}`) ?? null,
    schedulesOf: () => [],
    autoUpdateOf: () => null,
    loginsFor: async () => [...(given.logins ?? [])],
    removal: createRemoval({ projects, images: createEngineImages({ clock: systemClock, ...host }), files }),
    facts: createNodeFacts({ containers: watch.all, projects, isOf: files.isOf }),
    onChange: (app) => seen.push(app),
    onRemoved: (id) => removed.push(id),
  })
  await apps.start()
  await watch.start()
  const stop = async (): Promise<void> => {
    await operations.stop(0)
    apps.stop()
    watch.stop()
  }
  t.teardown(stop)
  const outcome = (answer: AppOperation): Promise<Operation> =>
    ended.first(({ id, finishedAt }) => id === answer.operation.id && finishedAt !== null, { withinMs: 60_000 })
  return { apps, operations, watch, database, folder, appsDir, seen, ended, removed, outcome, stop }
}

/** An app name whose containers, networks and volumes are removed after the test. */
export function appName(t: ExecutionContext<unknown>): string {
  const name = uniqueName()
  t.teardown(() => removeProject(name))
  return name
}

export const containersOf = (name: string) =>
  docker.listContainers({ all: true, filters: { label: [`com.docker.compose.project=${name}`] } })
