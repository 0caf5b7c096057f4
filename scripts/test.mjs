// `npm test`: installs what the machine lacks, finds a Docker Engine, then runs every check and every test. Its last line is the count.
//   npm test -- tests/settings  only these files or folders (and no checks); other AVA options are passed on too
//   npm test -- --prove-start   also proves `npm start` on a fresh clone, as CI does
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runAva } from './ava.mjs'
import { reportStep, runChecks } from './check-steps.mjs'
import { prepareComposeVersions } from './compose-versions.mjs'
import { engineAnswers, startEngine } from './docker-engine.mjs'
import { endAll, endAllOnSignals } from './processes.mjs'
import { proveStart } from './prove-start.mjs'
import { filesOf, mostFiles } from './second-look.mjs'
import { ensureSystemPackages } from './system-packages.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const options = process.argv.slice(2)
const withStart = options.includes('--prove-start')
const avaArguments = options.filter((option) => option !== '--prove-start')
const counts = { passed: 0, failed: 0 }

endAllOnSignals()
try {
  const machine = await prepareMachine()
  const checks = avaArguments.length === 0 && check()
  if (withStart) await step('npm start on a fresh clone', () => proveStart(root))
  await test(machine)
  await checks
} catch (error) {
  counts.failed++
  console.log(`\n${error.message}`)
}
await endAll().catch((error) => {
  counts.failed++
  console.log(`\nNot everything that the tests started could be ended and removed: ${error.message}`)
})
process.exitCode = counts.failed === 0 ? 0 : 1
console.log(`\n${counts.passed} passed, ${counts.failed} failed`)

/**
 * @returns the environment of the tests: the server's bundle, DOCKER_HOST if an Engine was started here, and DOCKER_CONFIG if only that finds Compose 2.
 *   All but tests/docker runs on Compose 2, which most people have, and which takes an eighth of the processor time of 1.29.
 */
async function prepareMachine() {
  const answers = await engineAnswers()
  const toDo = await ensureSystemPackages(answers)
  if (toDo) throw new Error(toDo)
  const compose = await prepareComposeVersions(root)
  if (compose.toDo) throw new Error(compose.toDo)
  if (compose.note) console.log(compose.note)
  // Installing Docker may have started it.
  const found = { SERVER_BUNDLE: join(root, 'dist', 'main.js'), ...(compose.dockerConfig ? { DOCKER_CONFIG: compose.dockerConfig } : {}) }
  if (answers || (await engineAnswers())) return found
  console.log('No Docker Engine answers: starting one for the tests')
  return { ...found, DOCKER_HOST: await startEngine() }
}

/** Beside all else, in the time that it leaves. */
async function check() {
  const results = await runChecks(root, reportStep, { yields: true })
  for (const { ok } of results) counts[ok ? 'passed' : 'failed']++
}

async function test(machine) {
  console.log('\n== tests')
  const began = performance.now()
  const env = { ...process.env, ...machine }
  const first = await runAva(root, avaArguments, env)
  const result = avaArguments.length === 0 && first.failed > 0 ? await lookAgain(first, env) : first
  counts.passed += result.passed
  counts.failed += result.failed
  console.log(`\n== tests: ${result.failed === 0 ? 'passed' : 'FAILED'} (${((performance.now() - began) / 1000).toFixed(1)} s)`)
}

/**
 * Runs the files of failed tests once more, alone. The whole run keeps every core busy, so a test that measures time can fail for
 * reasons outside the program. What fails twice has failed. What passes now is listed, because such a test needs mending too.
 */
async function lookAgain(first, env) {
  const files = filesOf(root, first.failures)
  if (!files || files.length > mostFiles) return first
  console.log(`\n== once more, alone: ${files.join(', ')}`)
  const second = await runAva(root, ['--serial', '--concurrency=1', ...files], env)
  if (second.failed > 0) return first
  console.log(
    `\n== failed among the others, passed alone (unsteady, mend them):\n${first.failures.map((title) => `   ${title}`).join('\n')}`,
  )
  return { passed: first.passed + first.failed, failed: 0 }
}

async function step(name, work) {
  const began = performance.now()
  const { ok, output } = await work().then(
    (output) => ({ ok: true, output }),
    (error) => ({ ok: false, output: error.message }),
  )
  counts[ok ? 'passed' : 'failed']++
  reportStep({ name, ok, output, seconds: (performance.now() - began) / 1000 })
  if (ok && output) console.log(output)
}
