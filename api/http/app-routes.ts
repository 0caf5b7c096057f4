import { createRoute, z } from '@hono/zod-openapi'
import type { AppOperation } from '../apps/app-service.ts'
import { appWire, operationWire, removalPreviewWire, toWire } from '../wire.ts'
import { idParam, invalid, json, problem } from './route-parts.ts'

/** What the REST routes of apps share between the user surface (`/api/apps`) and its internal twin (`/api/internal/apps`). */

const overwriteFile = z
  .boolean()
  .nullish()
  .openapi({ description: 'Replace a Compose file that is on disk and is another one than the app has; without it that is a 409' })

export const createAppBody = z
  .object({
    name: z.string().default(''),
    description: z.string().nullish(),
    compose_content: z.string().default(''),
    overwrite_file: overwriteFile,
  })
  .openapi('CreateApp', { required: ['name', 'compose_content'] })

export const updateAppBody = z
  .object({
    description: z.string().nullish(),
    compose_content: z.string().nullish(),
    pull: z.boolean().nullish().openapi({ description: 'Pull newer images before the containers are made again' }),
    if_version: z.int().nullish().openapi({ description: 'The version that the change was made on; 409 when another one is current' }),
    overwrite_file: overwriteFile,
  })
  .openapi('UpdateApp')

/** The app's own members at the top, for people and scripts; `app` and `operation` in full beside them. */
export const appOperationWire = appWire.extend({ operation_id: z.string(), app: appWire, operation: operationWire }).openapi('AppOperation')

const flag = (description: string) =>
  z
    .enum(['true', 'false'])
    .default('false')
    .transform((word) => word === 'true')
    .openapi({ type: 'string', enum: ['true', 'false'], default: 'false', description })

export const removeAppQuery = z.object({
  volumes: flag('Its volumes too'),
  files: flag('All that is in its folder too, whoever wrote it'),
})

export const refusals = {
  400: invalid,
  404: problem('There is no app with this id'),
  409: problem('The name is taken, or the app is not what the change was made on; `fields` says which'),
  503: problem('The node is not online, or its Docker does not answer'),
}

export function appRoutes(base: '/api/apps' | '/api/internal/apps', tag: string) {
  const tags = [tag]
  const started = json(appOperationWire, 'The operation was queued')
  const withId = { tags, request: { params: idParam }, responses: { 202: started, ...refusals } }
  return {
    get: createRoute({
      method: 'get',
      path: `${base}/{id}`,
      tags,
      request: { params: idParam },
      responses: { 200: json(appWire, 'The app'), 404: refusals[404] },
    }),
    update: createRoute({
      method: 'put',
      path: `${base}/{id}`,
      tags,
      request: { params: idParam, body: { ...json(updateAppBody, 'What is left out stays'), required: true } },
      responses: { 202: started, ...refusals },
    }),
    removal: createRoute({
      method: 'get',
      path: `${base}/{id}/removal`,
      tags,
      summary: 'What a removal would take and leave if it came now',
      request: { params: idParam },
      responses: { 200: json(removalPreviewWire, 'Each thing, and when it goes'), 404: refusals[404], 503: refusals[503] },
    }),
    remove: createRoute({
      method: 'delete',
      path: `${base}/{id}`,
      tags,
      summary: 'Removes containers, networks and the Compose file; volumes and other files only when asked for',
      request: { params: idParam, query: removeAppQuery },
      responses: { 202: started, ...refusals },
    }),
    start: createRoute({ method: 'post', path: `${base}/{id}/start`, ...withId }),
    stop: createRoute({ method: 'post', path: `${base}/{id}/stop`, ...withId }),
    pullAndUpdate: createRoute({
      method: 'post',
      path: `${base}/{id}/update`,
      ...withId,
      summary: 'Pulls newer images and makes the containers again',
    }),
  }
}

export const presentAppOperation = ({ app, operation }: AppOperation) => toWire({ ...app, operationId: operation.id, app, operation })
