import { setTimeout as wait } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { systemClock, type Clock } from '../../api/clock.ts'
import { connectionModes, type ConnectionMode } from '../../api/nodes/about.ts'
import { eventually, nodeFields, type SeenNode } from '../helpers/cluster.ts'
import { faultyCluster, type FaultyCluster, type Member, type WatchedNode } from '../helpers/faulty-cluster.ts'
import type { ProxiedHost } from '../helpers/network.ts'
import { follow } from '../helpers/graphql.ts'
import { runningNode, runningSecondary } from '../helpers/running-node.ts'
import type { Seen } from '../helpers/seen.ts'

// What a subscribed client sees, and how soon, when nodes and networks fail. Real processes, a real network that breaks.

/** From the end of a process until a client sees it. */
const killedMs = 5000
/** The same for a host of which nothing is heard any more. */
const silentMs = 15_000
/** From a node's first call until a client sees it. */
const backMs = 2000
/** A node that has not noticed that it was away, as one whose half-open connection still takes what it sends, calls at its turn: once a minute. */
const nextCallMs = 70_000

for (const connection of connectionModes)
  test.serial(
    `over ${connection}: a process that was killed and a network that resets are seen within seconds, and that they are back`,
    async (t) => {
      const cluster = await faultyCluster(t)
      const { network } = cluster
      const [killed, storm] = await Promise.all([
        cluster.add('killed', await network.host(), connection),
        cluster.add('storm', network.proxiedHost(), connection),
      ])
      const watcher = createWatcher(t, cluster)
      await Promise.all([
        watcher
          .loses(killed, killedMs, /refused|link is down/, () => killed.process.kill())
          .then(async () => {
            await killed.process.start()
            const from = killed.process.log.values.findLastIndex(({ msg }) => msg === 'node identity')
            const call = await killed.process.logged('sending startup heartbeat to primary', { from })
            await watcher.hasBack(killed, Date.parse(call.time))
          }),
        watcher
          .loses(storm, killedMs, /cut|link is down/, () => storm.host.reset())
          .then(async () => {
            storm.host.each(({ acceptedAt }) => isCalm(t, acceptedAt))
            await watcher.healsByItsCall(storm)
          }),
      ])
      for (const member of [killed, storm]) await wentAndCame(t, cluster, member)
    },
  )

test.serial('hosts that fall silent are seen to be gone in time, and at once when they are back', async (t) => {
  const cluster = await faultyCluster(t)
  const { network } = cluster
  const add = async (fault: string, connection: ConnectionMode) => cluster.add(`${fault}-${connection}`, await network.host(), connection)
  const [silent, asleep, halfOpen] = await Promise.all([
    Promise.all(connectionModes.map((connection) => add('silent', connection))),
    Promise.all((['direct', 'link'] as const).map((connection) => add('asleep', connection))),
    Promise.all(
      (['direct', 'link'] as const).map((connection) => cluster.add(`half-open-${connection}`, network.proxiedHost(), connection)),
    ),
  ])
  const watcher = createWatcher(t, cluster)
  const isSilent = /answer|connection|link is down/
  await Promise.all([
    ...silent.map(async (member) => {
      await watcher.loses(member, silentMs, isSilent, () => member.host.drop())
      await watcher.healsByItsCall(member)
    }),
    ...halfOpen.map(async (member) => {
      await watcher.loses(member, silentMs, isSilent, () => Promise.resolve(member.host.each((proxy) => proxy.halfOpen())))
      await watcher.healsByItsCall(member)
    }),
    ...asleep.map(async (member) => {
      await watcher.loses(member, silentMs, isSilent, () => Promise.resolve(member.process.sleep()))
      const wokenAt = Date.now()
      member.process.wake()
      await watcher.hasBack(member, wokenAt)
    }),
  ])
  for (const member of [...silent, ...asleep, ...halfOpen]) await wentAndCame(t, cluster, member)
})

