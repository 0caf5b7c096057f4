import { z } from '@hono/zod-openapi'
import {
  appOperationWire,
  autoUpdateBody,
  appRefusals,
  createAppBody,
  presentAppOperation,
  removeAppQuery,
  restartAppBody,
  restoreVolumesBody,
  rollbackBody,
  startAppQuery,
  schedulesBody,
  updateAppBody,
  updateImagesBody,
  validateAppBody,
} from '../../app-wire.ts'
import { cut } from '../../bounds.ts'
import type { AppValidation } from '../../apps/compose/validation.ts'
import type { Action, Named } from '../../auth/action.ts'
import type { AppOperation } from '../../apps/app-service.ts'
import type { App } from '../../apps/app.ts'
import type { ContentsInput } from '../../apps/versions/version.ts'
import type { Operation } from '../../apps/operation.ts'
import type { RemovalPreview } from '../../apps/removal-item.ts'
import {
  appWire,
  operationWire,
  readApp,
  readOperation,
  readRemovalPreview,
  readValidation,
  removalPreviewWire,
  toWire,
  validationWire,
} from '../../wire.ts'
import { answered, forbidden, idParam, leniently, refused } from './declared-call.ts'

/** Calls about a node's apps and their operations. */

const base = { on: 'every-node' } as const

/** The answer to every call that starts an operation. */
export const started = (description: string) => ({
  status: 202 as const,
  description,
  schema: appOperationWire,
  write: presentAppOperation,
  read: readAppOperation,
})

const answerParts = z.object({ app: z.unknown(), operation: z.unknown() })

function readAppOperation(json: unknown): { value: AppOperation } | null {
  const parts = answerParts.safeParse(json).data
  const { value: app } = readApp(parts?.app)
  const { value: operation } = readOperation(parts?.operation)
  return app && operation && { value: { app, operation } }
}

/** What all calls share that start an operation on an app. */
export const starts = {
  ...base,
  refusals: appRefusals,
  begun: (begun: AppOperation) => begun,
  isFrom: ({ app, operation }: AppOperation, nodeId: string) => app.nodeId === nodeId && operation.nodeId === nodeId,
}
/** What all actions on an app share. */
const onApp = (word: string) => ({
  ...starts,
  params: idParam,
  answer: started('The operation was queued'),
  action: { word, permission: 'app.change', on: 'app' } as const satisfies Action,
  named: ({ id }: { id: string }): Named => ({ id }),
})
/** Why a draft is not checked. What is wrong with the draft itself is in the answer. */
export const validationRefusals = {
  400: appRefusals[400],
  404: 'There is no node or no app with this id',
  409: 'A newer check of the same draft replaced this one',
  429: 'The node is checking too many drafts. Try again in a moment',
  503: appRefusals[503],
} as const
/** The audit log names what an administrator allows. */
export const allowingWords = ({ allow }: { allow?: readonly string[] | null | undefined }): string =>
  allow && allow.length > 0 ? cut(` allowing ${allow.join(', ')}`, 500) : ''
/** Earlier versions would leave these out without a word. */
const contentsNeed = ({ environment, files, profiles, reason }: Omit<ContentsInput, 'composeContent'>) =>
  (environment ?? files ?? profiles ?? reason ?? null) === null ? undefined : ('app-history' as const)
const gateNeed = ({
  deadlineSeconds,
  copyVolumes,
}: {
  deadlineSeconds?: number | null | undefined
  copyVolumes?: boolean | null | undefined
}) => ((deadlineSeconds ?? null) === null && !copyVolumes ? undefined : ('health-gate' as const))
/** An older node would carry a repeated request out twice. */
const keyNeed = ({ idempotencyKey }: { idempotencyKey?: string | null | undefined }) =>
  (idempotencyKey ?? null) === null ? undefined : ('durable-operations' as const)
/** Earlier versions delete the app's whole folder, whatever the request says. */
const removalKeepsData = () => 'removal-keeps-data' as const

