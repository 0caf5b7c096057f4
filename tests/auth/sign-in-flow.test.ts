import test from 'ava'
import fc from 'fast-check'
import { createFlows, flowMs, localPath } from '../../api/auth/sign-in-flow.ts'
import { createManualClock } from '../helpers/manual-clock.ts'

const secret = 'a secret of at least thirty-two characters'

test('a flow works once, for its provider, with its state, before it expires', (t) => {
  const clock = createManualClock()
  const flows = createFlows({ clock, secret })
  const begin = () => flows.begin('oidc', '/apps')
  const answer = ({ flow }: ReturnType<typeof begin>) => ({ provider: 'oidc', state: flow.state })
  const [good, other, wrongState, wrongProvider, inTime, late] = [begin(), begin(), begin(), begin(), begin(), begin()]
  t.like(flows.take(good.id, answer(good)), { ...good.flow, returnTo: '/apps' })
  t.is(flows.take(good.id, answer(good)), null)
  t.is(flows.take(undefined, answer(other)), null)
  t.is(flows.take('unknown', answer(other)), null)
  t.is(flows.take(wrongState.id, answer(other)), null)
  t.truthy(flows.take(wrongState.id, answer(wrongState)), 'a wrong guess does not end the flow')
  t.is(flows.take(other.id, { ...answer(other), state: undefined }), null)
  t.is(flows.take(wrongProvider.id, { ...answer(wrongProvider), provider: 'github' }), null)
  clock.advance(flowMs - 1)
  t.truthy(flows.take(inTime.id, answer(inTime)))
  clock.advance(1)
  t.is(flows.take(late.id, answer(late)), null)
})

test('started flows are not stored, and used ones are remembered until they expire', (t) => {
  const clock = createManualClock()
  const flows = createFlows({ clock, secret })
  const first = flows.begin('oidc', '/')
  for (let count = 0; count < 2000; count++) flows.begin('oidc', '/')
  t.is(flows.size(), 0)
  const take = ({ id, flow }: typeof first) => flows.take(id, { provider: 'oidc', state: flow.state })
  t.truthy(take(first))
  t.is(take(first), null)
  t.is(flows.size(), 1)
  clock.advance(flowMs)
  t.truthy(take(flows.begin('oidc', '/')))
  t.is(flows.size(), 1)
})

test('a flow survives a restart and does not work on another server', (t) => {
  const clock = createManualClock()
  const { id, flow } = createFlows({ clock, secret }).begin('oidc', '/apps')
  const answer = { provider: 'oidc', state: flow.state }
  t.is(createFlows({ clock, secret: 'another secret of thirty-two characters' }).take(id, answer), null)
  t.is(createFlows({ clock, secret }).take(`${id.slice(0, -2)}AA`, answer), null)
  t.truthy(createFlows({ clock, secret }).take(id, answer))
})

test('keeps paths of this server', (t) => {
  for (const path of ['/', '/apps', '/apps/1?tab=logs&q=a%2Fb#top', '/a//b', '/authors', '/@x']) t.is(localPath(path), path)
  t.is(localPath('/äpps'), '/%C3%A4pps')
})

const elsewhere = [
  ...[undefined, '', 'apps', ' /apps', 'https://evil.example', '//evil.example', '///evil.example', '/\\evil.example', '\\/evil.example'],
  ...[
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
    '/\r\nset-cookie: a=b',
    '/..//evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
  ],
  ...[
    '/%2e%2e//evil.example',
    '/%2E//evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    '/a\u0000b',
    '/a\u0085b',
    '/auth/github',
    '/auth',
    '/x/../auth/oidc',
  ],
  `/${'x'.repeat(2000)}`,
]
for (const path of elsewhere) test(`refuses the return path ${JSON.stringify(path)?.slice(0, 40)}`, (t) => t.is(localPath(path), '/'))

test('a browser always stays on this server', (t) => {
  const piece = fc.constantFrom(
    '/',
    '//',
    '\\',
    '.',
    '..',
    '\t',
    '\n',
    '@',
    ':',
    '?',
    '#',
    '%2f',
    '%5c',
    '%2e',
    'evil.example',
    'https:',
    '[',
    ' ',
    'é',
  )
  const wanted = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
  )
  const here = 'https://selfhostly.example'
  t.notThrows(() =>
    fc.assert(
      fc.property(wanted, (path) => {
        const location = localPath(path)
        return new URL(location, `${here}/auth/oidc/callback`).origin === here && /^\/(?!\/)[\x21-\x7e]*$/.test(location)
      }),
      { numRuns: 2000 },
    ),
  )
})
