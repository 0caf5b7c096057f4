import test from 'ava'
import {
  askedFor,
  findingWords,
  missingNetwork,
  problemWords,
  neededWishes,
  servicesIn,
  wishOf,
} from '../../../frontend/src/utils/apps/findings.ts'

const finding = (rule: string, detail: string | null, service: string, allowed = false) => ({
  ...{ rule, detail, service, allowed, path: `services.${service}`, line: 3, canBeAllowed: true },
  message: `The service "${service}" would. An administrator can allow it with allow: ["${rule}"]`,
})
const findings = [
  finding('capability', 'NET_ADMIN', 'web'),
  finding('capability', 'NET_ADMIN', 'db'),
  finding('privileged', null, 'db'),
  finding('bind-mount', '/etc:ro', 'web', true),
]

test('asks once for what several services need, and not for what is allowed already', (t) => {
  const asked = askedFor({ findings }, [])
  t.deepEqual(
    asked.map(({ wish, findings: own }) => [wish, servicesIn(own)]),
    [
      ['capability:NET_ADMIN', 'web and db'],
      ['privileged', 'db'],
    ],
  )
})

test('keeps what was ticked in sight once the check allows it', (t) => {
  const ticked = findings.map((each) => (wishOf(each) === 'privileged' ? { ...each, allowed: true } : each))
  t.deepEqual(
    askedFor({ findings: ticked }, ['privileged']).map(({ wish, isAllowed }) => [wish, isAllowed]),
    [
      ['capability:NET_ADMIN', false],
      ['privileged', true],
    ],
  )
})

test('forgets a tick for what the file no longer asks for', (t) => {
  t.deepEqual(neededWishes({ findings }, ['privileged', 'device:/dev/kvm']), ['privileged'])
})

test('leaves out how the API allows it', (t) => {
  t.is(findingWords({ message: 'It would. An administrator can allow it with allow: ["a:b"]' }), 'It would.')
  t.is(findingWords({ message: 'It would. It cannot be allowed' }), 'It would. It cannot be allowed')
})

test('finds the network that a problem names', (t) => {
  t.is(missingNetwork('the external network "proxy" does not exist on this node. Create it with createNetwork'), 'proxy')
  t.is(problemWords('It is missing. Create it with createNetwork, or leave it out'), 'It is missing. Create it, or leave it out')
  t.is(missingNetwork('the external volume "proxy" does not exist on this node. Create it'), undefined)
})
