import { stringifyDocument } from '@urql/core'
import type { TypedDocumentNode } from '@urql/core'
import { onScopeDispose, shallowRef, watch } from 'vue'
import { appLogs, containerLogs } from '../../graphql/documents/logs.ts'
import type { AppItem } from '../../graphql/items.ts'
import type { LogBatchFieldsFragment } from '../../graphql/generated/graphql.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

export type LogLine = LogBatchFieldsFragment['lines'][number]
/** A line, or how many were skipped in its place. */
export type LogEntry = { key: number; line: LogLine; skipped?: undefined } | { key: number; line?: undefined; skipped: number }

/** Kept in this page. Twenty times what people scroll through, and some tens of megabytes. */
const mostKept = 100_000
/** The list is drawn again at most this often. */
const drawMs = 100
const openAgainMs = 2000

export interface LogAsked {
  document: TypedDocumentNode<Record<string, LogBatchFieldsFragment>, Record<string, unknown>>
  variables: Record<string, unknown>
}

/** The log of an app, or of one container on its node. */
export const logAsked = (app: AppItem, containerId: string | undefined, range: object): LogAsked =>
  containerId === undefined
    ? { document: appLogs as LogAsked['document'], variables: { appId: app.id, ...range } }
    : { document: containerLogs as LogAsked['document'], variables: { nodeId: app.node.id, containerId, ...range } }

/** Follows a log. After a lost connection it goes on where it was, without a gap or a repeat. */
export function useLog(asked: () => LogAsked) {
  const { stream } = useServerConnection()
  const entries = shallowRef<LogEntry[]>([])
  const problem = shallowRef<string>()
  const loaded = shallowRef(false)
  let stop: () => void = () => undefined
  let again: ReturnType<typeof setTimeout> | undefined
  let drawing: ReturnType<typeof setTimeout> | undefined
  let news: LogEntry[] = []
  /** The last position of each container and stream. */
  const reached = new Map<string, string>()
  let key = 0

  function draw(): void {
    drawing = undefined
    const all = entries.value.concat(news)
    news = []
    entries.value = all.length > mostKept * 1.1 ? all.slice(-mostKept) : all
  }

  function take({ lines, skipped }: LogBatchFieldsFragment): void {
    loaded.value = true
    if (skipped > 0) news.push({ key: key++, skipped })
    for (const line of lines) news.push({ key: key++, line })
    if (news.length > mostKept) news = news.slice(-mostKept)
    drawing ??= setTimeout(draw, drawMs)
  }

  function open(): void {
    const { document, variables } = asked()
    const now = () => (reached.size > 0 ? { ...variables, after: [...reached.values()].slice(-200) } : variables)
    // Sent again as it is then when the connection is opened again.
    const payload = { query: stringifyDocument(document), variables: now() }
    stop = stream(payload, {
      next({ data, errors }) {
        if (errors?.[0]) problem.value = errors[0].message
        const batch = data && (Object.values(data)[0] as LogBatchFieldsFragment | undefined)
        if (!batch) return
        problem.value = undefined
        take(batch)
        for (const position of [...batch.passed, ...batch.lines.map((line) => line.position)])
          if (!position.includes('//')) reached.set(position.split('/', 2).join('/'), position)
        payload.variables = now()
      },
      error(error) {
        problem.value = Array.isArray(error) && error[0] ? String((error[0] as Error).message) : 'The log could not be opened.'
      },
      // The server stops, or what was followed is gone: then it says so.
      complete: () => void (again = setTimeout(open, openAgainMs)),
    })
  }

  function start(): void {
    clearTimeout(again)
    stop()
    ;[entries.value, news, problem.value, loaded.value] = [[], [], undefined, false]
    reached.clear()
    open()
  }

  watch(() => JSON.stringify(asked().variables), start, { immediate: true })
  onScopeDispose(() => {
    clearTimeout(again)
    clearTimeout(drawing)
    stop()
  })

  return { entries, problem, loaded, retry: start }
}
