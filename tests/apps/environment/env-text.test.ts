import test from 'ava'
import { readEnvText } from '../../../api/apps/environment/env-text.ts'

const valuesOf = (text: string, known?: Record<string, string>): Record<string, string> => {
  const { variables, problems } = readEnvText(text, new Map(Object.entries(known ?? {})))
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  return Object.fromEntries(variables.map(({ name, value }) => [name, value]))
}

test('reads names, values, comments and export', (t) => {
  t.deepEqual(valuesOf('# top\n\nA=1\n  B = two words  # comment\nexport C=x#y\nD: yaml\nE=\nF=a=b=c\n'), {
    A: '1',
    B: 'two words',
    C: 'x#y',
    D: 'yaml',
    E: '',
    F: 'a=b=c',
  })
})

test('reads text with a BOM, CRLF and without an end of line', (t) => {
  t.deepEqual(valuesOf('\uFEFFA=1\r\nB="2"\r\nC=\'3\'\r\n\r\nD=4'), { A: '1', B: '2', C: '3', D: '4' })
  t.deepEqual(valuesOf('A="1\r\n2"  # two lines\r\nB=3\r\n'), { A: '1\r\n2', B: '3' }, 'line ends within quotes stay')
})

test('reads quotes as Compose 2 does', (t) => {
  t.deepEqual(
    valuesOf(`A="a\\tb\\n\\"c\\" \\\\ \\q"\nB='as $is ${'${it}'} \\n "x" \\'y\\''\nC="x # y" # z\nD='one\ntwo'\nE=un"quoted'\n`),
    {
      A: 'a\tb\n"c" \\ \\q',
      B: `as $is ${'${it}'} \\n "x" 'y'`,
      C: 'x # y',
      D: 'one\ntwo',
      E: `un"quoted'`,
    },
  )
})

test('puts values in the place of references', (t) => {
  const text = 'A=x\nB=$A-${A}-${N:-d}-${N-e}-${A:+y}-${K}\nC="$A \\$A $$A"\nD=${N:-${A}}\nE=100$\nF=$5\n'
  t.deepEqual(valuesOf(text, { K: 'known' }), { A: 'x', B: 'x-x-d-e-y-known', C: 'x $A $A', D: 'x', E: '100$', F: '$5' })
})

test('the last value of a name counts, and a doubt says so', (t) => {
  const { variables, doubts } = readEnvText('A=1\nB=2\nA=3\n')
  t.deepEqual(variables, [
    { name: 'A', value: '3', line: 3 },
    { name: 'B', value: '2', line: 2 },
  ])
  t.deepEqual(doubts, [{ line: 3, message: 'A is there twice. The last value counts' }])
})

test('names what it cannot read by its line, and reads the rest', (t) => {
  const { variables, problems } = readEnvText('A=1\nwhat is this\nB="open\nC=3\nD="x" y\nE=${}\nF=${open\n=x\nG=4\n')
  t.deepEqual(
    variables.map(({ name }) => name),
    ['A', 'G'],
  )
  t.deepEqual(
    problems.map(({ line }) => line),
    [2, 3, 6, 7, 8],
  )
})

test('lines without a value and values that look like comments are doubts', (t) => {
  const { variables, problems, doubts } = readEnvText('A\nexport B\nC= # nothing\nD=$NOWHERE\n')
  t.deepEqual(problems, [])
  t.deepEqual(variables, [
    { name: 'C', value: '# nothing', line: 3 },
    { name: 'D', value: '', line: 4 },
  ])
  t.deepEqual(
    doubts.map(({ line }) => line),
    [1, 2, 3, 4],
  )
})
