import test, { type ExecutionContext } from 'ava'
import { createSecretBox } from '../../../api/auth/secret-box.ts'
import { createAppCopies, type AppCopies } from '../../../api/cluster/feed/app-copies.ts'
import type { InventoryApp } from '../../../api/cluster/feed/inventory.ts'
import type { NodeActions } from '../../../api/cluster/node-router.ts'
import { AppError, notFound } from '../../../api/errors.ts'
import { createEventHub } from '../../../api/events.ts'
import type { ViewEvents } from '../../../api/view-events.ts'
import { eventually } from '../../helpers/cluster.ts'
import { recordedLog } from '../../helpers/recorded-log.ts'
import { nodeInput, onlineNode, startedRegistry } from '../../helpers/registry.ts'
import { someApp, someOperation } from '../../helpers/things.ts'
import { until } from '../../helpers/until.ts'

const version = (number: number) => ({
  ...{ number, createdAt: new Date('2026-01-26T20:00:00Z'), author: 'ada', reason: null, outcome: 'healthy' as const },
  ...{ profiles: [], images: [], composeContent: `services: {} # ${number}\n` },
  environment: [{ name: 'PASSWORD', value: null, secret: true }],
  files: [{ path: 'app.ini', secret: false }],
})

/** A primary that copies an app of one node, and can make it again on another. `nodes` answer as they are told. */
async function copiesOf(t: ExecutionContext) {
  const fixture = await startedRegistry(t)
  const [home, other] = [await onlineNode(fixture, nodeInput('home')), await onlineNode(fixture, nodeInput('other'))]
  const status = new Map<string, 'online' | 'offline'>()
  const findNode = (id: string) => {
    const node = fixture.registry.find(id)
    return node && { ...node, health: { ...node.health, status: status.get(id) ?? node.health.status } }
  }
  const events = createEventHub<ViewEvents>()
  const apps = new Map<string, InventoryApp>()
  const stopped: string[] = []
  const faults: Error[] = []
  const refuse = <T>(answer: T): Promise<T> => {
    const fault = faults.shift()
    return fault ? Promise.reject(fault) : Promise.resolve(answer)
  }
  const made: { id?: string | null | undefined }[] = []
  const actions = {
    appCopy: () => refuse({ version: 3, contents: { composeContent: 'a', environment: [], files: [], profiles: [] } }),
    appVersions: ({ most }: { most: number }) => refuse({ versions: [3, 2].slice(0, most).map(version), older: 1, total: 3 }),
    appVersion: ({ number }: { number: number }) => refuse(version(number)),
    versionFiles: () => refuse([{ path: 'app.ini', content: 'a=1\n', secret: false }]),
    getApp: ({ id }: { id: string }) => (apps.has(id) ? refuse(apps.get(id)) : Promise.reject(notFound('app', id))),
    stopApp: ({ id }: { id: string }) => (stopped.push(id), refuse({})),
  } as unknown as NodeActions
  const app = { ...someApp({ nodeId: home.id, version: 3 }), lastKnownStatus: 'running' as const }
  apps.set(app.id, app)
  const outcomes: (Error | 'made')[] = []
  const world = {
    ...{ em: fixture.database.em, selfId: 'self', box: createSecretBox(Buffer.alloc(32, 7)), events, findNode },
    findApp: (id: string) => apps.get(id),
    actionsOf: () => actions,
    forNewApp: (nodeId: string) => ({
      createAgain(input: { id?: string | null | undefined }) {
        made.push(input)
        const outcome = outcomes.shift() ?? 'made'
        if (outcome !== 'made') return Promise.reject(outcome)
        const again = { ...someApp({ nodeId, id: input.id ?? '', version: 1 }), lastKnownStatus: 'running' as const }
        apps.set(again.id, again)
        return Promise.resolve({ app: again, operation: someOperation({ nodeId }) })
      },
    }),
    ...{ clock: fixture.clock, log: recordedLog().log },
  }
  const start = async () => {
    const copies = createAppCopies(world)
    const end = await copies.start()
    t.teardown(end)
    return { copies, end }
  }
  const copied = (copies: AppCopies) =>
    eventually(
      () => copies.versions.list(app.id, { most: 5 }),
      (page) => page?.total === 2,
    )
  const say = (): void => events.emit('app', apps.get(app.id) ?? app)
  return { ...fixture, ...{ home, other, status, apps, app, stopped, faults, made, outcomes, start, say, copied } }
}

