import { useAppActions } from '../apps/useAppActions.ts'
import { useNodeActions } from '../nodes/useNodeActions.ts'
import { useRetry } from '../operations/useRetry.ts'
import { usePermissions } from '../shared/usePermissions.ts'
import type { Permission } from '../shared/usePermissions.ts'
import type { Remedy } from '../../utils/overview/attention.ts'

export interface OfferedRemedy {
  label: string
  icon: string
  /** A page to go to, in place of something to do. */
  to?: string
  busy: boolean
  run: () => unknown
}

const permissions: Record<Remedy['kind'], Permission | undefined> = {
  check: 'node.check',
  start: 'app.change',
  update: 'app.change',
  retry: 'app.change',
  open: undefined,
}

/** Does at the press of a button what helps. Dialogs that ask first are shown by the page. */
export function useRemedies() {
  const { can } = usePermissions()
  const apps = useAppActions()
  const nodes = useNodeActions()
  const repeat = useRetry(() => {})

  /** Undefined if the viewer may not do it. */
  function offer(remedy: Remedy | undefined): OfferedRemedy | undefined {
    if (!remedy || !can(permissions[remedy.kind])) return undefined
    switch (remedy.kind) {
      case 'check': {
        const { node } = remedy
        return {
          label: 'Check now',
          icon: 'i-lucide-stethoscope',
          busy: nodes.busy.value.has(node.id),
          run: () => nodes.choose('check', node),
        }
      }
      case 'start': {
        const { app } = remedy
        return { label: 'Start', icon: 'i-lucide-play', busy: apps.busy.value.has(app.id), run: () => apps.choose('start', app) }
      }
      case 'update': {
        const { app } = remedy
        return {
          label: 'Update',
          icon: 'i-lucide-cloud-download',
          busy: apps.busy.value.has(app.id),
          run: () => apps.choose('update', app),
        }
      }
      case 'retry': {
        const { operation } = remedy
        return { label: 'Retry', icon: 'i-lucide-rotate-cw', busy: false, run: () => repeat(operation) }
      }
      case 'open':
        return { label: remedy.label, icon: 'i-lucide-arrow-right', to: remedy.to, busy: false, run: () => {} }
    }
  }

  return { offer, appDialogs: apps }
}
