import { z } from 'zod'
import type { App } from '../../../apps/app.ts'
import { readApp } from '../../../wire.ts'
import { keyOf, nameOf, readingOf, shaped, type FeedKind } from '../feed-kind.ts'

export interface AppEvent {
  type: 'app'
  app: App
}

/** An app as it is now. */
export const app: FeedKind<AppEvent> = {
  read: shaped(z.object({ app: z.unknown() }), ({ app }) =>
    readingOf(keyOf('app', app), nameOf('app', app), readApp(app), (app): AppEvent => ({ type: 'app', app })),
  ),
  keyOf: ({ app }) => `app ${app.id}`,
  apply: (nodeId, { app }, things) => things.putApp(nodeId, app),
}

export interface AppRemovedEvent {
  type: 'app-removed'
  id: string
}

export const appRemoved: FeedKind<AppRemovedEvent> = {
  read: shaped(z.object({ id: z.guid() }), ({ id }) => ({
    event: { type: 'app-removed', id } as const,
    scope: `things/app/${id}`,
    unread: [],
  })),
  keyOf: ({ id }) => `app ${id}`,
  apply: (nodeId, { id }, things) => things.dropApp(nodeId, id),
}
