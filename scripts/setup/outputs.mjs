import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../processes.mjs'
import { SetupError } from './setup-error.mjs'

/** Generated from the other files, so not inputs. The build writes the two `.d.ts` files. */
const generated = new Set(['dist', 'generated', 'node_modules', 'auto-imports.d.ts', 'components.d.ts'])

const documents = {
  folder: 'frontend/src/graphql/generated',
  inputs: ['frontend/src', 'schema/schema.graphql', 'codegen.yml', 'package-lock.json'],
}
const server = { folder: 'dist', inputs: ['api', 'schema', 'scripts/bundle.mjs', 'package-lock.json'] }
const dashboard = { folder: 'frontend/dist', inputs: ['frontend', 'schema/schema.graphql', 'codegen.yml', 'package-lock.json'] }

export const documentsReady = (root) => isFresh(root, documents)
export const makeDocuments = (root) =>
  make(root, documents, 'generating the typed GraphQL documents', 'graphql-codegen', ['--config', 'codegen.yml'])

export const dashboardReady = (root) => isFresh(root, dashboard)
export const makeDashboard = (root) => make(root, dashboard, 'building the dashboard (takes half a minute)', 'vite', ['build', 'frontend'])

export const serverReady = (root) => isFresh(root, server)
export const makeServer = (root) => make(root, server, 'bundling the server', 'node', ['scripts/bundle.mjs'])

/** Stored beside the output, so deleting the output deletes it too. */
const stampOf = (root, { folder }) => join(root, folder, '.inputs')

function isFresh(root, target) {
  const stamp = stampOf(root, target)
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hashOf(root, target.inputs)
}

async function make(root, target, what, command, args) {
  console.error(`setup: ${what}`)
  const inputs = hashOf(root, target.inputs)
  const { code, output } = await run(join(root, 'node_modules', '.bin', command), args, {
    cwd: root,
    detached: false,
    env: environment(root),
  })
  if (code !== 0) throw new SetupError(`${command} ${args.join(' ')} failed (exit code ${code}):\n${output}`)
  writeFileSync(stampOf(root, target), inputs)
}

/** The tools start with `#!/usr/bin/env node`, and this gives them the same Node 24 as everything else. */
const environment = (root) => ({ ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}` })

/** One hash over names and contents, because a checkout's file times mean nothing. */
function hashOf(root, inputs) {
  const hash = createHash('sha256')
  for (const input of inputs) {
    for (const file of filesUnder(root, input))
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(root, file)))
        .update('\0')
  }
  return hash.digest('hex')
}

function filesUnder(root, path) {
  const entries = readdirIfFolder(join(root, path))
  if (!entries) return [path]
  return entries
    .filter((entry) => !generated.has(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesUnder(root, `${path}/${entry.name}`) : [`${path}/${entry.name}`]))
}

function readdirIfFolder(path) {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch (error) {
    if (error.code === 'ENOTDIR') return undefined
    throw error
  }
}