test.serial('stalls, loss, latency and a restart of the primary make nobody offline', async (t) => {
  const cluster = await faultyCluster(t)
  const { network, primary } = cluster
  const each = <T>(add: (connection: ConnectionMode) => Promise<T>): Promise<T[]> => Promise.all((['direct', 'link'] as const).map(add))
  const [stalling, slow, lossy, calm] = await Promise.all([
    Promise.all(connectionModes.map((connection) => cluster.add(`stalling-${connection}`, network.proxiedHost(), connection))),
    each((connection) => cluster.add(`slow-${connection}`, network.proxiedHost(), connection)),
    each(async (connection) => cluster.add(`lossy-${connection}`, await network.host(), connection)),
    cluster.add('calm', await network.host(), 'auto'),
  ])
  const members = [...stalling, ...slow, ...lossy, calm]
  for (const { host } of slow) host.each((proxy) => proxy.delay(300, 200))
  for (const { host } of lossy) await host.lose(0.05)

  const watcher = createWatcher(t, cluster)
  await stallAndGo(stalling, 2)
  t.is((await primary.stop()).code, 0)
  await primary.start()
  const afterRestart = createWatcher(t, cluster)
  // One that has not noticed the restart is asked at its turn.
  const hasHeard = ({ id }: Member) =>
    afterRestart.nodes.first((node) => node.id === id && Date.parse(node.lastSeen ?? '') >= afterRestart.startedAt, { withinMs: 70_000 })
  await Promise.all(members.map(hasHeard))
  await stallAndGo(stalling, 1)

  for (const member of members) {
    t.deepEqual(cluster.changesOf(member), ['offline -> online'], `${member.name}, since it was registered`)
    for (const { nodes } of [watcher, afterRestart]) {
      const seen = nodes.values.filter(({ id }) => id === member.id)
      t.true(seen.length > 0 && seen.every(({ status }) => status === 'ONLINE'), member.name)
    }
    // Not merely called online: each has been heard from since.
    const since = afterRestart.startedAt
    await afterRestart.nodes.first(({ id, lastSeen }) => id === member.id && Date.parse(lastSeen ?? '') >= since, { withinMs: 40_000 })
  }
})

/** Once, whatever happened in between. */
async function wentAndCame(t: ExecutionContext, cluster: FaultyCluster, member: Member): Promise<void> {
  const changes = await eventually(
    () => Promise.resolve(cluster.changesOf(member)),
    ({ length }) => length >= 3,
  )
  t.deepEqual(changes, ['offline -> online', 'online -> offline', 'offline -> online'], `${member.name}, since it was registered`)
}

/** Time is what makes a stall. Ever again 5 s in which nothing arrives, and 5 s in which all does. */
async function stallAndGo(members: Member<ProxiedHost>[], times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    for (const { host } of members) host.each((proxy) => proxy.stall())
    await wait(5000)
    for (const { host } of members) host.each((proxy) => proxy.resume())
    await wait(5000)
  }
}

/** Whoever is reset comes again, but never in a hurry: at most ten times within any second. */
function isCalm(t: ExecutionContext, acceptedAt: number[]): void {
  const busiest = Math.max(0, ...acceptedAt.map((from) => acceptedAt.filter((at) => at >= from && at < from + 1000).length))
  t.true(busiest <= 10, `${busiest} connections within a second`)
}

