import test from 'ava'
import type { NodeStats } from '../../../api/monitoring/node-stats.ts'
import { createReportedDetails } from '../../../api/cluster/health/reported-details.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { someStats } from '../../helpers/things.ts'

const nodeId = '00000000-0000-4000-8000-000000000002'

function setUp() {
  const clock = createManualClock()
  const said: { stats: NodeStats | null } = { stats: null }
  const told: string[] = []
  const docker = createReportedDetails({
    statsOf: () => ({ nodeId, state: 'ok', error: null, stats: said.stats }),
    onChange: (id) => void told.push(id),
    clock,
  })
  /** The node sends a sample. */
  const say = (away: string | null): void => {
    const stats = someStats({ nodeId })
    said.stats = { ...stats, docker: { ...stats.docker, available: away === null, error: away } }
    docker.statsChanged(nodeId)
  }
  return { clock, docker, told, say }
}

test('Docker is away since the first sample that says so, until one says otherwise', (t) => {
  const { clock, docker, say } = setUp()
  t.is(docker.of(nodeId), null)
  say(null)
  t.is(docker.of(nodeId), null)
  clock.advance(1000)
  const since = clock.now()
  say('Docker does not answer')
  clock.advance(5000)
  say('Docker does not answer')
  t.deepEqual(docker.of(nodeId), { reason: 'Docker does not answer', since })
  say(null)
  t.is(docker.of(nodeId), null)
  clock.advance(1000)
  say('gone')
  t.deepEqual(docker.of(nodeId), { reason: 'gone', since: clock.now() })
})

test('viewers are told of a change, not of every sample', (t) => {
  const { docker, told, say } = setUp()
  say(null)
  say(null)
  t.is(told.length, 1)
  say('gone')
  say('gone')
  t.is(told.length, 2)
  docker.forget(nodeId)
  say('gone')
  t.is(told.length, 3)
})
