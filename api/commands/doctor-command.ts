import { existsSync } from 'node:fs'
import { systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { createDocker } from '../docker/docker.ts'
import { createDoctor } from '../doctor/doctor.ts'
import { fine, problem, type Finding } from '../doctor/finding.ts'
import type { Neighbour } from '../doctor/neighbours.ts'
import { nodesOnDisk } from '../doctor/nodes-on-disk.ts'
import { checkPort } from '../doctor/port.ts'
import { errorMessage } from '../errors.ts'
import { createLog } from '../log.ts'
import { ownConfig } from '../own-config.ts'
import { runCommand } from './command.ts'

const marks = { fine: '✓', warning: '!', problem: '✗' }

/** `npm run doctor`: looks at everything that this node needs, changes nothing, and says what to do. Exit code 1 if there is a problem. */
await runCommand(async () => {
  const config = readSettings()
  if (typeof config === 'string')
    return report([problem('Settings', config, 'Correct them in the environment or in .env. docs/configuration.md has them all')])
  const { databasePath, listen, role } = config
  const docker = createDocker({ nodeId: 'doctor', clock: systemClock, log: createLog({ level: 'silent' }) })
  const known = role === 'primary' && existsSync(databasePath) ? nodes(databasePath) : []
  const doctor = createDoctor({
    ...config,
    clock: systemClock,
    docker: { engine: docker.engine.info, compose: docker.compose.version },
    primaryUrl: () => (role === 'secondary' ? config.primaryUrl : null),
    nodes: () => (Array.isArray(known) ? known : []),
    more: async () => [
      fine('Settings', `They are valid. This is a ${role}`),
      ...(await checkPort(listen)),
      ...(Array.isArray(known) ? [] : [known]),
    ],
  })
  return report(await doctor.look())
})

function readSettings(): Config | string {
  try {
    return ownConfig()
  } catch (error) {
    return errorMessage(error)
  }
}

function nodes(databasePath: string): Neighbour[] | Finding {
  try {
    return nodesOnDisk(databasePath)
  } catch (error) {
    return problem(
      'Nodes',
      `The database cannot be read: ${errorMessage(error)}`,
      'Start the server: it says what is wrong with the file, or brings it up to date',
    )
  }
}

function sentence(words: string): string {
  return /[.?!]$/.test(words) ? words : `${words}.`
}

function report(found: Finding[]): string {
  const lines = found.flatMap(({ subject, state, message, remedy }) => [
    `${marks[state]} ${subject}: ${sentence(message)}`,
    ...(remedy === null ? [] : [`    ${sentence(remedy)}`]),
  ])
  const problems = found.filter(({ state }) => state === 'problem').length
  if (problems > 0) process.exitCode = 1
  const end = problems === 0 ? 'No problems found.' : problems === 1 ? 'One problem found.' : `${problems} problems found.`
  return `${[...lines, '', end].join('\n')}\n`
}