function createWatcher(t: ExecutionContext, cluster: FaultyCluster) {
  const nodes: Seen<WatchedNode> = cluster.watch()

  async function hasBack({ id, name }: Member, calledAt: number): Promise<void> {
    const { statusReason } = await nodes.first((node) => node.id === id && node.status === 'ONLINE', { from: lostAt.get(id) ?? 0 })
    const tookMs = Date.now() - calledAt
    t.log(`${name}: online after ${tookMs} ms`)
    t.true(tookMs <= backMs, `${name} was online ${tookMs} ms after it called`)
    t.is(statusReason, null)
  }

  /** Which value of a node said that it was lost. */
  const lostAt = new Map<string, number>()

  return {
    nodes,
    startedAt: Date.now(),

    /** Breaks a node; the client has to see it in time, with the reason and the moment. */
    async loses({ id, name }: Member, withinMs: number, reason: RegExp, breakIt: () => Promise<unknown>): Promise<void> {
      const brokenAt = Date.now()
      await breakIt()
      const isLost = (node: WatchedNode): boolean => node.id === id && node.status === 'OFFLINE'
      const node = await nodes.first(isLost, { withinMs: withinMs + 5000 })
      const tookMs = Date.now() - brokenAt
      lostAt.set(id, nodes.values.indexOf(node))
      t.log(`${name}: offline after ${tookMs} ms: ${String(node.statusReason)}`)
      t.true(tookMs <= withinMs, `${name} was offline after ${tookMs} ms`)
      t.regex(node.statusReason ?? '', reason)
      t.regex(node.statusSignal, /^(SESSION|CHECK)$/, 'by which signal')
      const since = Date.parse(node.statusSince)
      t.true(since >= brokenAt && since <= Date.now(), 'since when')
    },

    hasBack,

    /** For a node whose calls were in vain: from the first that gets through. */
    async healsByItsCall({ id, name, host }: Member | Member<ProxiedHost>): Promise<void> {
      const healedAt = performance.now()
      await host.heal()
      await nodes.first((node) => node.id === id && node.status === 'ONLINE', { from: lostAt.get(id) ?? 0, withinMs: nextCallMs })
      const seenAt = performance.now()
      const calledAt = 'callsAt' in host ? host.callsAt().find((at) => at >= healedAt) : undefined
      t.log(`${name}: online ${Math.round(seenAt - healedAt)} ms after it was healed`)
      // It may also have been asked first.
      t.true(seenAt - (calledAt ?? seenAt) <= backMs, `${name} was online ${seenAt - (calledAt ?? 0)} ms after it called`)
    },
  }
}

/** A clock that can be put to another time, as by hand or by NTP. */
function steppedClock(): Clock & { step: (ms: number) => void } {
  let aheadMs = 0
  return { ...systemClock, now: () => new Date(Date.now() + aheadMs), step: (ms) => void (aheadMs += ms) }
}

for (const [name, steps] of Object.entries({
  forward: [3_600_000],
  back: [-3_600_000],
  'forward and back again': [86_400_000, -86_400_000],
}))
  test.serial(`a clock that is put ${name} makes nobody offline, and who is gone is still seen to be gone`, async (t) => {
    const clock = steppedClock()
    const primary = await runningNode(t, {}, { clock })
    const [stays, goes] = [await runningSecondary(t, primary), await runningSecondary(t, primary)]
    for (const { id, url, key } of [stays, goes]) {
      const json = { id, name: id, api_endpoint: url, api_key: key }
      t.is((await primary.send('/api/nodes', { method: 'POST', json })).status, 201)
    }
    const nodes = follow<SeenNode>(t, primary, `subscription { nodeStatusChanged { ${nodeFields} } }`)
    for (const { id } of [stays, goes]) await nodes.first((node) => node.id === id && node.status === 'ONLINE')
    const online = nodes.values.length
    for (const ms of steps) {
      clock.step(ms)
      for (const { id } of [stays, goes]) t.true((await primary.services.checks.checkNow(id)).ok)
    }
    const stoppedAt = performance.now()
    await goes.stop()
    await nodes.first(({ id, status }) => id === goes.id && status === 'OFFLINE')
    t.true(performance.now() - stoppedAt <= killedMs + 1000)
    const wentOff = nodes.values.slice(online).filter(({ status }) => status !== 'ONLINE')
    t.true(wentOff.every(({ id }) => id === goes.id))
  })
