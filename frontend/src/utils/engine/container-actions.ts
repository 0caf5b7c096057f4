import type { ContainerAction, ContainerState } from '../../graphql/generated/graphql.ts'

interface ShownAction {
  label: string
  icon: string
  color?: 'error'
  /** The states in which it makes sense. */
  in: ContainerState[]
}

const up: ContainerState[] = ['RUNNING', 'PAUSED', 'RESTARTING']
const down: ContainerState[] = ['CREATED', 'EXITED', 'DEAD']

export const containerActions: Record<ContainerAction, ShownAction> = {
  START: { label: 'Start', icon: 'i-lucide-play', in: down },
  STOP: { label: 'Stop', icon: 'i-lucide-square', in: up },
  RESTART: { label: 'Restart', icon: 'i-lucide-rotate-cw', in: [...up, ...down] },
  PAUSE: { label: 'Pause', icon: 'i-lucide-pause', in: ['RUNNING'] },
  UNPAUSE: { label: 'Resume', icon: 'i-lucide-step-forward', in: ['PAUSED'] },
  KILL: { label: 'Kill', icon: 'i-lucide-zap', color: 'error', in: up },
  REMOVE: { label: 'Remove', icon: 'i-lucide-trash-2', color: 'error', in: [...up, ...down] },
}

interface Subject {
  state: ContainerState
  appName?: string | null
  project?: string | null
}

/** What will follow, said before it is done. */
export function consequences(action: ContainerAction, { state, appName, project }: Subject): string[] {
  const ends = action === 'STOP' || action === 'KILL' || action === 'PAUSE' || action === 'REMOVE'
  const running = state === 'RUNNING' || state === 'PAUSED' || state === 'RESTARTING'
  return [
    ...(action === 'KILL' ? ['It ends at once, without a chance to save anything.'] : []),
    ...(action === 'KILL' ? ['Its restart policy does not start it again.'] : []),
    ...(action === 'PAUSE' ? ['It keeps its memory and answers nothing until it is resumed.'] : []),
    ...(action === 'REMOVE' && running ? ['It runs, so it is killed first.'] : []),
    ...(action === 'REMOVE' ? ['Its anonymous volumes go with it. Named volumes stay.'] : []),
    ...(action === 'RESTART' ? ['What it is doing now is interrupted.'] : []),
    ...(appName && ends ? [`It belongs to the app ${appName}, which is then shown as degraded or stopped.`] : []),
    ...(appName && action === 'REMOVE' ? ['The next start or update of the app makes it again.'] : []),
    ...(!appName && project && action === 'REMOVE'
      ? [`It belongs to the Compose project ${project}, whose next start makes it again.`]
      : []),
  ]
}
