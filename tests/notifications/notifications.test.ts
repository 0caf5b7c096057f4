import { createHmac, randomBytes } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { createSecretBox } from '../../api/auth/secret-box.ts'
import { createOpenAlarms } from '../../api/cluster/alarms/open-alarms.ts'
import type { ChannelInput, ChannelKind } from '../../api/notifications/channel.ts'
import { createNotifications } from '../../api/notifications/notifications.ts'
import { httpReceiver, mailServer } from '../helpers/receivers.ts'
import { recordedLog } from '../helpers/recorded-log.ts'
import { primaryId } from '../helpers/registry.ts'
import { someApp, someStats } from '../helpers/things.ts'
import { watchedCluster, type WatchedCluster } from '../helpers/watched-cluster.ts'

const minute = 60_000
const signing = 'a secret of sixteen'

type Told = Awaited<ReturnType<typeof notifying>>

/** A cluster whose alarms go out, wired as in services.ts. */
async function notifying(t: ExecutionContext, former?: { cluster: WatchedCluster; box: ReturnType<typeof createSecretBox> }) {
  const later: { notifications?: ReturnType<typeof createNotifications> } = {}
  const hooks = {
    onSave: async (...args: Parameters<NonNullable<typeof later.notifications>['save']>) => later.notifications?.save(...args),
    onSaved: () => later.notifications?.saved(),
  }
  const box = former?.box ?? createSecretBox(randomBytes(32))
  const cluster = await (former ? former.cluster.again(hooks) : watchedCluster(t, hooks))
  const { database, clock, registry } = cluster
  const notifications = createNotifications({
    em: database.em,
    secrets: box,
    version: '0.0.0',
    proxies: { httpProxy: '', httpsProxy: '', noProxy: '' },
    baseUrl: () => 'https://selfhostly.example.com',
    labelsOf: (id) => registry.find(id)?.labels ?? {},
    events: cluster.events,
    clock,
    random: () => 0.5,
    log: recordedLog().log,
  })
  later.notifications = notifications
  await notifications.start()
  t.teardown(notifications.stop)
  /** Asks again whenever a message has changed. */
  async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      let off = (): void => undefined
      const changed = new Promise<void>((resolve) => (off = cluster.events.on('messages', () => resolve())))
      const found = await ask()
      if (found === undefined) await changed
      off()
      if (found !== undefined) return found
    }
  }
  return {
    ...{ cluster, box, notifications },
    add: (kind: ChannelKind, input: ChannelInput) => notifications.channels.create(kind, { name: kind, ...input }),
    /** Waits until the newest alarm has been tried so often. */
    attempted: (id: string, times: number) =>
      until(async () => {
        const row = (await notifications.deliveries(id, 100)).find(({ event }) => event === 'alarm')
        return row?.attempts === times && (row.state !== 'waiting' || (row.nextAt ?? 0) > clock.now()) ? row : undefined
      }),
    /** Waits until a channel's log is as wanted. */
    logged: (id: string, wanted: (states: string[]) => boolean) =>
      until(async () => {
        const states = (await notifications.deliveries(id, 100)).map(({ event, state }) => `${event} ${state}`).toReversed()
        return wanted(states) ? states : undefined
      }),
  }
}

const webhook = (url: string): ChannelInput => ({ url: `${url}/hook?key=1`, secret: signing })

async function sickApp({ cluster }: Told) {
  const nodeId = await cluster.addNode()
  const app = someApp({ nodeId, status: 'error', statusReason: 'service web exited (1)' })
  cluster.tells(nodeId, app)
  await cluster.passes(2 * minute)
  const heal = async () => {
    cluster.inventory.apply(nodeId, { type: 'app', app: { ...app, status: 'running', statusReason: null } })
    await cluster.passes(minute)
    await cluster.alarms.flush()
  }
  return { nodeId, app, heal }
}

const settled = (states: string[]): boolean => states.length > 0 && states.every((state) => !state.endsWith('waiting'))

