import { removeApp, restartApp, startApp, stopApp, updateApp, updateImages } from '../../graphql/documents/app-changes.ts'
import type { RemoveAppInput } from '../../graphql/generated/graphql.ts'
import type { AppItem, OperationItem } from '../../graphql/items.ts'
import { restartObstacle, startObstacle, stopObstacle } from '../../utils/apps/app-state.ts'
import type { Action, Sends } from '../shared/action.ts'
import { picked } from '../shared/useMutate.ts'

interface Basics extends Action {
  /** Such as `started`, for the toast that says what could not be done. */
  past: string
  /** Why the app cannot do this in its state. */
  obstacle?: (app: AppItem) => string | undefined
  /** What it does, if the label does not say enough. */
  hint?: string
  /** Can be chosen while another operation changes the app. */
  whileUnderWay?: true
}

/** Resolves to the operation it started. */
export type StartsOperation<Input> = Sends<AppItem, Input, OperationItem>

/** Runs as soon as it is chosen. */
interface ImmediateAction extends Basics, StartsOperation<void> {
  dialog?: undefined
}
/** Shows what would be deleted and asks what to keep. */
interface RemovalAction extends Basics, StartsOperation<RemoveAppInput> {
  dialog: 'removal'
}
/** Says what cannot be undone and asks what to copy. */
interface UpdateAction extends Basics, StartsOperation<UpdateChoice> {
  dialog: 'update'
}
export interface UpdateChoice {
  copyVolumes: boolean
}
export type AppAction = ImmediateAction | RemovalAction | UpdateAction

/**
 * The buttons of an app, in their order. A new action is one entry here and its mutation in
 * `graphql/documents/app-changes.ts`.
 */
export const appActions = {
  start: {
    label: 'Start',
    past: 'started',
    icon: 'i-lucide-play',
    permission: 'app.change',
    obstacle: startObstacle,
    run: async (mutate, { id }) => picked(await mutate(startApp, { id }), (data) => data.startApp.operation),
  },
  stop: {
    label: 'Stop',
    past: 'stopped',
    icon: 'i-lucide-square',
    permission: 'app.change',
    obstacle: stopObstacle,
    run: async (mutate, { id }) => picked(await mutate(stopApp, { id }), (data) => data.stopApp.operation),
  },
  restart: {
    label: 'Restart',
    past: 'restarted',
    icon: 'i-lucide-rotate-cw',
    permission: 'app.change',
    obstacle: restartObstacle,
    run: async (mutate, { id }) => picked(await mutate(restartApp, { id }), (data) => data.restartApp.operation),
  },
  update: {
    label: 'Update',
    past: 'updated',
    icon: 'i-lucide-cloud-download',
    hint: 'Pull newer images and replace the containers that use them',
    permission: 'app.change',
    dialog: 'update',
    run: async (mutate, { id, node }, { copyVolumes }) =>
      // A node of an older version makes no version of it.
      node.capabilities.includes('image-updates')
        ? picked(await mutate(updateImages, { id, copyVolumes }), (data) => data.updateImages.operation)
        : picked(await mutate(updateApp, { id, input: { pull: true } }), (data) => data.updateApp.operation),
  },
  remove: {
    label: 'Remove',
    past: 'removed',
    icon: 'i-lucide-trash-2',
    color: 'error',
    permission: 'app.change',
    whileUnderWay: true,
    dialog: 'removal',
    run: async (mutate, { id }, input) => picked(await mutate(removeApp, { id, input }), (data) => data.removeApp.operation),
  },
} satisfies Record<string, AppAction>

export type AppActionName = keyof typeof appActions
