import test from 'ava'
import { createSwipe } from '../../../frontend/src/utils/terminal/swipe.ts'

test('a finger scrolls by whole lines, and the rest of its way counts later', (t) => {
  const swipe = createSwipe()
  swipe.begin(300)
  t.is(swipe.move(297, 16), null, 'a tap')
  t.is(swipe.move(290, 16), 0)
  t.is(swipe.move(283, 16), 1)
  t.is(swipe.move(251, 16), 2)
  t.is(swipe.move(300, 16), -3)
  t.is(swipe.move(301, 16), 0)
})

test('two fingers scroll nothing, and neither does a terminal without a size', (t) => {
  const swipe = createSwipe()
  swipe.begin(null)
  t.is(swipe.move(100, 16), null)
  swipe.begin(10)
  t.is(swipe.move(100, 0), null)
})
