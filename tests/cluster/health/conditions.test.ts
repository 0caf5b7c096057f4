import test from 'ava'
import { conditionsOf } from '../../../api/cluster/health/conditions.ts'
import type { ClusterNode } from '../../../api/cluster/members/node-registry.ts'

const since = new Date(0)
const node = { about: null } as ClusterNode
const known = {
  ...{ copy: null, linkOnlySince: undefined, keyOverdue: null, misbehavior: null, unread: null, storage: null, composePolicy: null },
  ourVersion: '1.0.0',
}

for (const [reason, message] of [
  ['Docker did not answer within 3 s', 'Docker did not answer within 3 s'],
  ['permission denied', 'Docker does not answer: permission denied'],
  ['', 'Docker does not answer'],
] as const) {
  test(`a node without Docker says why: "${reason}"`, (t) => {
    t.deepEqual(conditionsOf(node, { ...known, dockerAway: { reason, since } }), [{ type: 'no-docker', message, since }])
  })
}

test('a node with Docker has no such condition', (t) => {
  t.deepEqual(conditionsOf(node, { ...known, dockerAway: null }), [])
})

test('a node whose safety policy is off says so, since its start', (t) => {
  const about = { startedAt: new Date(5) } as ClusterNode['about']
  const found = conditionsOf({ ...node, about }, { ...known, dockerAway: null, composePolicy: 'open', ourVersion: '' })
  const message = 'Its safety policy for apps is off (COMPOSE_POLICY=open): whoever may change apps there controls the machine'
  t.deepEqual(found, [{ type: 'policy-off', message, since: new Date(5) }])
  t.deepEqual(conditionsOf(node, { ...known, dockerAway: null, composePolicy: 'enforced' }), [])
})