test('a webhook gets an alarm and its end, signed over timestamp and body', async (t) => {
  const told = await notifying(t)
  const receiver = await httpReceiver(t)
  const { id } = await told.add('webhook', webhook(receiver.url))
  const { app, heal } = await sickApp(told)
  await told.logged(id, settled)
  await heal()
  const [alarm, recovery] = await receiver.got(2)
  if (!alarm || !recovery) return t.fail()
  t.is(alarm.path, '/hook?key=1')
  for (const { headers, body } of [alarm, recovery]) {
    const timestamp = String(headers['x-selfhostly-timestamp'])
    t.regex(timestamp, /^\d{10}$/)
    const signature = createHmac('sha256', signing).update(`${timestamp}.${body}`).digest('hex')
    t.is(headers['x-selfhostly-signature'], `sha256=${signature}`)
  }
  t.like(JSON.parse(alarm.body), {
    event: 'alarm',
    title: 'Critical: web on w1',
    alarm: { kind: 'app-unhealthy', severity: 'critical', message: 'web does not run: service web exited (1)' },
    node: { name: 'w1' },
    app: { id: app.id, name: 'web' },
    url: `https://selfhostly.example.com/apps/${app.id}`,
  })
  t.like(JSON.parse(recovery.body), { event: 'recovery', title: 'Over: web on w1', over: 'web is well again' })
  t.not(alarm.headers['x-selfhostly-delivery'], recovery.headers['x-selfhostly-delivery'])
  t.deepEqual(await told.logged(id, settled), ['alarm sent', 'recovery sent'])
})

test('ntfy, Discord and mail get it each in their way', async (t) => {
  const told = await notifying(t)
  const [ntfy, discord, mail] = [await httpReceiver(t), await httpReceiver(t), await mailServer(t)]
  await told.add('ntfy', { url: `${ntfy.url}/alarms-of-home`, secret: 'tk_1' })
  await told.add('discord', { url: `${discord.url}/api/webhooks/1/abc` })
  const account = { username: 'alarms', secret: 'open sesame', from: 'alarms@example.com', to: ['me@example.com', 'you@example.com'] }
  const { id } = await told.add('email', { host: mail.host, port: mail.port, security: 'none', ...account })
  await sickApp(told)
  const [push] = await ntfy.got(1)
  t.is(push?.path, '/')
  t.is(push?.headers.authorization, 'Bearer tk_1')
  t.like(JSON.parse(push?.body ?? ''), { topic: 'alarms-of-home', title: 'Critical: web on w1', priority: 5 })
  const [post] = await discord.got(1)
  const message = JSON.parse(post?.body ?? '') as { embeds: object[]; allowed_mentions: object }
  t.like(message.embeds[0], { title: 'Critical: web on w1' })
  t.deepEqual(message.allowed_mentions, { parse: [] })
  t.deepEqual(await told.logged(id, settled), ['alarm sent'])
  t.like(mail.mails[0], { from: 'alarms@example.com', to: ['me@example.com', 'you@example.com'] })
  t.regex(mail.mails[0]?.text ?? '', /Subject: Critical: web on w1/)
  t.regex(mail.mails[0]?.text ?? '', /web does not run: service web exited \(1\)/)
})

test('what waits survives a restart, is tried again with growing waits, and goes out in order', async (t) => {
  const first = await notifying(t)
  const receiver = await httpReceiver(t, [503, 503, 503])
  const { id } = await first.add('webhook', webhook(receiver.url))
  const other = await httpReceiver(t)
  await first.add('discord', { url: other.url })
  const { app, nodeId } = await sickApp(first)
  await receiver.got(1)
  await other.got(1)
  await first.logged(id, ([state]) => state === 'alarm waiting')
  await first.notifications.stop()

  const told = await notifying(t, first)
  told.cluster.tells(nodeId, { ...app, status: 'running', statusReason: null })
  await told.cluster.alarms.flush()
  await told.logged(id, (states) => states.length === 2)
  t.is(receiver.received.length, 1, 'not before its time, and the end not before its beginning')
  const attempts = async (count: number, waitMs: number) => {
    told.cluster.clock.advance(waitMs)
    await told.attempted(id, count)
  }
  await attempts(2, 5000)
  await attempts(3, 10_000)
  await attempts(4, 20_000)
  t.deepEqual(await told.logged(id, settled), ['alarm sent', 'recovery sent'])
  t.deepEqual(
    receiver.received.map(({ body }) => (JSON.parse(body) as { event: string }).event),
    ['alarm', 'alarm', 'alarm', 'alarm', 'recovery'],
  )
  t.is((await other.got(2)).length, 2, 'another channel was not held up')
})

