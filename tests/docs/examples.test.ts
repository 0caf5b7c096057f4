import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import test from 'ava'
import { buildSchema, parse, validate } from 'graphql'
import { readConfig } from '../../api/config.ts'
import { blocksOf, checkout, isShell, pages } from '../helpers/documented.ts'

test('commands are in shell blocks, where the test finds them', (t) => {
  const others = pages.flatMap(blocksOf).filter((block) => !isShell(block))
  const looksRun = /^\$ |^(sudo |[A-Z_]+=\S+ )*(npm|npx|node|curl|docker|git|openssl|systemctl|apt(-get)?) \S/m
  t.deepEqual(
    others.filter(({ text }) => looksRun.test(text)).map(({ page, line }) => `${page}:${line}`),
    [],
  )
  t.notRegex(readFileSync(join(checkout, '.env.example'), 'utf8'), /^# *(npm|curl|docker|openssl) \S/m)
})

test('every npm script that a page names exists', (t) => {
  const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  for (const page of pages) {
    for (const [words, name = ''] of readFileSync(join(checkout, page), 'utf8').matchAll(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g))
      t.true(name in scripts, `${page}: ${words}`)
  }
})

test('the image has every command that a page runs in it', (t) => {
  const program = readFileSync(join(checkout, 'docker/selfhostly.mjs'), 'utf8')
  const named = [...program.matchAll(/^  ([a-z-]+)(?: [^\n]*)?  \S[^\n]*$/gm)].map(([, name = '']) => name)
  const commands = named.filter((name) => name !== 'install-script')
  t.true(commands.length > 4)
  for (const command of commands) t.true(existsSync(join(checkout, `api/commands/${command}-command.ts`)), command)
  for (const page of pages) {
    for (const [words, name = ''] of readFileSync(join(checkout, page), 'utf8').matchAll(/\bselfhostly(?::local)? selfhostly ([a-z-]+)/g))
      t.true(named.includes(name), `${page}: ${words}`)
  }
})

test('settings in examples are valid', (t) => {
  const blocks = pages.flatMap(blocksOf).filter(({ language }) => language === 'dotenv')
  t.true(blocks.length > 4)
  for (const { page, line, text } of blocks) t.notThrows(() => readConfig(parseEnv(text)), `${page}:${line}`)
})

test('GraphQL in examples is valid against the schema', (t) => {
  const schema = buildSchema(readFileSync(join(checkout, 'schema/schema.graphql'), 'utf8'))
  const blocks = pages.flatMap(blocksOf).filter(({ language }) => language === 'graphql')
  t.true(blocks.length > 1)
  for (const { page, line, text } of blocks) t.deepEqual(validate(schema, parse(text)), [], `${page}:${line}`)
})

test('JSON in examples parses', (t) => {
  const blocks = pages.flatMap(blocksOf).filter(({ language }) => language === 'json')
  t.true(blocks.length > 1)
  for (const { page, line, text } of blocks) t.notThrows(() => JSON.parse(text), `${page}:${line}`)
})
