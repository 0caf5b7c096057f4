import test from 'ava'
import { createMask } from '../../../api/apps/environment/mask.ts'
import { masked } from '../../../api/masked.ts'

const secret = (value: string, name = 'KEY') => ({ name, value, secret: true })

test('masks secret values and leaves plain ones', (t) => {
  const mask = createMask([secret('s3cr3t-value'), { name: 'PLAIN', value: 'public', secret: false }])
  t.is(mask.text('KEY=s3cr3t-value public s3cr3t-value'), `KEY=${masked} public ${masked}`)
})

test('masks the forms in which Compose and Docker print values', (t) => {
  const value = `p'a"$s\\s w/ö rd&`
  const { text } = createMask([secret(value)])
  const forms = [
    value,
    value.replace('$', '$$$$'),
    JSON.stringify(value),
    JSON.stringify(JSON.stringify(value)),
    JSON.stringify(value.replace('$', '$$$$')),
    JSON.stringify(value).replace('&', '\\u0026'),
    JSON.stringify(value).replace('ö', '\\u00f6'),
    encodeURIComponent(value),
    encodeURI(value),
    new URLSearchParams({ value }).toString(),
    `'${value.replaceAll("'", "''")}'`,
    `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
  ]
  for (const form of forms) {
    t.true(text(form).includes(masked), form)
    t.notRegex(text(form), /rd|s\\|w\/|w%/, form)
  }
})

test('masks each line of a longer secret, and the longest of several that overlap', (t) => {
  const { text } = createMask([secret('-----BEGIN\n  line-one\r\nline-two\n'), secret('line'), secret('line-one-more')])
  t.is(text('x   line-one y'), `x ${masked} y`)
  t.is(text('line-two'), masked)
  t.is(text('line-one-more'), masked)
  t.is(text('-----BEGIN'), masked)
})

test('masks the password of a URL', (t) => {
  const { text } = createMask([secret('postgres://user:pa%40ssword@db/x')])
  t.is(text('password "pa@ssword" refused, pa%40ssword'), `password "${masked}" refused, ${masked}`)
  t.is(text('user of postgres at db'), 'user of postgres at db')
})

test('short secrets are masked only where they are the whole value', (t) => {
  const mask = createMask([secret('on'), secret('17', 'PORT'), secret('')])
  t.is(mask.text('on port 17'), 'on port 17')
  t.deepEqual(mask.deep({ a: 'on', b: ['x on', 17, 18, null, true, ''] }), { a: masked, b: ['x on', masked, 18, null, true, ''] })
})

test('masks in keys and values of a resolved file', (t) => {
  const mask = createMask([secret('planted$ecret')])
  t.deepEqual(mask.deep({ services: { web: { image: 'x:planted$$ecret', labels: { planted$$ecret: 1 } } } }), {
    services: { web: { image: `x:${masked}`, labels: { [masked]: 1 } } },
  })
})

test('masks contents of secret files, and values in them', (t) => {
  const files = [
    { content: 'TOKEN="planted-token" # comment\n', secret: true },
    { content: 'OTHER=public-value\n', secret: false },
  ]
  const { text } = createMask([], files)
  t.is(text('planted-token public-value'), `${masked} public-value`)
})

test('without secrets, nothing changes', (t) => {
  const mask = createMask([{ name: 'A', value: 'plain', secret: false }])
  t.is(mask.text('plain'), 'plain')
  t.deepEqual(mask.deep({ a: 'plain' }), { a: 'plain' })
})