test('what is over before anything was sent is not sent, and what was given up has no end', async (t) => {
  const told = await notifying(t)
  const receiver = await httpReceiver(t, Array<number>(100).fill(500))
  const { id } = await told.add('webhook', webhook(receiver.url))
  const sick = await sickApp(told)
  await receiver.got(1)
  await told.logged(id, ([state]) => state === 'alarm waiting')
  // A second alarm waits behind the first.
  const second = someApp({ nodeId: sick.nodeId, name: 'shop', status: 'error', statusReason: 'x' })
  const tells = (status: 'error' | 'running') =>
    told.cluster.inventory.apply(sick.nodeId, { type: 'app', app: { ...second, status, statusReason: null } })
  tells('error')
  await told.cluster.passes(2 * minute)
  tells('running')
  await told.cluster.passes(minute)
  await told.cluster.alarms.flush()
  const dropped = await told.logged(id, (states) => states.length === 2 && states[1] === 'alarm dropped')
  t.deepEqual(dropped, ['alarm waiting', 'alarm dropped'])

  for (let hours = 0; hours < 26; hours += 0.5) {
    told.cluster.clock.advance(30 * minute)
    const before = receiver.received.length
    await told.logged(id, () => receiver.received.length >= before)
  }
  await told.logged(id, ([state]) => state === 'alarm failed')
  await sick.heal()
  t.deepEqual(await told.logged(id, settled), ['alarm failed', 'alarm dropped'])
})

test('a receiver that hangs, floods, redirects or asks to wait holds nobody up, and a refused message does not stay', async (t) => {
  const told = await notifying(t)
  const flood = { status: 500, body: Buffer.alloc(10 * 2 ** 20) }
  const moved = { status: 301, headers: { location: 'http://127.0.0.1:1/' } }
  const receiver = await httpReceiver(t, ['hangs', flood, moved, { status: 429, headers: { 'retry-after': '600' } }, 400])
  const other = await httpReceiver(t)
  const { id } = await told.add('webhook', webhook(receiver.url))
  await told.add('discord', { url: other.url })
  const { heal } = await sickApp(told)
  const { clock } = told.cluster
  await other.got(1)
  await receiver.got(1)
  clock.advance(10_000)
  const tried: [string, number][] = []
  while (tried.length < 5) {
    const { error, nextAt } = await told.attempted(id, tried.length + 1)
    const waitMs = nextAt === null ? 0 : nextAt.getTime() - clock.now().getTime()
    tried.push([(error ?? '').replace(/^\S+/, '').trim(), waitMs])
    clock.advance(waitMs)
  }
  t.deepEqual(tried, [
    ['could not be reached: no answer within 10 s', 5000],
    ['answered 500', 10_000],
    ['answered 301. Redirects are not followed: enter the address that it redirects to', 20_000],
    ['answered 429', 10 * minute],
    ['answered 400', 0],
  ])
  await heal()
  await other.got(2)
  t.deepEqual(await told.logged(id, settled), ['alarm failed'], 'no end without a beginning')
})

test('an alarm that is given up takes the end that waits behind it along', async (t) => {
  const told = await notifying(t)
  const receiver = await httpReceiver(t, [400, 400, 400])
  const { id } = await told.add('webhook', webhook(receiver.url))
  const { heal } = await sickApp(told)
  await told.attempted(id, 1)
  await heal()
  await told.logged(id, (states) => states.length === 2)
  await told.attempted(id, 2)
  told.cluster.clock.advance(minute)
  t.deepEqual(await told.logged(id, settled), ['alarm failed', 'recovery dropped'])
  t.is(receiver.received.length, 3)
})

test('thousands of alarms at once hold up nothing, and a channel whose receiver is away keeps a bounded queue', async (t) => {
  const told = await notifying(t)
  const receiver = await httpReceiver(t, ['hangs'])
  const { id } = await told.add('webhook', webhook(receiver.url))
  let changes = 0
  const { database, clock } = told.cluster
  const open = createOpenAlarms({
    ...{ em: database.em, clock, log: recordedLog().log },
    onSave: told.notifications.save,
    onSaved: told.notifications.saved,
    onChange: () => changes++,
  })
  let turns = 0
  let next = setImmediate(function turn() {
    turns++
    next = setImmediate(turn)
  })
  for (let index = 0; index < 3000; index++) {
    const topic = { kind: 'app-unhealthy' as const, nodeId: primaryId, appId: `app-${index}`, part: '' }
    open.settle(topic, { is: 'bad', since: clock.now(), message: 'it is not healthy' }, { nodeName: 'w1', appName: 'web' }, '')
  }
  await open.flush()
  clearImmediate(next)
  t.is(open.list().length, 3000)
  t.is(changes, 1)
  t.true(turns >= 10, `others had ${turns} turns between the transactions`)
  const [channel] = await told.notifications.channels.list()
  t.is(channel?.waiting, 200)
  t.is((await told.notifications.deliveries(id, 200)).length, 200)
  clock.advance(10_000)
})

