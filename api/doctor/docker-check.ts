import { errorMessage } from '../errors.ts'
import { fine, problem, warning, type Finding } from './finding.ts'

/** What must be known of Docker. Both fail with words that say what to do. */
export interface DockerAnswers {
  engine: () => Promise<{ version: string }>
  compose: () => Promise<string>
}

export async function checkDocker({ engine, compose }: DockerAnswers): Promise<Finding[]> {
  const [answer, program] = await Promise.allSettled([engine(), compose()])
  const found: Finding[] = []
  if (answer.status === 'fulfilled') found.push(fine('Docker', `The Engine answers, version ${answer.value.version}`))
  else found.push(problem('Docker', errorMessage(answer.reason), 'Apps cannot be deployed or watched until it answers'))
  if (program.status === 'rejected')
    found.push(problem('Compose', errorMessage(program.reason), 'Apps cannot be deployed until it is installed'))
  else if (/ 1\./.test(program.value))
    found.push(warning('Compose', program.value, 'It works, but takes several times as long as Compose 2: install docker-compose-plugin'))
  else found.push(fine('Compose', program.value))
  return found
}