/**
 * Actions on one app, each of which starts an operation. A person's request goes the same way: `user/apps.ts` has a function for each,
 * and `http/app-action-routes.ts` the same route without `/internal`.
 */
export const appActionCalls = {
  updateApp: answered({
    route: 'PUT /api/internal/apps/{id}',
    ...onApp('app.update'),
    body: { schema: updateAppBody, description: 'Fields you leave out keep their value' },
    words: allowingWords,
    // An older node ignores these fields and would do what they are there to prevent.
    needs: (input) =>
      keyNeed(input) ??
      gateNeed(input) ??
      contentsNeed(input) ??
      ((input.takeFromDisk ?? []).length > 0 ? 'files-on-disk' : undefined) ??
      ((input.ifVersion ?? input.overwriteFile ?? null) === null ? undefined : 'app-versions'),
  }),

  removeApp: answered({
    route: 'DELETE /api/internal/apps/{id}',
    summary: 'Removes containers, networks and the Compose file. Volumes and other files only on request',
    ...onApp('app.remove'),
    query: removeAppQuery,
    needs: removalKeepsData,
  }),

  startApp: answered({ route: 'POST /api/internal/apps/{id}/start', ...onApp('app.start'), query: startAppQuery }),
  stopApp: answered({ route: 'POST /api/internal/apps/{id}/stop', ...onApp('app.stop') }),

  updateImages: answered({
    route: 'POST /api/internal/apps/{id}/images',
    summary: 'Pulls newer images and makes the containers again that run older ones',
    ...onApp('app.update-images'),
    body: { schema: updateImagesBody, description: 'Which services. All of them if left out' },
    needs: (input) => gateNeed(input) ?? 'image-updates',
  }),

  restartApp: answered({
    route: 'POST /api/internal/apps/{id}/restart',
    summary: 'Restarts containers as they are, in the order in which they depend on each other',
    ...onApp('app.restart'),
    body: { schema: restartAppBody, description: 'What to restart' },
    needs: () => 'durable-operations',
  }),

  rollbackApp: answered({
    route: 'POST /api/internal/apps/{id}/rollback',
    summary: 'Makes an earlier version the next one: file, files, environment with its secrets, and profiles',
    ...onApp('app.rollback'),
    body: { schema: rollbackBody, description: 'The version' },
    needs: (input) => gateNeed(input) ?? 'app-history',
  }),

  restoreVolumes: answered({
    route: 'POST /api/internal/apps/{id}/restore-volumes',
    summary: 'Replaces the volumes by the copy from before a version, and starts the app again',
    ...onApp('app.restore-volumes'),
    body: { schema: restoreVolumesBody, description: 'The version' },
    needs: () => 'health-gate' as const,
  }),

  pullAndUpdateApp: answered({
    route: 'POST /api/internal/apps/{id}/update',
    summary: 'Pulls newer images and recreates the containers',
    ...onApp('app.update'),
  }),
}

