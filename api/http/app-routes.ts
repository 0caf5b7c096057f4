import { createRoute } from '@hono/zod-openapi'
import { appOperationWire, appRefusals, removeAppQuery, updateAppBody } from '../app-wire.ts'
import { appWire, removalPreviewWire } from '../wire.ts'
import { idParam } from '../cluster/calls/node-call.ts'
import { invalid, json, problem } from './route-parts.ts'

export const refusals = {
  400: invalid,
  404: problem(appRefusals[404]),
  409: problem(appRefusals[409]),
  503: problem(appRefusals[503]),
}

/** The routes of one app, for people and scripts. */
const base = '/api/apps'

export function appRoutes() {
  const tags = ['apps']
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
