import test from 'ava'
import { partsOf, plainText, timeOfPosition } from '../../../frontend/src/utils/logs/log-text.ts'
import { askedOf } from '../../../frontend/src/utils/logs/log-ranges.ts'

const looks = (text: string) => partsOf(text, '').map(({ text: part, look }) => [part, look])
const [red, green, blue] = ['text-red-700 dark:text-red-400', 'text-green-700 dark:text-green-400', 'text-blue-700 dark:text-blue-400']

test('colors of all three kinds are one of ours, with bold, until they are reset', (t) => {
  t.deepEqual(looks('a\u001b[31mb\u001b[1mc\u001b[0md'), [
    ['a', ''],
    ['b', red],
    ['c', `${red} font-bold`],
    ['d', ''],
  ])
  t.deepEqual(looks('\u001b[38;5;46mx\u001b[38;5;196my\u001b[38;5;21mz'), [
    ['x', green],
    ['y', red],
    ['z', blue],
  ])
  t.deepEqual(looks('\u001b[38;2;10;220;30mx\u001b[39my'), [
    ['x', green],
    ['y', ''],
  ])
  t.deepEqual(looks('\u001b[48;2;255;0;0;32mx'), [['x', green]], 'a background is left out, what follows it is not')
  t.deepEqual(looks('\u001b[38;5;231mx'), [['x', '']], 'white is the usual color')
})

test('other sequences go, and what is found is marked', (t) => {
  t.is(plainText('\u001b]0;title\u0007a\u001b[2Kb\r'), 'ab')
  t.deepEqual(
    partsOf('An Error', 'error').map(({ text, found }) => [text, found]),
    [
      ['An ', false],
      ['Error', true],
    ],
  )
  t.deepEqual(
    partsOf('a\u001b[31mbc\u001b[0mbcd', 'bc').map(({ text, look, found }) => [text, look === '', found]),
    [
      ['a', true, false],
      ['bc', false, true],
      ['bc', true, true],
      ['d', true, false],
    ],
  )
  t.deepEqual(
    partsOf('li\u001b[31mne', 'line').map(({ text, found }) => [text, found]),
    [
      ['li', true],
      ['ne', true],
    ],
    'also across a change of color',
  )
})

test('the time of a line is in its position, and a position that has none has no time', (t) => {
  t.deepEqual(timeOfPosition('abc/o/2026-11-30T20:25:21.011396646Z/0'), new Date('2026-11-30T20:25:21.011Z'))
  for (const position of [undefined, '', 'a/b/c', 'a/b/2026-99-99T00:00:00.000Z/1']) t.is(timeOfPosition(position), undefined)
})

test('a start that is a time asks for all since, an unknown one for the usual', (t) => {
  t.deepEqual(askedOf('hour', Date.parse('2026-01-01T12:00:00Z')), { tail: 10_000, since: '2026-01-01T11:00:00.000Z' })
  t.deepEqual(askedOf('nonsense'), { tail: 1000 })
})
