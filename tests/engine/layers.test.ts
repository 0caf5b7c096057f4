import test from 'ava'
import { createLayerCount } from '../../api/engine/layers.ts'

const step = (madeBy: string, sizeBytes = 0) => ({ madeBy, sizeBytes })
const base = [step('ADD root.tar /', 100), step('CMD ["sh"]')]
const image = (layers: string[], ...steps: ReturnType<typeof step>[]) => ({ layers, steps: [...base, ...steps] })

test('a layer that images share becomes free with the last of them', (t) => {
  const freedBy = createLayerCount(
    new Map([
      ['one', image(['base', 'tools', 'a'], step('RUN tools', 50), step('COPY a', 7))],
      ['two', image(['base', 'tools', 'b'], step('RUN tools', 50), step('COPY b', 5))],
      ['stays', image(['base'])],
    ]),
  )
  t.is(freedBy(['one']), 7)
  t.is(freedBy(['two']), 5)
  t.is(freedBy(['one', 'two']), 62)
  t.is(freedBy(['one', 'two', 'stays']), 162)
  t.is(freedBy(['unknown']), 0)
})

test('the same files on another base are a layer of their own', (t) => {
  const freedBy = createLayerCount(
    new Map([
      ['one', image(['base', 'a'], step('COPY a', 7))],
      ['two', { layers: ['other', 'a'], steps: [step('ADD other.tar /', 30), step('COPY a', 7)] }],
    ]),
  )
  t.is(freedBy(['two']), 37)
})

test('of the steps that take nothing, those that could have made a layer did', (t) => {
  const steps = [
    step('/bin/sh -c #(nop)  ENV A=1'),
    step('/bin/sh -c #(nop) WORKDIR /app'),
    step('RUN mkdir /app/data # buildkit'),
    step('COPY a /app/a # buildkit', 7),
    step('LABEL note=last'),
  ]
  const below = image(['base', 'workdir', 'mkdir'], ...steps.slice(0, 3))
  const freedBy = createLayerCount(
    new Map([
      ['whole', image(['base', 'workdir', 'mkdir', 'a'], ...steps)],
      ['below', below],
    ]),
  )
  t.is(freedBy(['whole']), 7)
  t.is(freedBy(['below']), 0)
})
