// Which apps, nodes and containers come first in lists that show trouble first. The dashboard sorts by the same ranks, so the words of
// statuses may be in lower case, as here, or in upper case, as in GraphQL.

const appRanks: Record<string, number> = { error: 0, degraded: 1, unknown: 3, running: 5, stopped: 6 }
/** Between those that need someone to look and those that do not. */
const underWay = 4

/** 0 is worst. An app that is not as someone wants it comes before those whose state nobody knows. */
export function rankOfApp(app: { status: string; desiredState: string }): number {
  const [status, desired] = [app.status.toLowerCase(), app.desiredState.toLowerCase()]
  const isStray = (status === 'stopped' && desired === 'running') || (status === 'running' && desired === 'stopped')
  return isStray ? 2 : (appRanks[status] ?? underWay)
}

const nodeRanks: Record<string, number> = { unreachable: 0, offline: 1 }

/** 0 is worst. A node that is online but has something to know comes before those that are well. */
export const rankOfNode = ({ status, hasConditions }: { status: string; hasConditions: boolean }): number =>
  nodeRanks[status.toLowerCase()] ?? (hasConditions ? 2 : 3)

/** 0 is worst. */
export function rankOfContainer(container: { state: string; health?: string | null; exitCode?: number | null }): number {
  const [state, health] = [container.state.toLowerCase(), container.health?.toLowerCase()]
  if (health === 'unhealthy' || state === 'restarting' || state === 'dead') return 0
  if (state === 'exited' && container.exitCode !== 0) return 1
  if (state === 'unknown') return 2
  return state === 'running' ? 3 : 4
}
