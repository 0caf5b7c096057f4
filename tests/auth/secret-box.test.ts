import { randomBytes } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { createSecretBox } from '../../api/auth/secret-box.ts'

const key = randomBytes(32)
const box = createSecretBox(key)
const context = 'node.apiKey:3f2b8c1e'

test('opens what it sealed, whatever the text', (t) => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plain, where) => box.open(box.seal(plain, where), where) === plain))
  t.regex(box.seal('', context), /^v1\.[0-9a-f]{8}\.[\w-]+$/)
})

test('sealing twice gives different texts, without the secret in them', (t) => {
  const [one, other] = [box.seal('correct horse', context), box.seal('correct horse', context)]
  t.not(one, other)
  t.false(Buffer.from(one.split('.')[2] ?? '', 'base64url').includes('correct horse'))
})

test('a sealed secret opens only in its own place', (t) => {
  const sealed = box.seal('correct horse', context)
  t.throws(() => box.open(sealed, 'node.apiKey:other'), {
    message: /^The secret node.apiKey:other cannot be decrypted: it is damaged or was encrypted/,
  })
})

test('no byte of a sealed secret can be changed, and none left off', (t) => {
  const sealed = box.seal('correct horse', context)
  const [version, keyId, body = ''] = sealed.split('.')
  const bytes = Buffer.from(body, 'base64url')
  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes)
    changed[i] = (changed[i] ?? 0) ^ 1
    for (const wrong of [changed, bytes.subarray(0, i)]) {
      const error = t.throws(() => box.open(`${version}.${keyId}.${wrong.toString('base64url')}`, context))
      t.true(error.message.startsWith(`The secret ${context} cannot be decrypted`))
    }
  }
})

test('a plain text, as left by a hand edit, is refused without being repeated', (t) => {
  for (const text of ['', 'correct horse', 'v1.correct.horse', 'v2.00000000.AAAA']) {
    t.throws(() => box.open(text, context), { message: `The secret ${context} cannot be decrypted: it is not in the encrypted form` })
  }
})

test('another key says which key is missing; as an older key it still opens', (t) => {
  const sealed = box.seal('correct horse', context)
  const newKey = randomBytes(32)
  t.throws(() => createSecretBox(newKey).open(sealed, context), {
    message: new RegExp(`encrypted with key ${sealed.split('.')[1]}, but the current key is`),
  })
  const rotated = createSecretBox(newKey, key)
  t.is(rotated.open(sealed, context), 'correct horse')
  t.not(rotated.seal('correct horse', context).split('.')[1], sealed.split('.')[1])
})

test('a key of another length is refused', (t) => {
  t.throws(() => createSecretBox(randomBytes(16)), { message: 'A secret box needs keys of 32 bytes, not 16' })
})
