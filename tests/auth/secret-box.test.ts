import { randomBytes } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { createSecretBox } from '../../api/auth/secret-box.ts'

const key = randomBytes(32)
const box = createSecretBox(key)
const context = 'node.apiKey:3f2b8c1e'

test('decrypts what it encrypted, for any text', (t) => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plain, where) => box.open(box.seal(plain, where), where) === plain))
  t.regex(box.seal('', context), /^v1\.[0-9a-f]{8}\.[\w-]+$/)
})

test('encrypting twice gives different texts that do not contain the secret', (t) => {
  const [one, other] = [box.seal('correct horse', context), box.seal('correct horse', context)]
  t.not(one, other)
  t.false(Buffer.from(one.split('.')[2] ?? '', 'base64url').includes('correct horse'))
})

test('an encrypted secret can only be decrypted in its own place', (t) => {
  const sealed = box.seal('correct horse', context)
  t.throws(() => box.open(sealed, 'node.apiKey:other'), {
    message: /^The secret node.apiKey:other cannot be decrypted: it is damaged or was encrypted/,
  })
})

test('no byte of an encrypted secret can be changed or removed', (t) => {
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

test('a plain text, as after a manual edit, is refused without repeating it', (t) => {
  for (const text of ['', 'correct horse', 'v1.correct.horse', 'v2.00000000.AAAA']) {
    t.throws(() => box.open(text, context), { message: `The secret ${context} cannot be decrypted: it is not in the encrypted form` })
  }
})

test('another key names the missing key, and an older key still decrypts', (t) => {
  const sealed = box.seal('correct horse', context)
  const newKey = randomBytes(32)
  t.throws(() => createSecretBox(newKey).open(sealed, context), {
    message: new RegExp(`encrypted with key ${sealed.split('.')[1]}, but the current key is`),
  })
  const rotated = createSecretBox(newKey, key)
  t.is(rotated.open(sealed, context), 'correct horse')
  t.not(rotated.seal('correct horse', context).split('.')[1], sealed.split('.')[1])
})

test('refuses a key of the wrong length', (t) => {
  t.throws(() => createSecretBox(randomBytes(16)), { message: 'A secret box needs keys of 32 bytes, not 16' })
})
