import { composeLabels } from './container-mapping.ts'
import type { ContainerEvent } from './engine.types.ts'

/** One message of the Engine API's `GET /events`. Attributes hold the container's labels and a few keys from Docker itself. */
interface EngineMessage {
  Action: string
  Actor: { ID: string; Attributes: Record<string, string> }
}

const isEngineMessage = (value: unknown): value is EngineMessage =>
  typeof value === 'object' && value !== null && 'Action' in value && 'Actor' in value

/** Skips messages of any other shape. */
export async function* containerEvents(messages: AsyncIterable<unknown>): AsyncGenerator<ContainerEvent> {
  for await (const message of messages) {
    if (!isEngineMessage(message)) continue
    const { ID: containerId, Attributes: labels } = message.Actor
    yield {
      containerId,
      action: message.Action,
      exitCode: message.Action === 'die' && labels['exitCode'] ? Number(labels['exitCode']) : null,
      signal: message.Action === 'kill' ? (labels['signal'] ?? null) : null,
      name: labels['name'] ?? null,
      service: labels[composeLabels.service] ?? null,
      project: labels[composeLabels.project] ?? null,
      workingDir: labels[composeLabels.workingDir] ?? null,
    }
  }
}
