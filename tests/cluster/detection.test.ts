import { setTimeout as wait } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { systemClock, type Clock } from '../../api/clock.ts'
import { connectionModes, type ConnectionMode } from '../../api/cluster/members/node-about.ts'
import { eventually, nodeFields, type SeenNode } from '../helpers/cluster.ts'
import { faultyCluster, type FaultyCluster, type Member, type WatchedNode } from '../helpers/faulty-cluster.ts'
import type { ProxiedHost } from '../helpers/network.ts'
import { follow } from '../helpers/graphql.ts'
import { runningNode, runningSecondary } from '../helpers/running-node.ts'
import type { Seen } from '../helpers/seen.ts'

// What a subscribed client sees when nodes and networks fail, and how soon. Uses real processes and breaks a real network.

/** From when a process ends until a client sees it. */
const killedMs = 5000
/** The same for a host that falls silent. */
const silentMs = 15_000
/** From a node's first call until a client sees it. */
const backMs = 2000
/** A node with a half-open connection does not notice that it was away, so it calls only on schedule, once a minute. */
const nextCallMs = 70_000

for (const connection of connectionModes)
  test.serial(
    `over ${connection}: a killed process and a resetting network are noticed within seconds, and so is their return`,
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

test.serial('hosts that fall silent are noticed in time, and their return at once', async (t) => {
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

test.serial('stalls, packet loss, latency and a restart of the primary do not take any node offline', async (t) => {
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
  // A node that has not noticed the restart is checked on schedule.
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
    // Not just shown as online: each node was heard since the restart.
    const since = afterRestart.startedAt
    await afterRestart.nodes.first(({ id, lastSeen }) => id === member.id && Date.parse(lastSeen ?? '') >= since, { withinMs: 40_000 })
  }
})

/** Checks that the node went offline and came back exactly once. */
async function wentAndCame(t: ExecutionContext, cluster: FaultyCluster, member: Member): Promise<void> {
  const changes = await eventually(
    () => Promise.resolve(cluster.changesOf(member)),
    ({ length }) => length >= 3,
  )
  t.deepEqual(changes, ['offline -> online', 'online -> offline', 'offline -> online'], `${member.name}, since it was registered`)
}

/** Alternates between 5 s in which nothing arrives and 5 s in which everything does. A stall needs real time. */
async function stallAndGo(members: Member<ProxiedHost>[], times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    for (const { host } of members) host.each((proxy) => proxy.stall())
    await wait(5000)
    for (const { host } of members) host.each((proxy) => proxy.resume())
    await wait(5000)
  }
}

/** A node whose connections are reset reconnects at most ten times within any second. */
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

  /** The value that reported each node as lost. */
  const lostAt = new Map<string, number>()

  return {
    nodes,
    startedAt: Date.now(),

    /** Breaks a node. The client must see it in time, with reason and time. */
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

    /** For a node whose calls failed: measured from the first one that gets through. */
    async healsByItsCall({ id, name, host }: Member | Member<ProxiedHost>): Promise<void> {
      const healedAt = performance.now()
      await host.heal()
      await nodes.first((node) => node.id === id && node.status === 'ONLINE', { from: lostAt.get(id) ?? 0, withinMs: nextCallMs })
      const seenAt = performance.now()
      const calledAt = 'callsAt' in host ? host.callsAt().find((at) => at >= healedAt) : undefined
      t.log(`${name}: online ${Math.round(seenAt - healedAt)} ms after it was healed`)
      // The primary may have checked it first.
      t.true(seenAt - (calledAt ?? seenAt) <= backMs, `${name} was online ${seenAt - (calledAt ?? 0)} ms after it called`)
    },
  }
}

/** A clock that can be set to another time, as a person or NTP would. */
function steppedClock(): Clock & { step: (ms: number) => void } {
  let aheadMs = 0
  return { ...systemClock, now: () => new Date(Date.now() + aheadMs), step: (ms) => void (aheadMs += ms) }
}

for (const [name, steps] of Object.entries({
  forward: [3_600_000],
  back: [-3_600_000],
  'forward and back again': [86_400_000, -86_400_000],
}))
  test.serial(`a clock set ${name} takes no node offline, and a lost node is still noticed`, async (t) => {
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
      for (const { id } of [stays, goes]) t.true((await primary.services.health.checks.checkNow(id)).ok)
    }
    const stoppedAt = performance.now()
    await goes.stop()
    await nodes.first(({ id, status }) => id === goes.id && status === 'OFFLINE')
    t.true(performance.now() - stoppedAt <= killedMs + 1000)
    const wentOff = nodes.values.slice(online).filter(({ status }) => status !== 'ONLINE')
    t.true(wentOff.every(({ id }) => id === goes.id))
  })
