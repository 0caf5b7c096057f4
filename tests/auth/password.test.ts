import test from 'ava'
import { hashPassword, passwordProblem, verifyPassword } from '../../api/auth/password.ts'

const password = 'correct horse battery'

test('a hash matches only its password and contains its cost', async (t) => {
  const stored = await hashPassword(password)
  t.regex(stored, /^\$scrypt\$ln=16,r=8,p=2\$[\w-]{22}\$[\w-]{43}$/)
  t.true(await verifyPassword(password, stored))
  t.false(await verifyPassword('correct horse batterY', stored))
  t.false(await verifyPassword('', stored))
  t.not(await hashPassword(password), stored, 'each hash has its own salt')
})

test('a hash with another cost is checked with that cost', async (t) => {
  // Made with node:crypto by scryptSync(password, 'salt', 32, { N: 1024, r: 8, p: 1 }).
  t.true(await verifyPassword(password, '$scrypt$ln=10,r=8,p=1$c2FsdA$vRbhzOgx8gEJtS2f5fdRxm7T2n1NaWa5beNYSdbAmKE'))
})

test('the same characters are the same password however they were typed', async (t) => {
  const stored = await hashPassword('na\u00efve caf\u00e9 p\u00e2te')
  t.true(await verifyPassword('nai\u0308ve cafe\u0301 pa\u0302te', stored))
})

test('an invalid hash, or one that needs too much memory, matches no password', async (t) => {
  for (const stored of ['', 'plain', password, '$scrypt$ln=16,r=8,p=2$c2FsdA$', '$scrypt$ln=40,r=8,p=1$c2FsdA$' + 'A'.repeat(43)]) {
    t.false(await verifyPassword(password, stored), stored)
  }
})

test('a new password must be long enough and not one repeated letter', (t) => {
  t.is(passwordProblem(password), null)
  t.is(passwordProblem('elevenchars'), 'must have at least 12 characters, but has 11')
  t.is(passwordProblem('x'.repeat(1001)), 'must have at most 1000 characters')
  t.is(passwordProblem('abababababab'), 'must have at least 5 different characters')
  t.is(passwordProblem('\u{1F511}'.repeat(3) + 'abc'), 'must have at least 12 characters, but has 6', 'a symbol is one character')
})