export const appCalls = {
  listApps: answered({
    route: 'GET /api/internal/apps',
    ...base,
    refusals: { ...refused, ...forbidden },
    answer: {
      status: 200,
      description: 'Apps of this node',
      schema: z.array(appWire),
      write: (apps: App[]) => apps.map(toWire),
      read(json: unknown) {
        const { data } = z.array(z.unknown()).safeParse(json)
        return data ? { value: data.flatMap((each) => readApp(each).value ?? []) } : null
      },
    },
  }),

  getApp: answered({
    route: 'GET /api/internal/apps/{id}',
    ...base,
    params: idParam,
    refusals: { 404: appRefusals[404] },
    answer: { status: 200, description: 'The app', schema: appWire, write: (app: App) => toWire(app), read: leniently(readApp) },
  }),

  createApp: answered({
    route: 'POST /api/internal/apps',
    ...starts,
    body: { schema: createAppBody, description: 'The app' },
    words: allowingWords,
    needs: (input) => keyNeed(input) ?? contentsNeed(input),
    answer: started('The deployment was queued'),
    action: { word: 'app.create', permission: 'app.change', on: 'node' } satisfies Action,
  }),

  validateApp: answered({
    route: 'POST /api/internal/apps/validate',
    summary: 'Checks a draft as creating or updating the app would. Changes nothing',
    ...base,
    changesNothing: true,
    body: { schema: validateAppBody, description: 'The draft' },
    needs: () => 'app-validation' as const,
    refusals: validationRefusals,
    answer: {
      status: 200,
      description: 'What is wrong with it, and what to know before deploying it',
      schema: validationWire,
      write: (validation: AppValidation) => toWire(validation),
      read: leniently(readValidation),
    },
  }),

  removalOf: answered({
    route: 'GET /api/internal/apps/{id}/removal',
    summary: 'Lists what removing the app would delete and keep',
    ...base,
    params: idParam,
    needs: removalKeepsData,
    refusals: { 404: appRefusals[404], 503: appRefusals[503] },
    answer: {
      status: 200,
      description: 'Each item, and when it is deleted',
      schema: removalPreviewWire,
      write: (preview: RemovalPreview) => toWire(preview),
      read: leniently(readRemovalPreview),
    },
  }),

  ...appActionCalls,

  setAppSchedules: answered({
    route: 'PUT /api/internal/apps/{id}/schedules',
    summary: 'Replaces the times at which the node starts, stops and restarts the app by itself',
    ...base,
    params: idParam,
    body: { schema: schedulesBody, description: 'All schedules of the app' },
    needs: () => 'app-schedules' as const,
    refusals: { 400: appRefusals[400], 404: appRefusals[404] },
    answer: { status: 200, description: 'The app', schema: appWire, write: (app: App) => toWire(app), read: leniently(readApp) },
    isFrom: (app: App, nodeId) => app.nodeId === nodeId,
    action: { word: 'app.schedules', permission: 'app.change', on: 'app' } satisfies Action,
    named: ({ id }): Named => ({ id }),
  }),

  setAutoUpdate: answered({
    route: 'PUT /api/internal/apps/{id}/auto-update',
    summary: "Says when the node updates the app's images by itself",
    ...base,
    params: idParam,
    body: { schema: autoUpdateBody, description: 'The times and the rule' },
    needs: () => 'auto-update' as const,
    refusals: { 400: appRefusals[400], 404: appRefusals[404] },
    answer: { status: 200, description: 'The app', schema: appWire, write: (app: App) => toWire(app), read: leniently(readApp) },
    isFrom: (app: App, nodeId) => app.nodeId === nodeId,
    action: { word: 'app.auto-update', permission: 'app.change', on: 'app' } satisfies Action,
    named: ({ id }): Named => ({ id }),
  }),

  retryOperation: answered({
    route: 'POST /api/internal/operations/{id}/retry',
    summary: 'Does an operation again that failed, was cancelled or interrupted',
    ...starts,
    params: idParam,
    answer: started('The operation was queued again, as a new one'),
    needs: () => 'durable-operations',
    action: { word: 'operation.retry', permission: 'app.change', on: 'operation' } satisfies Action,
    named: ({ id }: { id: string }): Named => ({ id }),
  }),

  cancelOperation: answered({
    route: 'POST /api/internal/operations/{id}/cancel',
    ...base,
    params: idParam,
    refusals: { 404: appRefusals[404] },
    isFrom: (operation: Operation, nodeId) => operation.nodeId === nodeId,
    answer: {
      status: 200,
      description: 'The operation as it is now',
      schema: operationWire,
      write: (operation: Operation) => toWire(operation),
      read: leniently(readOperation),
    },
    action: { word: 'operation.cancel', permission: 'app.change', on: 'operation' } satisfies Action,
    named: ({ id }): Named => ({ id }),
    outcome: ({ id, appId, appName }) => ({ appId, subject: `${appName ?? ''} ${id}` }),
  }),
}