test('a channel gets what is urgent enough and of its nodes, and of the whole cluster', async (t) => {
  const told = await notifying(t)
  const [critical, lab] = [await httpReceiver(t), await httpReceiver(t)]
  const ofCritical = await told.add('webhook', { ...webhook(critical.url), minSeverity: 'critical' })
  const ofLab = await told.add('discord', { url: lab.url, labels: [{ key: 'env', value: 'lab' }] })
  const { nodeId } = await sickApp(told)
  await critical.got(1)
  t.deepEqual(await told.notifications.deliveries(ofLab.id, 10), [])
  await told.cluster.registry.update(nodeId, { labels: { env: 'lab' } })
  const asOf = told.cluster.clock.now()
  const backups = { problem: { reason: 'no space left', since: asOf } }
  told.cluster.inventory.apply(nodeId, { type: 'stats', stats: someStats({ nodeId, asOf, backups }) })
  await told.cluster.alarms.flush()
  const [message] = await lab.got(1)
  t.regex(message?.body ?? '', /Warning: w1.*no space left/s)
  t.is((await told.notifications.deliveries(ofCritical.id, 10)).length, 1)
})

test('a test says how it went, and secrets are sealed and never shown', async (t) => {
  const told = await notifying(t)
  const receiver = await httpReceiver(t, [403, { status: 302, headers: { location: 'http://169.254.169.254/' } }])
  const { id } = await told.add('webhook', webhook(receiver.url))
  const host = new URL(receiver.url).host
  t.like(await told.notifications.test(id), { state: 'failed', error: `${host} answered 403` })
  t.regex((await told.notifications.test(id)).error ?? '', /answered 302. Redirects are not followed/)
  t.like(await told.notifications.test(id), { event: 'test', state: 'sent', error: null })

  const shown = JSON.stringify(await told.notifications.channels.list())
  t.false(shown.includes(signing) || shown.includes('key=1'))
  t.regex(shown, new RegExp(`${receiver.url}/…`))
  const [row] = await told.cluster.database.em.fork().execute<{ target: string }[]>('select "target" from "notification_channels"')
  t.regex(row?.target ?? '', /^v1\./)

  await told.notifications.channels.update(id, { name: 'renamed', minSeverity: 'critical' })
  await told.notifications.test(id)
  t.is(receiver.received.at(-1)?.path, '/hook?key=1', 'kept')
  await t.throwsAsync(told.notifications.channels.update(id, { url: 'https://elsewhere.example.com/' }), {
    message: /secret: must have at least 16/,
  })
})

test('a wrong channel is refused, naming each field', async (t) => {
  const told = await notifying(t)
  const refused = async (kind: ChannelKind, input: ChannelInput, message: RegExp) => t.throwsAsync(told.add(kind, input), { message })
  await refused('webhook', { url: 'ftp://x', secret: 'short' }, /url: must be an address such as.*secret: must have at least 16/)
  await refused(
    'webhook',
    { url: 'http://169.254.169.254/latest', secret: signing },
    /url: 169.254.169.254 is an address where no receiver/,
  )
  await refused('ntfy', { url: 'https://ntfy.sh' }, /url: must end with a topic/)
  await refused('discord', { url: 'https://discord.com/x', host: 'x' }, /host: does not belong to a channel of the kind discord/)
  const mail = { host: 'smtp.example.com', from: 'a@example.com', to: ['b@example.com'], username: 'a', secret: 'b' }
  await refused('email', { ...mail, security: 'none' }, /security: must be tls or starttls with a password/)
  await refused('email', { ...mail, to: ['nobody'], from: 'x y' }, /from: must be an address.*to: must be 1 to 20 addresses/)
  await refused('email', { ...mail, secret: '' }, /secret: is missing/)
  t.deepEqual(await told.notifications.channels.list(), [])
})
