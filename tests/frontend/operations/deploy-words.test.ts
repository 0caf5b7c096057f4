import test from 'ava'
import { failureParts, gateProgress } from '../../../frontend/src/utils/operations/deploy-words.ts'

test('takes apart what a deploy waits for', (t) => {
  t.deepEqual(gateProgress('2 of 3 healthy, db starting, 40 s left'), {
    healthy: '2 of 3 healthy',
    services: ['db starting'],
    left: '40 s left',
  })
  t.deepEqual(gateProgress('0 of 9 healthy, a waiting, b waiting, c waiting, 6 more'), {
    ...{ healthy: '0 of 9 healthy', services: ['a waiting', 'b waiting', 'c waiting', '6 more'], left: undefined },
  })
  t.is(gateProgress('2 of 3 healthy, db starting, 295 s left')?.left, '5 min left')
  t.is(gateProgress('Pulling images'), undefined)
})

test('takes apart why a deploy failed and what was done about it', (t) => {
  const error = 'Version 2 failed: service db exited with code 3. The app is back on version 1\n\nThe last lines of db:\nstarting\nno disk'
  t.deepEqual(failureParts(error), {
    ...{ why: 'Version 2 failed: service db exited with code 3', then: 'The app is back on version 1' },
    written: [{ title: 'The last lines of db:', lines: 'starting\nno disk' }],
  })
  t.is(
    failureParts('Version 1 failed: it was late. There is no healthy version to go back to, so it stays as it is').then?.slice(0, 8),
    'There is',
  )
})

test('leaves the words of Docker and Compose whole', (t) => {
  for (const error of ['no such image. Try again', 'first\n\nsecond', 'yaml: line 4: wrong']) {
    t.deepEqual(failureParts(error), { why: error, then: undefined, written: [] })
  }
})