test('keeps the newest versions with the contents of files, and tries again with growing waits what fails', async (t) => {
  const { start, say, copied, app, faults, clock } = await copiesOf(t)
  const { copies } = await start()
  faults.push(new Error('a moment of bad luck'), new Error('another'))
  say()
  await until(() => clock.waits().includes(5_000))
  clock.advance(5_000)
  await until(() => clock.waits().includes(10_000))
  t.is(await copies.versions.list(app.id, { most: 5 }), null)
  clock.advance(10_000)
  await copied(copies)
  const page = await copies.versions.list(app.id, { most: 1 })
  t.like(page, { older: 1, total: 2, versions: [{ number: 3, author: 'ada' }] })
  t.deepEqual(
    (await copies.versions.list(app.id, { before: 3, most: 5 }))?.versions.map(({ number }) => number),
    [2],
  )
  t.deepEqual(await copies.versions.head(app.id, 2), version(2))
  t.deepEqual(await copies.versions.files(app.id, 2), [{ path: 'app.ini', content: 'a=1\n', secret: false }])
  t.is(await copies.versions.head(app.id, 1), null)
})

test('an app is not stopped on its own node until it runs on the other', async (t) => {
  const { start, say, copied, app, apps, home, other, status, stopped } = await copiesOf(t)
  const { copies } = await start()
  say()
  await copied(copies)
  status.set(home.id, 'offline')
  const { app: again } = await copies.makeAgain(app, () => other, 'ada')
  t.like(copies.madeAgain(app.id), { outcome: 'made', appId: again.id, stoppedAt: null })
  apps.set(again.id, { ...(apps.get(again.id) ?? app), status: 'error' })
  status.set(home.id, 'online')
  say()
  // Comes after what was begun.
  await t.throwsAsync(
    copies.makeAgain(app, () => other, 'ada'),
    { message: /home is online/ },
  )
  t.deepEqual(stopped, [], 'it failed on the other node')
  apps.set(again.id, { ...(apps.get(again.id) ?? app), status: 'running' })
  say()
  await until(() => copies.madeAgain(app.id)?.stoppedAt !== null)
  t.deepEqual(stopped, [app.id])
})

test('a primary that ends while it waits for the answer finds out what became of it, and stops nothing that runs nowhere else', async (t) => {
  const { start, say, copied, app, home, other, status, stopped, outcomes, made, clock } = await copiesOf(t)
  const first = await start()
  say()
  await copied(first.copies)
  status.set(home.id, 'offline')
  outcomes.push(new AppError('NODE_UNREACHABLE', 'no answer', { isOutcomeUnknown: true }))
  await t.throwsAsync(
    first.copies.makeAgain(app, () => other, 'ada'),
    { code: 'NODE_UNREACHABLE' },
  )
  t.like(first.copies.madeAgain(app.id), { outcome: 'asked' })
  first.end()

  const { copies } = await start()
  t.like(copies.madeAgain(app.id), { outcome: 'asked' })
  await t.throwsAsync(
    copies.makeAgain(app, () => home, 'ada'),
    { code: 'CONFLICT', message: /^other may have begun to make web again/ },
  )
  status.set(home.id, 'online')
  say()
  clock.advance(130_000)
  await until(() => copies.madeAgain(app.id)?.outcome === 'failed')
  t.deepEqual(stopped, [])

  // It can be tried again. Asked twice, the node is asked for the same app.
  status.set(home.id, 'offline')
  outcomes.push(new AppError('NODE_UNREACHABLE', 'no answer', { isOutcomeUnknown: true }))
  await t.throwsAsync(copies.makeAgain(app, () => other, 'ada'))
  await copies.makeAgain(app, () => other, 'ada')
  t.is(made[1]?.id, made[2]?.id)
  t.like(copies.madeAgain(app.id), { outcome: 'made', appId: made[2]?.id })
})
