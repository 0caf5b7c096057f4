import test from 'ava'
import { createOrderedHub } from '../api/ordered-events.ts'
import { recordedLog } from './helpers/recorded-log.ts'

interface Events {
  rang: string
  left: undefined
}

function hub() {
  const { log, lines } = recordedLog()
  const heard: string[] = []
  const events = createOrderedHub<Events, { rang: readonly ['cook', 'dog']; left: readonly ['dog'] }>({
    order: { rang: ['cook', 'dog'], left: ['dog'] },
    log,
  })
  return { events, heard, lines }
}

test('everyone hears an event in the stated order, whoever began to listen first', (t) => {
  const { events, heard } = hub()
  events.on('rang', 'dog', (who) => void heard.push(`dog: ${who}`))
  events.on('rang', 'cook', (who) => void heard.push(`cook: ${who}`))
  events.emit('rang', 'alice')
  t.deepEqual(heard, ['cook: alice', 'dog: alice'])
})

test('one that fails is logged as a bug, and the others hear the event all the same', (t) => {
  const { events, heard, lines } = hub()
  events.on('rang', 'cook', () => {
    throw new Error('asleep')
  })
  events.on('rang', 'dog', (who) => void heard.push(who))
  t.notThrows(() => events.emit('rang', 'alice'))
  t.deepEqual(heard, ['alice'])
  t.is(lines.length, 1)
  t.like(lines[0], { level: 50, msg: 'a listener failed', event: 'rang', subscriber: 'cook', err: { message: 'asleep' } })
})

test('an event that nobody hears is no error, and its places are known to be vacant', (t) => {
  const { events, lines } = hub()
  events.on('rang', 'dog', () => undefined)
  events.emit('left', undefined)
  t.deepEqual(lines, [])
  t.deepEqual(events.vacant(), ['rang: cook', 'left: dog'])
})

test('a place can be taken once', (t) => {
  const { events } = hub()
  events.on('left', 'dog', () => undefined)
  t.throws(() => events.on('left', 'dog', () => undefined), { message: 'left: dog listens already' })
})
