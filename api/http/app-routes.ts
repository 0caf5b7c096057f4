import { createRoute, z } from '@hono/zod-openapi'
import type { AppOperation } from '../apps/app-service.ts'
import { appWire, operationWire, removalPreviewWire, toWire } from '../wire.ts'
import { idParam, invalid, json, problem } from './route-parts.ts'

/** The app routes that the user surface (`/api/apps`) and the node surface (`/api/internal/apps`) share. */

const overwriteFile = z
  .boolean()
  .nullish()
  .openapi({ description: "Replace the Compose file on disk even if it differs from the app's. Without this, a difference is a 409" })

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
    pull: z.boolean().nullish().openapi({ description: 'Pull newer images before recreating the containers' }),
    if_version: z.int().nullish().openapi({ description: 'The app version that this change is based on. 409 if it is no longer current' }),
    overwrite_file: overwriteFile,
  })
  .openapi('UpdateApp')

/** The app's fields at the top level, for people and scripts, plus `app` and `operation` in full. */
export const appOperationWire = appWire.extend({ operation_id: z.string(), app: appWire, operation: operationWire }).openapi('AppOperation')

const flag = (description: string) =>
  z
    .enum(['true', 'false'])
    .default('false')
    .transform((word) => word === 'true')
    .openapi({ type: 'string', enum: ['true', 'false'], default: 'false', description })

export const removeAppQuery = z.object({
  volumes: flag('Also remove its volumes'),
  files: flag('Also remove everything else in its folder'),
})

export const refusals = {
  400: invalid,
  404: problem('There is no app with this id'),
  409: problem('The name is taken, or the app has changed since. `fields` says which'),
  503: problem('The node is not online, or Docker does not answer there'),
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
      request: { params: idParam, body: { ...json(updateAppBody, 'Fields you leave out keep their value'), required: true } },
      responses: { 202: started, ...refusals },
    }),
    removal: createRoute({
      method: 'get',
      path: `${base}/{id}/removal`,
      tags,
      summary: 'Lists what removing the app would delete and keep',
      request: { params: idParam },
      responses: { 200: json(removalPreviewWire, 'Each item, and when it is deleted'), 404: refusals[404], 503: refusals[503] },
    }),
    remove: createRoute({
      method: 'delete',
      path: `${base}/{id}`,
      tags,
      summary: 'Removes containers, networks and the Compose file. Volumes and other files only on request',
      request: { params: idParam, query: removeAppQuery },
      responses: { 202: started, ...refusals },
    }),
    start: createRoute({ method: 'post', path: `${base}/{id}/start`, ...withId }),
    stop: createRoute({ method: 'post', path: `${base}/{id}/stop`, ...withId }),
    pullAndUpdate: createRoute({
      method: 'post',
      path: `${base}/{id}/update`,
      ...withId,
      summary: 'Pulls newer images and recreates the containers',
    }),
  }
}

export const presentAppOperation = ({ app, operation }: AppOperation) => toWire({ ...app, operationId: operation.id, app, operation })
