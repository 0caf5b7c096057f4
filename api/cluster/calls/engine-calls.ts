import { z } from '@hono/zod-openapi'
import { bounds } from '../../bounds.ts'
import type { Action } from '../../auth/action.ts'
import {
  containerActions,
  pruneKinds,
  type ContainerDetails,
  type ContainerProcesses,
  type DiskUsage,
  type NodeContainer,
  type PruneResult,
} from '../../engine/thing.ts'
import {
  containerDetailsWire,
  diskUsageWire,
  inspectionWire,
  nodeContainerWire,
  processesWire,
  pruneWire,
  readContainerDetails,
  readDiskUsage,
  readInspection,
  readProcesses,
  readPruneResult,
  readThing,
} from '../../engine-wire.ts'
import type { Operation } from '../../apps/operation.ts'
import { operationWire, readOperation, toWire } from '../../wire.ts'
import { answered, leniently } from './declared-call.ts'

/** Calls about what the Engine of a node holds: containers, images, volumes and networks, whoever made them. */

const name = z.string().max(bounds.thing.name)
const containerParams = z.object({ container_id: name.openapi({ description: 'As Docker lists it' }) })
const idBody = { schema: z.object({ id: name }), description: 'Its id, or the name of a volume' }
const goneWire = z.object({ id: name }).openapi('Removed')

export const actBody = z.object({ action: z.enum(containerActions) }).openapi('ContainerActionInput')
export const pullBody = z.object({ image: z.string().default('') }).openapi('PullImage')
export const pruneBody = z
  .object({
    kind: z.enum(pruneKinds),
    preview: z.boolean().default(true).openapi({ description: 'Only say what would go' }),
    items: z
      .array(z.string().max(bounds.thing.name))
      .max(bounds.prune.items)
      .nullish()
      .openapi({ description: 'Ids from a preview: nothing else goes. Without them, what a preview would list now' }),
  })
  .openapi('Prune')

export const engineRefusals = {
  400: 'A field is invalid. `fields` names each one',
  404: 'The node has no such thing',
  409: 'It is in use, or an operation runs on its app',
  503: 'The node is not online, or Docker does not answer there',
} as const

const base = { on: 'every-node' as const, needs: () => 'engine-things' as const, refusals: engineRefusals }
/** A container may take its whole grace period to stop; removing a large image or measuring a full disk takes long too. */
const longMs = 110_000

const removed = {
  status: 200 as const,
  description: 'It is gone',
  schema: goneWire,
  write: (id: string) => ({ id }),
  read(json: unknown) {
    const { data } = goneWire.safeParse(json)
    return data ? { value: data.id } : null
  },
}
const removal = <Word extends 'image' | 'volume' | 'network'>(kind: Word) =>
  answered({
    route: `POST /api/internal/engine/${kind}s/remove`,
    summary: `Removes ${kind === 'image' ? 'an image' : `a ${kind}`} that nothing uses`,
    ...base,
    body: idBody,
    deadlineMs: longMs,
    answer: removed,
    action: { word: `${kind}.remove`, permission: 'app.change', on: 'node' } satisfies Action,
    named: ({ id }) => ({ subject: id }),
  })

export const engineCalls = {
  containerDetails: answered({
    route: 'GET /api/internal/engine/containers/{container_id}/details',
    summary: 'Describes a container: mounts, networks, labels, names of variables, health',
    ...base,
    params: containerParams,
    answer: {
      status: 200,
      description: 'The details',
      schema: containerDetailsWire,
      write: (details: ContainerDetails) => toWire(details),
      read: leniently(readContainerDetails),
    },
  }),

  containerProcesses: answered({
    route: 'GET /api/internal/engine/containers/{container_id}/processes',
    summary: 'Lists the processes in a container',
    ...base,
    params: containerParams,
    answer: {
      status: 200,
      description: 'At most 500',
      schema: processesWire,
      write: (processes: ContainerProcesses) => toWire(processes),
      read: leniently(readProcesses),
    },
  }),

  inspectContainer: answered({
    route: 'GET /api/internal/engine/containers/{container_id}/inspection',
    summary: 'What Docker says of a container, with the values of variables masked',
    ...base,
    params: containerParams,
    answer: {
      status: 200,
      description: 'JSON, as a text',
      schema: inspectionWire,
      write: (inspection: { json: string }) => inspection,
      read: leniently(readInspection),
    },
  }),

  diskUsage: answered({
    route: 'GET /api/internal/engine/disk-usage',
    summary: 'Measures what takes how much of the disk, at most once a minute',
    ...base,
    deadlineMs: longMs,
    answer: {
      status: 200,
      description: 'Not older than a minute',
      schema: diskUsageWire,
      write: (usage: DiskUsage) => toWire(usage),
      read: leniently(readDiskUsage),
    },
  }),

  containerAction: answered({
    route: 'POST /api/internal/engine/containers/{container_id}/action',
    summary: 'Starts, stops, restarts, kills, pauses, resumes or removes a container',
    ...base,
    params: containerParams,
    body: { schema: actBody, description: 'The action' },
    deadlineMs: longMs,
    answer: {
      status: 200,
      description: 'The container as it is then; one that was removed, as it was',
      schema: nodeContainerWire,
      write: (container: NodeContainer) => toWire(container),
      read: leniently((json) => readThing('container', json)),
    },
    action: { word: 'container.action', permission: 'app.change', on: 'node' } satisfies Action,
    named: ({ containerId, action }) => ({ subject: `${action} ${containerId}` }),
  }),

  pullImage: answered({
    route: 'POST /api/internal/engine/images/pull',
    summary: 'Pulls an image, as an operation of the node',
    ...base,
    body: { schema: pullBody, description: 'The image' },
    answer: {
      status: 202,
      description: 'The operation',
      schema: operationWire,
      write: (operation: Operation) => toWire(operation),
      read: leniently(readOperation),
    },
    action: { word: 'image.pull', permission: 'app.change', on: 'node' } satisfies Action,
    named: ({ image }) => ({ subject: image }),
  }),

  removeImage: removal('image'),
  removeVolume: removal('volume'),
  removeNetwork: removal('network'),

  prune: answered({
    route: 'POST /api/internal/engine/prune',
    summary: 'Says what nothing uses, or removes it',
    ...base,
    body: { schema: pruneBody, description: 'What' },
    deadlineMs: longMs,
    answer: {
      status: 200,
      description: 'What goes, or has gone',
      schema: pruneWire,
      write: (result: PruneResult) => toWire(result),
      read: leniently(readPruneResult),
    },
    action: { word: 'engine.prune', permission: 'app.change', on: 'node' } satisfies Action,
    named: ({ kind, preview }) => ({ subject: `${kind}${preview ? ', preview only' : ''}` }),
  }),
}
