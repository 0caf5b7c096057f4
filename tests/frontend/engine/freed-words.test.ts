import test from 'ava'
import { freedWords } from '../../../frontend/src/utils/engine/freed-words.ts'

const items = [
  { id: 'a', freesBytes: 1_000_000 },
  { id: 'b', freesBytes: 2_000_000 },
]

test('everything has the exact sum, a part of images that share layers a lowest one', (t) => {
  const shared = { items, bytes: 9_000_000, unmeasured: 0 }
  t.regex(freedWords(shared, ['a', 'b']) ?? '', /^(9|8\.\d) ?M/)
  t.regex(freedWords(shared, ['b']) ?? '', /^at least (2|1\.9) ?M/)
  t.is(freedWords(shared, []), null)
})

test('without shared layers every choice is exact, unless something was not measured', (t) => {
  const alone = { items, bytes: 3_000_000, unmeasured: 0 }
  t.notRegex(freedWords(alone, ['b']) ?? '', /at least/)
  t.regex(freedWords({ ...alone, unmeasured: 1 }, ['a', 'b']) ?? '', /^at least/)
})
